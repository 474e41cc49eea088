/** The flags of `mesoctl agent join`, one row each: names, defaults and limits as in Mesos (spec page 09, section 9.2). */
import { isRejection, type Rejection, reject } from '../../base/rejection.js';
import { parseAttributes } from '../../offers/resources/attributes.js';
import { Resources } from '../../offers/resources/resources.js';
import { parseIsolation } from '../../runtime/isolators/names.js';
import { validateRole } from '../../wire/validation/roles.js';
import { type FlagTable, flag, optionalFlag } from './flag.js';
import * as kinds from './flag-kinds.js';
import { sharedFlags } from './shared-flags.js';

const MINUTE_MS = 60_000;

export const AGENT_FLAGS = {
  ...sharedFlags('agent', 5051),
  masters: optionalFlag<readonly string[]>({
    name: 'master',
    summary: 'the masters; the same as the argument',
    kind: kinds.masters,
    group: 'cluster',
  }),
  resources: optionalFlag<string>({
    name: 'resources',
    summary: 'what to offer, as name(role):value;... or a JSON array (default: what the machine has)',
    kind: kinds.textOf('RESOURCES', 'resources, for example cpus:4;mem:8192;ports:[31000-32000]', checkResources),
    group: 'cluster',
  }),
  attributes: optionalFlag<string>({
    name: 'attributes',
    summary: 'facts about the machine, as name:value;...',
    kind: kinds.textOf('ATTRIBUTES', 'attributes, for example rack:b2;ssd:1', checkAttributes),
    group: 'cluster',
  }),
  defaultRole: flag<string>(
    {
      name: 'default-role',
      summary: 'role of resources that name none',
      kind: kinds.textOf('ROLE', 'the name of a role', validateRole),
      group: 'cluster',
    },
    '*',
  ),
  isolation: optionalFlag<readonly string[]>({
    name: 'isolation',
    summary: 'isolators, joined by commas (default: cgroups/* and namespaces/*; see mesoctl doctor)',
    kind: kinds.list('NAME,...', checkIsolation),
    group: 'isolation',
  }),
  cgroupsRoot: flag<string>(
    {
      name: 'cgroups-root',
      summary: 'directory of the containers below the cgroup v2 mount',
      kind: kinds.textOf('DIR', 'a directory below the cgroup v2 mount, for example mesos', checkCgroupsRoot),
      group: 'isolation',
    },
    'mesos',
  ),
  cgroupsEnableCfs: flag<boolean>(
    {
      name: 'cgroups-enable-cfs',
      summary: 'a task gets no more cpu than it asked for, even where the machine is idle',
      kind: kinds.boolean,
      group: 'isolation',
    },
    'false',
  ),
  pidsLimit: flag<number>(
    {
      name: 'pids-limit',
      summary: 'processes and threads of one container',
      kind: kinds.integer({ min: 1, max: 4_194_304 }),
      group: 'isolation',
    },
    '4096',
  ),
  switchUser: flag<boolean>(
    {
      name: 'switch-user',
      summary: "run tasks as their framework's or their own user, not as the agent's",
      kind: kinds.boolean,
      group: 'tasks',
    },
    'true',
  ),
  executorEnvironmentVariables: flag<Readonly<Record<string, string>>>(
    {
      name: 'executor-environment-variables',
      summary: 'environment of all executors and command tasks',
      kind: kinds.environmentVariables,
      group: 'tasks',
    },
    '{}',
  ),
  executorShutdownGracePeriodMs: flag<number>(
    {
      name: 'executor-shutdown-grace-period',
      summary: 'time between asking an executor to end and killing it',
      kind: kinds.duration({ min: 0 }),
      group: 'tasks',
    },
    '5secs',
  ),
  executorReregistrationTimeoutMs: flag<number>(
    {
      name: 'executor-reregistration-timeout',
      summary: 'time that executors have to come back after a restart of the agent',
      kind: kinds.duration({ min: 1, max: 15_000 }),
      group: 'tasks',
    },
    '2secs',
  ),
  recoveryTimeoutMs: flag<number>(
    {
      name: 'recovery-timeout',
      summary: 'time after which executors that wait for their agent give up',
      kind: kinds.duration({ min: 1000 }),
      group: 'tasks',
    },
    '15mins',
  ),
  reconfigurationPolicy: flag<'equal' | 'additive'>(
    {
      name: 'reconfiguration-policy',
      summary: 'what may differ from the last start without a new agent id',
      kind: kinds.oneOf(['equal', 'additive']),
      group: 'tasks',
    },
    'equal',
  ),
  maxLogSizeBytes: flag<number>(
    {
      name: 'max-log-size',
      summary: 'size at which stdout and stderr of a task are rotated',
      kind: kinds.size({ min: 4096 }),
      group: 'tasks',
    },
    '10MB',
  ),
  maxLogFiles: flag<number>(
    {
      name: 'max-log-files',
      summary: 'rotated files kept of each, stdout.1 being the newest',
      kind: kinds.integer({ min: 0, max: 1000 }),
      group: 'tasks',
    },
    '5',
  ),
  registrationBackoffFactorMs: flag<number>(
    {
      name: 'registration-backoff-factor',
      summary: 'the first wait before registering again is a random part of this',
      kind: kinds.duration({ min: 1, max: MINUTE_MS }),
      group: 'limits',
    },
    '1secs',
  ),
  gcDelayMs: flag<number>(
    {
      name: 'gc-delay',
      summary: 'longest time that sandboxes of ended tasks stay',
      kind: kinds.duration({ min: 0 }),
      group: 'storage',
    },
    '1weeks',
  ),
  gcDiskHeadroom: flag<number>(
    {
      name: 'gc-disk-headroom',
      summary: 'part of the disk that is to stay free; sandboxes go earlier for it',
      kind: kinds.fraction({ min: 0, max: 1 }),
      group: 'storage',
    },
    '0.1',
  ),
  diskWatchIntervalMs: flag<number>(
    {
      name: 'disk-watch-interval',
      summary: 'time between looks at the free disk space',
      kind: kinds.duration({ min: 1000 }),
      group: 'storage',
    },
    '1mins',
  ),
} as const satisfies FlagTable;

function checkResources(text: string): Rejection | undefined {
  const resources = Resources.parse(text);
  return isRejection(resources) ? resources : undefined;
}

function checkAttributes(text: string): Rejection | undefined {
  const attributes = parseAttributes(text);
  return isRejection(attributes) ? attributes : undefined;
}

function checkIsolation(names: readonly string[]): Rejection | undefined {
  if (names.length === 0) return reject('invalid', 'must name at least one isolator');
  const isolation = parseIsolation(names);
  return isRejection(isolation) ? isolation : undefined;
}

function checkCgroupsRoot(name: string): Rejection | undefined {
  const isPlain =
    name !== '' && !name.startsWith('/') && name.split('/').every((part) => part !== '' && !part.startsWith('.'));
  return isPlain ? undefined : reject('invalid', 'must be a relative directory without . and ..');
}
