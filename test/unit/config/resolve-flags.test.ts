import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { AGENT_FLAGS } from '../../../src/daemon/config/agent-flags.js';
import { environmentNamesOf, type FlagTable, mesosNameOf } from '../../../src/daemon/config/flag.js';
import { type ConfigSources, loadAgentConfig, loadMasterConfig } from '../../../src/daemon/config/load-config.js';
import { MASTER_FLAGS } from '../../../src/daemon/config/master-flags.js';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'mesoctl-config-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

function master(sources: Partial<ConfigSources> = {}) {
  return loadMasterConfig({ flags: {}, env: {}, ...sources });
}

function agent(sources: Partial<ConfigSources> = {}) {
  return loadAgentConfig({ flags: { master: 'm1:5050' }, env: {}, ...sources });
}

function errorOf(run: () => unknown): MesoError {
  try {
    run();
  } catch (error) {
    if (error instanceof MesoError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('defaults', () => {
  it('of a master are those of Mesos', () => {
    const { config, warnings } = master();
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      ip: '127.0.0.1',
      port: 5050,
      insecure: false,
      allocationIntervalMs: 1000,
      offerTimeoutMs: undefined,
      agentPingTimeoutMs: 15_000,
      maxAgentPingTimeouts: 5,
      agentReregisterTimeoutMs: 600_000,
      minAllocatableResources: 'cpus:0.01|mem:32',
      roleSorter: 'drf',
      filterGpuResources: true,
      rootSubmissions: true,
      roles: undefined,
      weights: {},
      fairSharingExcludedResourceNames: [],
      recoveryAgentRemovalLimitPercent: 100,
      allocatorAgentRecoveryFactor: 0.8,
      allocatorRecoveryTimeoutMs: 600_000,
      registryGcIntervalMs: 900_000,
      registryMaxAgentAgeMs: 14 * 86_400_000,
      registryMaxAgentCount: 102_400,
      maxCompletedFrameworks: 50,
      maxCompletedTasksPerFramework: 1000,
      maxUnreachableTasksPerFramework: 1000,
      maxOperatorEventStreamSubscribers: 1000,
      logLevel: 'info',
    });
  });

  it('of an agent are those of Mesos', () => {
    expect(agent().config).toMatchObject({
      masters: ['m1:5050'],
      port: 5051,
      resources: undefined,
      defaultRole: '*',
      isolation: undefined,
      cgroupsRoot: 'mesos',
      cgroupsEnableCfs: false,
      pidsLimit: 4096,
      switchUser: true,
      executorShutdownGracePeriodMs: 5000,
      executorReregistrationTimeoutMs: 2000,
      recoveryTimeoutMs: 900_000,
      registrationBackoffFactorMs: 1000,
      gcDelayMs: 7 * 86_400_000,
      gcDiskHeadroom: 0.1,
      diskWatchIntervalMs: 60_000,
      executorEnvironmentVariables: {},
    });
  });

  it('of the work directory need no root', () => {
    const { workDir } = master({ env: { XDG_STATE_HOME: '/state' } }).config;
    expect(workDir).toBe(process.geteuid?.() === 0 ? '/var/lib/mesoctl/master' : '/state/mesoctl/master');
  });
});

describe('precedence', () => {
  const configFile = () => {
    const path = join(dir, 'flags.json');
    writeFileSync(path, JSON.stringify({ port: 1003, agent_ping_timeout: '3secs', weights: 'a=2' }));
    return path;
  };

  it('is flag, environment, file, default', () => {
    const env = { MESOS_PORT: '1002', MESOS_MAX_AGENT_PING_TIMEOUTS: '7' };
    const both = { configFile: configFile(), env };
    expect(master({ ...both, flags: { port: '1001' } }).config.port).toBe(1001);
    const { config } = master(both);
    expect(config).toMatchObject({ port: 1002, maxAgentPingTimeouts: 7, agentPingTimeoutMs: 3000, weights: { a: 2 } });
    expect(config.maxCompletedFrameworks).toBe(50);
  });

  it('takes old names and those of libprocess', () => {
    const { config } = master({ env: { MESOS_SLAVE_PING_TIMEOUT: '20secs', LIBPROCESS_PORT: '1234' } });
    expect(config).toMatchObject({ agentPingTimeoutMs: 20_000, port: 1234 });
    expect(
      master({ env: { MESOS_AGENT_PING_TIMEOUT: '2secs', MESOS_SLAVE_PING_TIMEOUT: '20secs' } }).config
        .agentPingTimeoutMs,
    ).toBe(2000);
  });

  it('counts an empty variable as absent', () => {
    expect(master({ env: { MESOS_PORT: '' } }).config.port).toBe(5050);
  });

  it('reports what is in force, under the names of Mesos', () => {
    const { flags } = master({ flags: { 'work-dir': '/w', cluster: 'lab', insecure: true } }).config;
    expect(flags).toMatchObject({ work_dir: '/w', cluster: 'lab', insecure: 'true', agent_ping_timeout: '15secs' });
    expect(flags).not.toHaveProperty('offer_timeout');
  });
});

describe('file:// values', () => {
  it('are read, without the last line break', () => {
    const path = join(dir, 'value');
    writeFileSync(path, 'cpus:3;mem:100\n');
    expect(agent({ flags: { master: 'm:1', resources: `file://${path}` } }).config.resources).toBe('cpus:3;mem:100');
    writeFileSync(path, '{"A": "1"}\n');
    const env = { MESOS_EXECUTOR_ENVIRONMENT_VARIABLES: `file://${path}` };
    expect(agent({ env }).config.executorEnvironmentVariables).toEqual({ A: '1' });
  });

  it('of a path are the path', () => {
    expect(master({ flags: { whitelist: 'file:///etc/hosts' } }).config.whitelist).toBe('/etc/hosts');
  });

  it('that cannot be read are an error that names flag and file', () => {
    const error = errorOf(() => master({ flags: { weights: `file://${dir}/none` } }));
    expect(error.code).toBe('BAD_INPUT');
    expect(error.details).toMatchObject({ flag: 'weights' });
    expect(error.message).toContain(`${dir}/none`);
  });
});

describe('validation', () => {
  it.each([
    ['port', '65536'],
    ['port', 'http'],
    ['port', '-1'],
    ['ip', 'localhost'],
    ['agent-ping-timeout', '999ms'],
    ['agent-ping-timeout', '16mins'],
    ['agent-ping-timeout', '15'],
    ['max-agent-ping-timeouts', '0'],
    ['agent-reregister-timeout', '500ms'],
    ['role-sorter', 'fifo'],
    ['weights', 'a=0'],
    ['weights', 'a'],
    ['roles', 'a b'],
    ['min-allocatable-resources', 'cpus:x'],
    ['agent-removal-rate-limit', '1'],
    ['agent-removal-rate-limit', '0/1secs'],
    ['recovery-agent-removal-limit', '50'],
    ['recovery-agent-removal-limit', '101%'],
    ['domain', '{"fault_domain": {}}'],
    ['domain', 'eu'],
    ['advertise-port', '0'],
    ['cluster', ' '],
    ['logging-level', 'loud'],
    ['insecure', 'maybe'],
  ])('refuses --%s "%s", naming flag, value and what is allowed', (name, value) => {
    const error = errorOf(() => master({ flags: { [name]: value } }));
    expect(error.code).toBe('BAD_INPUT');
    expect(error.message).toContain(`--${name}`);
    expect(error.message).toContain(value);
    expect(error.details).toMatchObject({ flag: name, value });
    expect(error.suggestions.join()).toContain(`--${name} takes `);
  });

  it.each([
    ['isolation', 'cgroups/nothing'],
    ['isolation', 'namespaces/pid'],
    ['isolation', ''],
    ['resources', 'cpus=4'],
    ['resources', '[{"name": 1}]'],
    ['attributes', 'rack'],
    ['default-role', 'a b'],
    ['cgroups-root', '/sys/fs/cgroup'],
    ['cgroups-root', '../x'],
    ['pids-limit', '0'],
    ['executor-environment-variables', '{"A": 1}'],
    ['executor-reregistration-timeout', '16secs'],
    ['registration-backoff-factor', '2mins'],
    ['reconfiguration-policy', 'any'],
    ['gc-disk-headroom', '1.5'],
    ['max-log-size', '10'],
    ['master', 'zk://zk1:2181/mesos'],
    ['master', 'a b'],
  ])('refuses --%s "%s" of an agent', (name, value) => {
    const error = errorOf(() => agent({ flags: { master: 'm:1', [name]: value } }));
    expect(error.code).toBe('BAD_INPUT');
    expect(error.details).toMatchObject({ flag: name });
  });

  it('names the variable or the file where the value came from', () => {
    expect(errorOf(() => master({ env: { MESOS_SLAVE_PING_TIMEOUT: 'x' } })).message).toContain(
      'MESOS_SLAVE_PING_TIMEOUT',
    );
    const path = join(dir, 'flags.json');
    writeFileSync(path, '{"agent_ping_timeout": 5}');
    expect(errorOf(() => master({ configFile: path })).message).toContain(
      '"agent_ping_timeout" of the configuration file',
    );
    writeFileSync(path, '{"zk": "x"}');
    expect(errorOf(() => master({ configFile: path })).message).toContain('"zk"');
    writeFileSync(path, '[]');
    expect(errorOf(() => master({ configFile: path })).message).toContain('JSON object');
  });

  it('refuses addresses that others can reach, unless told to', () => {
    expect(errorOf(() => master({ flags: { ip: '0.0.0.0' } })).code).toBe('ADDRESS_NOT_ALLOWED');
    expect(errorOf(() => agent({ flags: { master: 'm:1', ip: '10.0.0.1' } })).code).toBe('ADDRESS_NOT_ALLOWED');
    expect(master({ flags: { ip: '0.0.0.0', insecure: true } }).config.ip).toBe('0.0.0.0');
    expect(master({ flags: { ip: '::1' } }).config.ip).toBe('::1');
  });

  it('warns of a short re-registration timeout and takes it', () => {
    const { config, warnings } = master({ flags: { 'agent-reregister-timeout': '1secs' } });
    expect(config.agentReregisterTimeoutMs).toBe(1000);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('10mins');
    expect(master({ flags: { 'agent-reregister-timeout': '10mins' } }).warnings).toEqual([]);
  });

  it('asks an agent for its masters', () => {
    const error = errorOf(() => loadAgentConfig({ flags: {}, env: {} }));
    expect(error.code).toBe('BAD_INPUT');
    expect(error.suggestions.join()).toContain('mesoctl agent join');
    expect(loadAgentConfig({ flags: {}, env: { MESOS_MASTER: 'a,b:1' } }).config.masters).toEqual(['a:5050', 'b:1']);
  });

  it('reads structured values', () => {
    const { config } = master({
      flags: {
        weights: 'eng=2.5, ops=1',
        'agent-removal-rate-limit': '1/20mins',
        'recovery-agent-removal-limit': '50%',
        domain: '{"fault_domain":{"region":{"name":"eu"},"zone":{"name":"a"}}}',
        roles: 'eng, ops',
        'logging-level': 'WARNING',
      },
    });
    expect(config).toMatchObject({
      weights: { eng: 2.5, ops: 1 },
      agentRemovalRateLimit: { count: 1, perMs: 1_200_000 },
      recoveryAgentRemovalLimitPercent: 50,
      domain: { fault_domain: { region: { name: 'eu' }, zone: { name: 'a' } } },
      roles: ['eng', 'ops'],
      logLevel: 'warn',
    });
  });
});

describe.each([
  ['master', MASTER_FLAGS as FlagTable],
  ['agent', AGENT_FLAGS as FlagTable],
])('the table of the %s', (_, table) => {
  it('has no name, alias or variable twice', () => {
    const names = Object.values(table).flatMap(({ spec }) => [spec.name, ...(spec.aliases ?? [])]);
    expect(new Set(names).size).toBe(names.length);
    const variables = Object.values(table).flatMap(({ spec }) => environmentNamesOf(spec));
    expect(new Set(variables).size).toBe(variables.length);
  });

  it('names things as Mesos does and says what they are', () => {
    for (const { spec } of Object.values(table)) {
      expect(spec.name).toMatch(/^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/);
      expect(mesosNameOf(spec.name)).toMatch(/^[a-z0-9_]+$/);
      expect(spec.summary.length).toBeGreaterThan(10);
      expect(spec.kind.allowed.length).toBeGreaterThan(3);
    }
  });
});
