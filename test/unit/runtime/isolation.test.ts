import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import { buildPlan, findUnsupported, userOf } from '../../../src/runtime/build-plan.js';
import { Cgroup } from '../../../src/runtime/cgroups/cgroup.js';
import type { ContainerSpec } from '../../../src/runtime/containerizer.js';
import { memoryLimitation } from '../../../src/runtime/isolators/cgroups-mem.js';
import { CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER } from '../../../src/runtime/isolators/clone-flags.js';
import { createIsolators, type IsolatorSettings } from '../../../src/runtime/isolators/create-isolators.js';
import type { IsolatedContainer } from '../../../src/runtime/isolators/isolator.js';
import {
  DEFAULT_ISOLATION,
  ISOLATORS,
  type IsolatorName,
  parseIsolation,
} from '../../../src/runtime/isolators/names.js';
import {
  judgeIsolators,
  type MachineFacts,
  parseProbe,
  requireIsolation,
  strongestIsolation,
} from '../../../src/runtime/isolators/requirements.js';
import type { MemoryRecord } from '../../../src/runtime/records.js';

const SPEC: ContainerSpec = {
  containerId: '00000000-0000-4000-8000-000000000000',
  argv: ['true'],
  environment: {},
  sandboxDir: '/sandbox',
  requests: { cpus: 0.5, memMb: 64, diskMb: 0 },
  limits: {},
};
const SETTINGS: IsolatorSettings = {
  enableCfs: false,
  pidsLimit: 100,
  maskedDirs: ['/run/agent'],
  cgroupView: { mount: '/sys/fs/cgroup', path: (containerId) => `/sys/fs/cgroup/mesos/${containerId}` },
};

describe('--isolation', () => {
  it('replaces the aliases of Mesos, in the order of preparation', () => {
    expect(parseIsolation(['process'])).toEqual(['posix/cpu', 'posix/mem']);
    expect(parseIsolation(['cgroups'])).toEqual(['cgroups/cpu', 'cgroups/mem']);
    expect(parseIsolation(['namespaces/uts', 'cgroups/all'])).toEqual([
      'cgroups/cpu',
      'cgroups/mem',
      'cgroups/pids',
      'namespaces/uts',
    ]);
    expect(parseIsolation([])).toEqual([]);
    expect(parseIsolation(DEFAULT_ISOLATION)).toHaveLength(DEFAULT_ISOLATION.length);
  });

  it.each([
    [['posix/cpu', 'posix/cpu'], /twice/],
    [['cgroups', 'cgroups/mem'], /names "cgroups\/mem" twice/],
    [['gpu/nvidia'], /does not have the Mesos isolator "gpu\/nvidia" yet; it has namespaces\/user/],
    [['gpu/amd'], /unknown isolator "gpu\/amd"; known are .*namespaces\/uts.*cgroups\/all/],
    [['namespaces/ipc'], /namespaces\/ipc needs namespaces\/mnt/],
    [['toString'], /unknown isolator "toString"/],
  ])('refuses %j', (names, message) => {
    const parsed = parseIsolation(names);
    expect(isRejection(parsed) && parsed.message).toMatch(message);
  });
});

describe('what a machine offers', () => {
  const all = parseProbe('user 0\nmnt 0\npid 0\nipc 0\nuts 0\ncgroup 0\ntracking 0\nnonsense\n');
  const pureV2: MachineFacts = {
    isRoot: true,
    namespaces: all,
    cgroupMount: '/sys/fs/cgroup',
    controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'],
    trackingErrno: 0,
  };
  const hybrid: MachineFacts = { ...pureV2, cgroupMount: '/sys/fs/cgroup/unified', controllers: ['hugetlb'] };
  const noCgroup: MachineFacts = { ...pureV2, cgroupMount: undefined, controllers: [], trackingErrno: undefined };
  const ordinaryUser: MachineFacts = { ...pureV2, isRoot: false, trackingErrno: undefined };
  const names = (facts: MachineFacts) => strongestIsolation(facts).isolation;

  it('has a finding for each isolator and for tracking', () => {
    expect(judgeIsolators(pureV2).map(({ isolator }) => isolator)).toEqual([...ISOLATORS, 'tracking']);
    expect(judgeIsolators(pureV2).every(({ ok }) => ok)).toBe(true);
    for (const { ok, missing, remedy } of judgeIsolators({ ...noCgroup, namespaces: new Map([['pid', 1]]) }))
      expect(ok || (missing !== undefined && remedy !== undefined)).toBe(true);
  });

  it('takes the default where everything is there', () => {
    expect([...names(pureV2)].sort()).toEqual([...DEFAULT_ISOLATION].sort());
    expect(strongestIsolation(pureV2).reduced).toEqual([]);
    expect(() => requireIsolation(DEFAULT_ISOLATION, pureV2)).not.toThrow();
  });

  it('falls back to accounting on a hybrid machine, and says why', () => {
    const { isolation, reduced } = strongestIsolation(hybrid);
    expect([...isolation].sort()).toEqual(
      [
        'posix/cpu',
        'posix/mem',
        'namespaces/mnt',
        'namespaces/cgroup',
        'namespaces/ipc',
        'namespaces/pid',
        'namespaces/uts',
      ].sort(),
    );
    expect(reduced.map(({ isolator }) => isolator)).toEqual(['cgroups/cpu', 'cgroups/mem', 'cgroups/pids']);
    expect(reduced[1]?.why).toContain('the memory controller is not on the cgroup v2 tree at /sys/fs/cgroup/unified');
  });

  it('tracks by pid namespace without cgroups', () => {
    expect(names(noCgroup)).toContain('namespaces/pid');
    expect(names(noCgroup)).not.toContain('namespaces/cgroup');
    expect(() => requireIsolation(['posix/cpu'], noCgroup)).toThrow(/cannot be tracked/);
    expect(() => requireIsolation(['namespaces/mnt', 'namespaces/pid'], noCgroup)).not.toThrow();
  });

  it('puts an ordinary user into a user namespace', () => {
    expect(names(ordinaryUser)).toEqual([
      'namespaces/user',
      'namespaces/mnt',
      'posix/cpu',
      'posix/mem',
      'namespaces/ipc',
      'namespaces/pid',
      'namespaces/uts',
    ]);
    expect(() => requireIsolation(['namespaces/mnt', 'namespaces/pid'], ordinaryUser)).toThrow(
      /without root these need namespaces\/user/,
    );
    expect(() => requireIsolation(names(ordinaryUser), ordinaryUser)).not.toThrow();
  });

  it('offers nothing where nothing can track', () => {
    const bare: MachineFacts = {
      ...noCgroup,
      isRoot: false,
      namespaces: new Map([
        ['user', 1],
        ['mnt', 1],
        ['pid', 1],
      ]),
    };
    expect(names(bare)).toEqual([]);
    expect(() => requireIsolation(DEFAULT_ISOLATION, bare)).toThrow(/EPERM: operation not permitted/);
  });

  it('names every missing feature, its remedy and the flag to pass', () => {
    try {
      requireIsolation(DEFAULT_ISOLATION, hybrid);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        code: 'ISOLATION_MISSING',
        message: expect.stringMatching(
          /cgroups\/cpu: .*\n.*cgroups\/mem: .*\n.*cgroups\/pids: .*systemd\.unified_cgroup_hierarchy=1/,
        ),
        suggestions: [
          '--isolation=namespaces/mnt,posix/cpu,posix/mem,namespaces/cgroup,namespaces/ipc,namespaces/pid,namespaces/uts',
          'mesoctl doctor',
        ],
      });
    }
  });
});

describe('isolators', () => {
  let dir: string;
  let container: IsolatedContainer;
  let end: (facts: { memory?: MemoryRecord }) => void;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'mesoctl-isolators-'));
    const ended = new Promise<{ memory?: MemoryRecord }>((resolve) => {
      end = resolve;
    });
    container = { containerId: SPEC.containerId, initPid: process.pid, cgroup: new Cgroup(dir), ended };
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  const make = (name: IsolatorName, settings = SETTINGS) => {
    const [made] = createIsolators([name], settings);
    if (made === undefined) throw new Error('no isolator');
    return made;
  };
  const files = (names: readonly string[]) => {
    for (const name of names) writeFileSync(join(dir, name), '');
  };

  it.each(ISOLATORS)('%s goes through its whole life, and cleans up containers that it never saw', async (name) => {
    const isolator = make(name);
    files(['cpu.weight', 'cpu.max', 'memory.low', 'memory.max', 'memory.oom.group', 'pids.max', 'cgroup.procs']);
    expect(isolator.name).toBe(name);
    await isolator.recover(container);
    await isolator.prepare(SPEC);
    await isolator.isolate(container);
    const watch = isolator.watch(container);
    await isolator.update(container, SPEC);
    await isolator.usage(container);
    await isolator.status(container);
    end({});
    expect(await watch).toBeUndefined();
    await isolator.cleanup('never-seen');
  });

  it('writes request and limit of the cpu, and updates them', async () => {
    expect(await make('cgroups/cpu').prepare({ ...SPEC, limits: { cpus: 2 } })).toEqual({
      cgroupWrites: [
        { file: 'cpu.weight', value: '50' },
        { file: 'cpu.max', value: '200000 100000' },
      ],
    });
    files(['cpu.weight', 'cpu.max']);
    await make('cgroups/cpu', { ...SETTINGS, enableCfs: true }).update(container, SPEC);
    expect(readFileSync(join(dir, 'cpu.max'), 'utf8')).toBe('50000 100000');
    expect(await make('cgroups/cpu').usage(container)).toMatchObject({ cpus_limit: 0.5 });
  });

  it('makes a limitation of an OOM kill, with the numbers', async () => {
    const watch = make('cgroups/mem').watch(container);
    const MB = 1 << 20;
    end({
      memory: {
        oom: 1,
        oomKill: 2,
        limitBytes: 64 * MB,
        peakBytes: 64 * MB,
        anonBytes: 60 * MB,
        fileBytes: MB,
        kernelBytes: 0,
      },
    });
    expect(await watch).toEqual({
      reason: 'REASON_CONTAINER_LIMITATION_MEMORY',
      message: 'Memory limit exceeded: limit 64.0 MB, peak 64.0 MB, anon 60.0 MB, file 1.0 MB, kernel 0.0 MB',
      resources: [{ name: 'mem', type: 'SCALAR', scalar: { value: 64 } }],
    });
  });

  it("tells the machine's want of memory from the container's", () => {
    const record = {
      oom: 0,
      oomKill: 1,
      limitBytes: Number.POSITIVE_INFINITY,
      anonBytes: 0,
      fileBytes: 0,
      kernelBytes: 0,
    };
    expect(memoryLimitation(record)?.message).toMatch(/the machine ran out of memory/);
    expect(memoryLimitation({ ...record, oomKill: 0, oom: 1 })).toBeUndefined();
    expect(memoryLimitation(undefined)).toBeUndefined();
    const late = { ...record, oom: 1, limitBytes: 1 << 26, peakBytes: 1 << 26, anonBytes: 5 };
    expect(memoryLimitation(late)?.message).toBe('Memory limit exceeded: limit 64.0 MB, peak 64.0 MB');
  });

  it('mounts a private /proc, hides directories, shows the own cgroup', async () => {
    expect(await make('namespaces/pid').prepare(SPEC)).toMatchObject({
      cloneFlags: CLONE_NEWPID,
      mounts: [{ type: 'proc', target: '/proc' }],
    });
    expect(await make('namespaces/mnt').prepare(SPEC)).toMatchObject({
      cloneFlags: CLONE_NEWNS,
      mounts: [{ target: '/run/agent', type: 'tmpfs' }],
    });
    await expect(make('namespaces/mnt').prepare({ ...SPEC, sandboxDir: '/run/agent/x' })).rejects.toMatchObject({
      code: 'LAUNCH_FAILED',
    });
    await expect(make('namespaces/ipc').prepare({ ...SPEC, sandboxDir: '/dev/shm/x' })).rejects.toMatchObject({
      code: 'LAUNCH_FAILED',
    });
    expect((await make('namespaces/cgroup').prepare(SPEC)).mounts?.[0]).toMatchObject({
      source: `/sys/fs/cgroup/mesos/${SPEC.containerId}`,
      target: '/sys/fs/cgroup',
    });
    expect(
      (await make('namespaces/cgroup', { ...SETTINGS, cgroupView: undefined }).prepare(SPEC)).mounts,
    ).toBeUndefined();
  });

  it('accounts for living processes where there is no cgroup', async () => {
    const bare = { ...container, cgroup: undefined };
    expect((await make('posix/cpu').usage(bare)).cpus_user_time_secs).toBeGreaterThanOrEqual(0);
    expect(Number((await make('posix/mem').usage(bare)).mem_rss_bytes)).toBeGreaterThanOrEqual(0);
  });
});

describe('a launch plan', () => {
  const settings = {
    bootId: 'boot',
    recordDir: '/run/agent/containers/x',
    maxLogSizeBytes: 1000,
    maxLogFiles: 2,
    agent: { uid: 0, gid: 0 },
  };
  const nobody = { uid: 65534, gid: 65534, groups: [1] };

  it('joins what isolators contribute', () => {
    const plan = buildPlan(
      SPEC,
      [
        { cloneFlags: CLONE_NEWNS, mounts: [{ source: 'a', target: '/a', type: 'tmpfs', flags: 0, data: '' }] },
        { cloneFlags: CLONE_NEWPID, cgroupWrites: [{ file: 'pids.max', value: '5' }] },
      ],
      { ...settings, user: nobody },
    );
    expect(plan).toMatchObject({ cloneFlags: CLONE_NEWNS | CLONE_NEWPID, user: nobody, userMap: undefined });
    expect([plan.mounts.length, plan.cgroupWrites.length]).toEqual([1, 1]);
  });

  it('maps all users for root and only the own one for anybody else', () => {
    const contributions = [{ cloneFlags: CLONE_NEWUSER }];
    expect(buildPlan(SPEC, contributions, settings).userMap).toMatchObject({
      uidMap: '0 0 4294967295',
      denySetgroups: false,
    });
    expect(buildPlan(SPEC, contributions, { ...settings, agent: { uid: 7, gid: 8 } }).userMap).toEqual({
      uidMap: '7 7 1',
      gidMap: '8 8 1',
      denySetgroups: true,
    });
  });

  it('switches users only as root', () => {
    expect(userOf(nobody, { uid: 0, gid: 0 })).toBe(nobody);
    expect(userOf(nobody, { uid: 65534, gid: 65534 })).toBeUndefined();
    expect(userOf(undefined, { uid: 5, gid: 5 })).toBeUndefined();
    expect(() => userOf(nobody, { uid: 5, gid: 5 })).toThrow(/not as root/);
  });

  it.each([
    [{ type: 'DOCKER' as const }, 'container.type'],
    [{ type: 'MESOS' as const, volumes: [{ mode: 'RO' as const, container_path: 'x' }] }, 'container.volumes'],
    [{ type: 'MESOS' as const, network_infos: [{}] }, 'container.network_infos'],
    [{ type: 'MESOS' as const, linux_info: {} }, 'container.linux_info'],
    [{ type: 'MESOS' as const, mesos: { image: { type: 'DOCKER' as const } } }, 'container.mesos.image'],
    [{ type: 'MESOS' as const, mesos: {}, hostname: 'x' }, undefined],
    [undefined, undefined],
  ])('names what it would have to ignore: %j', (containerInfo, field) => {
    expect(findUnsupported({ ...SPEC, containerInfo }, ['namespaces/uts'])).toBe(field);
  });

  it.each([
    [{ cpus: 1 }, ['posix/cpu', 'cgroups/mem'], /^limits\.cpus .*cgroups\/cpu/],
    [{ memMb: 64 }, ['cgroups/cpu', 'posix/mem'], /^limits\.mem .*cgroups\/mem/],
    [{ cpus: 1, memMb: 64 }, ['cgroups/cpu', 'cgroups/mem'], undefined],
    [{ cpus: Number.POSITIVE_INFINITY, memMb: Number.POSITIVE_INFINITY }, ['posix/cpu'], undefined],
  ] as const)('takes a limit only where something holds the task to it: %j', (limits, isolation, field) => {
    const found = findUnsupported({ ...SPEC, limits }, isolation);
    if (field === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(field);
  });
});
