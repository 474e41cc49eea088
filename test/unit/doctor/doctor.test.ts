import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../src/runtime/doctor/diagnose.js';
import type { DoctorFacts } from '../../../src/runtime/doctor/doctor-facts.js';
import type { DoctorReport, DoctorRow } from '../../../src/runtime/doctor/doctor-report.js';
import { judgeMachine } from '../../../src/runtime/doctor/judge-machine.js';
import {
  parseCapabilities,
  parseOpenFilesLimit,
  parseSwapTotalKb,
} from '../../../src/runtime/doctor/read-doctor-facts.js';
import { DEFAULT_ISOLATION } from '../../../src/runtime/isolators/names.js';

const NAMESPACES = ['user', 'mnt', 'pid', 'ipc', 'uts', 'cgroup'];
const GOOD: DoctorFacts = {
  hostname: 'node-1',
  platform: 'linux',
  operatingSystem: 'Debian GNU/Linux 12',
  kernelRelease: '6.1.0-25-amd64',
  nodeVersion: '20.19.0',
  isRoot: true,
  capabilities: 0x1ffffffffffn,
  supervisorFound: true,
  compiler: 'cc',
  cgroups: {
    layout: 'unified',
    v2Mount: '/sys/fs/cgroup',
    v2Controllers: ['cpu', 'memory', 'pids'],
    v1Controllers: [],
    ownV2Path: '/',
  },
  ownCgroupWritable: true,
  userNamespaceSysctls: { 'user.max_user_namespaces': '10000' },
  openFilesLimit: 1_048_576,
  hasPressure: true,
  swapTotalKb: 0,
  isolation: {
    isRoot: true,
    namespaces: new Map(NAMESPACES.map((name) => [name, 0])),
    cgroupMount: '/sys/fs/cgroup',
    controllers: ['cpu', 'memory', 'pids'],
    trackingErrno: 0,
  },
};

function row(report: DoctorReport, name: string): DoctorRow {
  const found = report.rows.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no row ${name}`);
  return found;
}

describe('judgeMachine', () => {
  it('finds nothing wrong with a machine that has it all', () => {
    const report = judgeMachine(GOOD);
    expect(report.rows.filter((one) => one.state !== 'ok')).toEqual([]);
    expect(report.reduced).toEqual([]);
    expect([...report.isolation].sort()).toEqual([...DEFAULT_ISOLATION].sort());
    expect(row(report, 'cgroups/mem')).toEqual({ group: 'isolator', name: 'cgroups/mem', state: 'ok', found: 'works' });
  });

  it.each<[string, Partial<DoctorFacts>, string, string, RegExp]>([
    ['another system', { platform: 'darwin' }, 'system', 'missing', /Linux/],
    ['an old kernel', { kernelRelease: '5.10.0-8' }, 'kernel', 'missing', /5\.14/],
    ['a kernel of the future', { kernelRelease: '7.0' }, 'kernel', 'ok', /^$/],
    ['an old node', { nodeVersion: '20.18.9' }, 'node', 'warning', /20\.19/],
    ['no root', { isRoot: false }, 'privileges', 'warning', /root/],
    ['root in a box', { capabilities: 0n }, 'privileges', 'missing', /CAP_SYS_ADMIN/],
    ['root without resource', { capabilities: 0x1fffeffffffn }, 'privileges', 'warning', /CAP_SYS_RESOURCE/],
    ['no supervisor', { supervisorFound: false }, 'supervisor', 'missing', /^npm run build$/],
    ['no compiler', { supervisorFound: false, compiler: undefined }, 'supervisor', 'missing', /apt-get install gcc/],
    ['no delegation', { isRoot: false, ownCgroupWritable: false }, 'delegation', 'warning', /Delegate=yes/],
    ['few files', { openFilesLimit: 1024 }, 'open files', 'warning', /ulimit -Hn/],
    ['no pressure', { hasPressure: false }, 'pressure stall information', 'warning', /psi=1/],
    ['swap', { swapTotalKb: 2 * 1024 * 1024 }, 'swap', 'warning', /swapoff/],
    [
      'user namespaces forbidden',
      {
        isRoot: false,
        userNamespaceSysctls: { 'user.max_user_namespaces': '0', 'kernel.apparmor_restrict_unprivileged_userns': '1' },
      },
      'user namespaces',
      'warning',
      /sysctl -w user\.max_user_namespaces=10000; sysctl -w kernel\.apparmor_restrict_unprivileged_userns=0/,
    ],
  ])('says what to do about %s', (_, change, name, state, remedy) => {
    const judged = row(judgeMachine({ ...GOOD, ...change }), name);
    expect(judged.state).toBe(state);
    expect(judged.remedy ?? '').toMatch(remedy);
  });

  it('tells a hybrid machine to run without limits', () => {
    const report = judgeMachine({
      ...GOOD,
      cgroups: { ...GOOD.cgroups, layout: 'hybrid', v2Controllers: [], v1Controllers: ['cpu', 'memory'] },
      isolation: {
        isRoot: true,
        namespaces: new Map(NAMESPACES.map((name) => [name, 0])),
        cgroupMount: '/sys/fs/cgroup/unified',
        controllers: ['hugetlb'],
        trackingErrno: 0,
      },
    });
    expect(row(report, 'cgroups').found).toContain('cpu memory');
    expect(row(report, 'cgroups/cpu').state).toBe('missing');
    expect(row(report, 'tracking').state).toBe('ok');
    expect(report.isolation).toEqual(expect.arrayContaining(['posix/cpu', 'posix/mem', 'namespaces/pid']));
    expect(report.reduced.map((one) => one.isolator)).toEqual(['cgroups/cpu', 'cgroups/mem', 'cgroups/pids']);
  });

  it('reports although nothing could be tried', () => {
    const report = judgeMachine({ ...GOOD, supervisorFound: false, isolation: undefined });
    expect(report.isolation).toEqual([]);
    expect(row(report, 'all').state).toBe('unknown');
  });

  it('gives every row that is not ok a remedy', () => {
    const worst: DoctorFacts = {
      ...GOOD,
      platform: 'plan9',
      kernelRelease: 'x',
      nodeVersion: '18.0',
      isRoot: false,
      supervisorFound: false,
      compiler: undefined,
      cgroups: { layout: 'none', v2Controllers: [], v1Controllers: [] },
      openFilesLimit: 10,
      hasPressure: false,
      swapTotalKb: 5,
      isolation: { isRoot: false, namespaces: new Map(), controllers: [] },
    };
    for (const one of judgeMachine(worst).rows) if (one.state !== 'ok') expect(one.remedy, one.name).toBeTruthy();
  });
});

describe('reading', () => {
  it('understands the files of the kernel', () => {
    expect(parseCapabilities('Name:\tx\nCapEff:\t000001fffeffffff\n')).toBe(0x1fffeffffffn);
    expect(parseCapabilities('')).toBeUndefined();
    const line = 'Max open files            1024                 20000                files     \n';
    expect(parseOpenFilesLimit(line)).toBe(20_000);
    expect(parseOpenFilesLimit(line.replace('20000', 'unlimited'))).toBe(Number.POSITIVE_INFINITY);
    expect(parseOpenFilesLimit('')).toBeUndefined();
    expect(parseSwapTotalKb('MemTotal: 1 kB\nSwapTotal:       2048 kB\n')).toBe(2048);
  });

  it('makes a report of this machine that survives JSON', async () => {
    const report = await diagnose();
    expect(report.rows.length).toBeGreaterThan(8);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(new Set(report.rows.map((one) => one.name)).size).toBe(report.rows.length);
  });
});
