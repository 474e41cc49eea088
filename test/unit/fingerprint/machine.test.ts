import { readFileSync } from 'node:fs';
import { cpus, hostname, release, totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { describeCgroups, readCgroupFacts } from '../../../src/runtime/fingerprint/cgroup-facts.js';
import { readBootId, readCapacity, readMachineFacts } from '../../../src/runtime/fingerprint/machine.js';

describe('this machine', () => {
  it('is measured', async () => {
    const capacity = await readCapacity('/tmp/no/such/directory/yet');
    expect(capacity.onlineCpus).toBe(cpus().length);
    expect(capacity.memTotalBytes).toBe(totalmem());
    expect(capacity.workDirDiskBytes).toBeGreaterThan(0);
  });

  it('tells who it is', async () => {
    const facts = await readMachineFacts();
    expect(facts).toMatchObject({ hostname: hostname(), kernelRelease: release() });
    expect(await readBootId()).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
    await expect(readBootId('/nowhere')).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('tells its cgroup layout', async () => {
    const facts = await readCgroupFacts();
    const mounted = readFileSync('/proc/self/mountinfo', 'utf8').includes(' - cgroup2 ');
    expect(facts.v2Mount !== undefined).toBe(mounted);
  });
});

describe('describeCgroups', () => {
  const hybrid = [
    '30 24 0:26 / /sys/fs/cgroup ro shared:4 - tmpfs tmpfs rw',
    '31 30 0:27 / /sys/fs/cgroup/unified rw shared:5 - cgroup2 cgroup2 rw',
    '32 30 0:28 / /sys/fs/cgroup/memory rw shared:6 - cgroup cgroup rw,memory',
  ].join('\n');
  const header = '#subsys_name\thierarchy\tnum_cgroups\tenabled\n';

  it('knows a pure v2 machine', () => {
    const sources = {
      hierarchy: { mount: '/sys/fs/cgroup', controllers: ['cpu', 'io', 'memory', 'pids'] },
      mountinfo: '30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n',
      cgroups: `${header}cpu\t0\t40\t1\nmemory\t0\t40\t1\n`,
      ownCgroup: '0::/user.slice\n',
    };
    expect(describeCgroups(sources)).toEqual({
      layout: 'unified',
      v2Mount: '/sys/fs/cgroup',
      v2Controllers: ['cpu', 'io', 'memory', 'pids'],
      v1Controllers: [],
      ownV2Path: '/user.slice',
    });
  });

  it('knows a hybrid machine', () => {
    const sources = {
      hierarchy: { mount: '/sys/fs/cgroup/unified', controllers: ['hugetlb'] },
      mountinfo: hybrid,
      cgroups: `${header}cpu\t3\t4\t1\nmemory\t6\t4\t1\nhugetlb\t0\t4\t1\nrdma\t9\t1\t0\n`,
      ownCgroup: '6:memory:/a\n0::/\n',
    };
    expect(describeCgroups(sources)).toMatchObject({
      layout: 'hybrid',
      v2Mount: '/sys/fs/cgroup/unified',
      v1Controllers: ['cpu', 'memory'],
      ownV2Path: '/',
    });
  });

  it('knows machines without v2', () => {
    const none = { mountinfo: '', cgroups: '', ownCgroup: '' };
    expect(describeCgroups(none).layout).toBe('none');
    const legacy = { ...none, mountinfo: '32 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory' };
    expect(describeCgroups(legacy).layout).toBe('legacy');
  });
});
