import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/system/clock.js';
import { Cgroup } from '../../../src/runtime/cgroups/cgroup.js';
import { cpuMax, cpuStatistics, cpuWeight, parseCpuLimit } from '../../../src/runtime/cgroups/cpu.js';
import {
  findCgroupHierarchy,
  findWritableAncestor,
  parseCgroupMounts,
  parseControllers,
} from '../../../src/runtime/cgroups/hierarchy.js';
import {
  memoryLowBytes,
  memoryMaxBytes,
  memoryStatistics,
  memoryUpdateWrites,
  memoryWrites,
  parseMemoryBytes,
  parseMemoryEvents,
} from '../../../src/runtime/cgroups/memory.js';
import { pidsWrites } from '../../../src/runtime/cgroups/pids.js';
import { findMemoryRecord } from '../../../src/runtime/cgroups/read-memory.js';
import { CgroupRoot, checkCgroupsRoot, isContainerId } from '../../../src/runtime/cgroups/root.js';

const MB = 1024 * 1024;

describe('cpu controller', () => {
  it.each([
    [0, 1],
    [0.001, 1],
    [0.5, 50],
    [1.239, 123],
    [100, 10_000],
    [512, 10_000],
  ])('weighs %d cores as %d', (cpus, weight) => {
    expect(cpuWeight(cpus)).toBe(weight);
  });

  it.each([
    [{ requestCpus: 1, enableCfs: false }, 'max'],
    [{ requestCpus: 1, enableCfs: true }, '100000 100000'],
    [{ requestCpus: 0.001, enableCfs: true }, '1000 100000'],
    [{ requestCpus: 1, limitCpus: 0.5, enableCfs: false }, '50000 100000'],
    [{ requestCpus: 1, limitCpus: 0.5, enableCfs: true }, '50000 100000'],
    [{ requestCpus: 1, limitCpus: Number.POSITIVE_INFINITY, enableCfs: true }, 'max'],
    [{ requestCpus: 1, limitCpus: 0, enableCfs: false }, '1000 100000'],
  ])('bounds %o by %s', (bounds, text) => {
    expect(cpuMax(bounds)).toBe(text);
  });

  it('reads statistics, with and without the controller', () => {
    expect(
      cpuStatistics(
        'usage_usec 3\nuser_usec 1500000\nsystem_usec 250000\nnr_periods 7\nnr_throttled 2\nthrottled_usec 40000\n',
      ),
    ).toEqual({
      cpus_user_time_secs: 1.5,
      cpus_system_time_secs: 0.25,
      cpus_nr_periods: 7,
      cpus_nr_throttled: 2,
      cpus_throttled_time_secs: 0.04,
    });
    expect(cpuStatistics('user_usec 1\nsystem_usec 2\n').cpus_nr_periods).toBeUndefined();
    expect([parseCpuLimit('max 100000\n'), parseCpuLimit('50000 100000\n'), parseCpuLimit('')]).toEqual([
      undefined,
      0.5,
      undefined,
    ]);
  });
});

describe('memory controller', () => {
  it.each([
    [{ requestMb: 64 }, 64 * MB, 64 * MB],
    [{ requestMb: 1 }, 32 * MB, 32 * MB],
    [{ requestMb: 64, limitMb: 128 }, 64 * MB, 128 * MB],
    [{ requestMb: 64, limitMb: 8 }, 64 * MB, 32 * MB],
    [{ requestMb: 64, limitMb: Number.POSITIVE_INFINITY }, 64 * MB, Number.POSITIVE_INFINITY],
  ])('bounds %o', (bounds, low, max) => {
    expect([memoryLowBytes(bounds.requestMb), memoryMaxBytes(bounds)]).toEqual([low, max]);
  });

  it('makes a container die as a whole', () => {
    expect(memoryWrites({ requestMb: 64, limitMb: Number.POSITIVE_INFINITY })).toEqual([
      { file: 'memory.low', value: String(64 * MB) },
      { file: 'memory.max', value: 'max' },
      { file: 'memory.oom.group', value: '1' },
    ]);
  });

  it('raises a limit, and never lowers it', () => {
    const files = (bounds: { requestMb: number; limitMb?: number }, current: string) =>
      memoryUpdateWrites(bounds, current).map(({ file, value }) => `${file}=${value}`);
    const low = `memory.low=${64 * MB}`;
    expect(files({ requestMb: 64 }, `${32 * MB}\n`)).toEqual([`memory.max=${64 * MB}`, low]);
    expect(files({ requestMb: 64 }, `${64 * MB}\n`)).toEqual([low]);
    expect(files({ requestMb: 64 }, `${128 * MB}\n`)).toEqual([low]);
    expect(files({ requestMb: 64 }, 'max\n')).toEqual([low]);
    expect(files({ requestMb: 64, limitMb: Number.POSITIVE_INFINITY }, `${128 * MB}\n`)).toEqual([
      'memory.max=max',
      low,
    ]);
  });

  it('reads its files', () => {
    expect(parseMemoryBytes('max\n')).toBe(Number.POSITIVE_INFINITY);
    expect(parseMemoryEvents('low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 1\n')).toEqual({
      oom: 3,
      oomKill: 2,
    });
    expect(parseMemoryEvents('')).toEqual({ oom: 0, oomKill: 0 });
    const read = memoryStatistics({
      current: '300\n',
      stat: 'anon 100\nfile 200\nkernel 30\nsock 4\nfile_mapped 5\nunevictable 6\n',
      max: 'max\n',
      low: '7\n',
    });
    expect(read).toEqual({
      mem_total_bytes: 300,
      mem_limit_bytes: undefined,
      mem_soft_limit_bytes: 7,
      mem_file_bytes: 200,
      mem_cache_bytes: 200,
      mem_anon_bytes: 100,
      mem_rss_bytes: 100,
      mem_mapped_file_bytes: 5,
      mem_unevictable_bytes: 6,
      mem_kmem_usage_bytes: 30,
      mem_kmem_tcp_usage_bytes: 4,
    });
  });
});

describe('hierarchy', () => {
  const hybrid =
    '32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n41 31 0:38 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw\n';

  it('finds the v2 mount among v1 mounts, and undoes escapes', () => {
    expect(parseCgroupMounts(hybrid).at(-1)).toBe('/sys/fs/cgroup/unified');
    expect(parseCgroupMounts('1 2 0:3 / /mnt/a\\040b rw - cgroup2 none rw\n').at(-1)).toBe('/mnt/a b');
    expect(parseCgroupMounts('32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n')).toEqual([]);
    expect(parseCgroupMounts('')).toEqual([]);
    expect(parseCgroupMounts(`${hybrid}50 31 0:39 / /sys/fs/cgroup rw - cgroup2 none rw\n`).at(-1)).toBe(
      '/sys/fs/cgroup',
    );
    expect(parseControllers('cpuset cpu io\n')).toEqual(['cpuset', 'cpu', 'io']);
    expect(parseControllers('\n')).toEqual([]);
  });

  it('does as if there were none when told so, and when the override is no cgroup mount', async () => {
    expect(await findCgroupHierarchy(null)).toBeUndefined();
    expect(await findCgroupHierarchy('/nowhere')).toBeUndefined();
  });
});

describe('a cgroup, in a temp directory', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'mesoctl-cgroup-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const file = (path: string, text: string): string => {
    mkdirSync(join(dir, path, '..'), { recursive: true });
    writeFileSync(join(dir, path), text);
    return join(dir, path);
  };

  it('reads, and tells a missing file from an unreadable one', async () => {
    file('cgroup.procs', '12\n34\n');
    const cgroup = new Cgroup(dir);
    expect(await cgroup.pids()).toEqual([12, 34]);
    expect(await cgroup.find('memory.max')).toBeUndefined();
    expect(await new Cgroup(join(dir, 'gone')).pids()).toEqual([]);
    await expect(new Cgroup(dir).find('.')).rejects.toMatchObject({ message: expect.stringContaining(dir) });
  });

  it('writes kernel files only where they are, and names the path when it cannot', async () => {
    const path = file('cpu.max', '');
    await new Cgroup(dir).write({ file: 'cpu.max', value: '5 10' });
    expect(readFileSync(path, 'utf8')).toBe('5 10');
    await expect(new Cgroup(dir).write({ file: 'cpu.nonsense', value: '1' })).rejects.toMatchObject({
      message: expect.stringContaining(join(dir, 'cpu.nonsense')),
    });
  });

  it('kills by cgroup.kill, and takes a cgroup that is gone for dead', async () => {
    const path = file('cgroup.kill', '');
    await new Cgroup(dir).kill();
    expect(readFileSync(path, 'utf8')).toBe('1');
    await new Cgroup(join(dir, 'gone')).kill();
    expect(await new Cgroup(join(dir, 'gone')).empty(systemClock, 1000)).toBe(true);
  });

  it('waits no longer than told for what cannot be killed', async () => {
    file('cgroup.events', 'populated 1\nfrozen 0\n');
    file('cgroup.kill', '');
    expect(await new Cgroup(dir).isPopulated()).toBe(true);
    expect(await new Cgroup(dir).empty(systemClock, 30)).toBe(false);
    file('cgroup.events', 'populated 0\nfrozen 0\n');
    expect(await new Cgroup(dir).empty(systemClock, 30)).toBe(true);
  });

  it('removes what is below it, deepest first', async () => {
    mkdirSync(join(dir, 'a/b/c'), { recursive: true });
    mkdirSync(join(dir, 'a/d'), { recursive: true });
    await new Cgroup(join(dir, 'a')).remove();
    await new Cgroup(join(dir, 'a')).remove();
    expect(await new Cgroup(dir).children()).toEqual([]);
  });

  it('reads the memory counters that a dead supervisor could not record', async () => {
    expect(await findMemoryRecord(new Cgroup(dir))).toBeUndefined();
    file('memory.events', 'oom 1\noom_kill 4\n');
    file('memory.max', '1000\n');
    file('memory.stat', 'anon 1\nfile 2\nkernel 3\n');
    expect(await findMemoryRecord(new Cgroup(dir))).toEqual({
      oom: 1,
      oomKill: 4,
      limitBytes: 1000,
      peakBytes: undefined,
      anonBytes: 1,
      fileBytes: 2,
      kernelBytes: 3,
    });
  });

  it('turns controllers on in every ancestor, and only those that are off', async () => {
    mkdirSync(join(dir, 'mesos'));
    const top = file('cgroup.subtree_control', 'cpuset cpu memory\n');
    const below = file('mesos/cgroup.subtree_control', '');
    const root = await CgroupRoot.open({ mount: dir, controllers: ['cpu', 'memory', 'pids'] }, 'mesos', [
      'cpu',
      'memory',
      'pids',
    ]);
    expect([readFileSync(top, 'utf8'), readFileSync(below, 'utf8')]).toEqual([
      '+pidst cpu memory\n',
      '+cpu +memory +pids',
    ]);
    expect(root.container('x').path).toBe(join(dir, 'mesos/x'));
    mkdirSync(join(dir, 'mesos/ssh.service'));
    mkdirSync(join(dir, 'mesos/0e3a4b5c-0000-4000-8000-00000000000f'));
    expect(await root.containers()).toEqual(['0e3a4b5c-0000-4000-8000-00000000000f']);
    expect(await findWritableAncestor(join(dir, 'mesos/not/yet'))).toBe(join(dir, 'mesos'));
  });

  it('says which flags help when a controller cannot be turned on', async () => {
    await expect(CgroupRoot.open({ mount: dir, controllers: ['cpu'] }, 'mesos', ['cpu'])).rejects.toMatchObject({
      code: 'ISOLATION_MISSING',
      suggestions: [expect.stringContaining('--cgroups-root'), expect.stringContaining('--isolation')],
    });
  });
});

describe('names', () => {
  it('takes only UUIDs for containers', () => {
    expect(isContainerId('0e3a4b5c-0000-4000-8000-00000000000f')).toBe(true);
    for (const text of ['', 'ssh.service', '..', '0e3a4b5c-0000-4000-8000-00000000000f/x'])
      expect(isContainerId(text)).toBe(false);
  });

  it.each(['', '/', '.', '..', '/abs', 'a//b', 'a/../b', './a', 'a/'])('refuses %j as a cgroups root', (name) => {
    expect(() => checkCgroupsRoot(name)).toThrow(/no cgroups root/);
  });

  it.each(['mesos', 'mesos/agent-1', 'user.slice/user-1000.slice/mesos'])('takes %j', (name) => {
    expect(() => checkCgroupsRoot(name)).not.toThrow();
  });

  it('limits processes', () => {
    expect(pidsWrites(4096)).toEqual([{ file: 'pids.max', value: '4096' }]);
  });
});
