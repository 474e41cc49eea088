/** The flags of `mesoctl master start`, one row each: names, defaults and limits as in Mesos (spec page 09, section 9.1). */
import { hostname } from 'node:os';
import { isRejection, type Rejection } from '../../base/rejection.js';
import { Resources } from '../../offers/resources/resources.js';
import type { NamedAddress } from '../../raft/node/settings.js';
import { type FlagTable, flag, optionalFlag } from './flag.js';
import * as kinds from './flag-kinds.js';
import { checkRoles, sharedFlags } from './shared-flags.js';

const MINUTE_MS = 60_000;
const SORTERS = kinds.oneOf(['drf', 'random']);

export const MASTER_FLAGS = {
  ...sharedFlags('master', 5050),
  name: flag<string>(
    {
      name: 'name',
      summary: 'name of this master among the masters of its cluster',
      kind: kinds.memberName,
      group: 'raft',
    },
    () => defaultMemberName(),
  ),
  peers: optionalFlag<readonly NamedAddress[]>({
    name: 'peers',
    summary:
      'the first masters of a new cluster, this one included, with their raft addresses; the same on each of them',
    kind: kinds.namedAddresses,
    group: 'raft',
  }),
  join: optionalFlag<string>({
    name: 'join',
    summary: 'raft address of a master of the cluster that this one is to be added to',
    kind: kinds.address,
    group: 'raft',
  }),
  raftIp: optionalFlag<string>({
    name: 'raft-ip',
    summary: 'address to listen on for other masters (default: --ip)',
    kind: kinds.ip,
    group: 'raft',
  }),
  raftPort: optionalFlag<number>({
    name: 'raft-port',
    summary: 'port to listen on for other masters (default: --port plus 10)',
    kind: kinds.port,
    group: 'raft',
  }),
  raftAdvertiseIp: optionalFlag<string>({
    name: 'raft-advertise-ip',
    summary: 'address that other masters use to reach it (default: --advertise-ip or --raft-ip)',
    kind: kinds.ip,
    group: 'raft',
  }),
  raftReads: flag<'quorum' | 'lease'>(
    {
      name: 'raft-reads',
      summary: 'how reads of the registry are made safe: ask a quorum, or trust clocks for the length of a lease',
      kind: kinds.oneOf(['quorum', 'lease']),
      group: 'raft',
    },
    'quorum',
  ),
  cluster: optionalFlag<string>({
    name: 'cluster',
    summary: 'name of the cluster, for people',
    kind: kinds.text,
    group: 'cluster',
  }),
  whitelist: optionalFlag<string>({
    name: 'whitelist',
    summary: 'file of agent hostnames, one per line, that are offered; read again every 5 s',
    kind: kinds.path,
    group: 'cluster',
  }),
  requireAgentDomain: flag<boolean>(
    {
      name: 'require-agent-domain',
      summary: 'refuse agents without a fault domain',
      kind: kinds.boolean,
      group: 'cluster',
    },
    'false',
  ),
  rootSubmissions: flag<boolean>(
    {
      name: 'root-submissions',
      summary: 'accept frameworks that run tasks as root',
      kind: kinds.boolean,
      group: 'cluster',
    },
    'true',
  ),
  roles: optionalFlag<readonly string[]>({
    name: 'roles',
    summary: 'the only roles that frameworks may use (default: any)',
    kind: kinds.list('ROLE,...', checkRoles),
    group: 'cluster',
  }),
  weights: flag<Readonly<Record<string, number>>>(
    {
      name: 'weights',
      summary: 'weights of roles before anybody changes them by the API',
      kind: kinds.weights,
      group: 'cluster',
    },
    '',
  ),
  allocationIntervalMs: flag<number>(
    {
      name: 'allocation-interval',
      summary: 'time between allocations of what was declined',
      kind: kinds.duration({ min: 1 }),
      group: 'cluster',
    },
    '1secs',
  ),
  offerTimeoutMs: optionalFlag<number>({
    name: 'offer-timeout',
    summary: 'take an offer back after this time (default: never)',
    kind: kinds.duration({ min: 1 }),
    group: 'cluster',
  }),
  rescindHeldOffersAfterMs: optionalFlag<number>({
    name: 'rescind-held-offers-after',
    summary: 'take offers back that are older than this while a framework without offers waits (default: never)',
    kind: kinds.duration({ min: 1000 }),
    group: 'cluster',
  }),
  maxOfferFraction: optionalFlag<number>({
    name: 'max-offer-fraction',
    summary: 'largest part of an agent that one offer holds of what is not reserved (default: all of it)',
    kind: kinds.fraction({ min: 0.001, max: 1 }),
    group: 'cluster',
  }),
  maxOffersPerFramework: optionalFlag<number>({
    name: 'max-offers-per-framework',
    summary: 'give a framework no further offer while it has this many outstanding (default: no bound)',
    kind: kinds.integer({ min: 1, max: 1_000_000 }),
    group: 'cluster',
  }),
  offerConstraintsRe2MaxMem: flag<number>(
    {
      name: 'offer-constraints-re2-max-mem',
      summary: 'longest regular expression of an offer constraint, in bytes',
      kind: kinds.integer({ min: 1, max: 1_048_576 }),
      group: 'limits',
    },
    '4096',
  ),
  offerConstraintsRe2MaxProgramSize: flag<number>(
    {
      name: 'offer-constraints-re2-max-program-size',
      summary: 'largest regular expression of an offer constraint, in instructions',
      kind: kinds.integer({ min: 1, max: 100_000 }),
      group: 'limits',
    },
    '100',
  ),
  minAllocatableResources: flag<string>(
    {
      name: 'min-allocatable-resources',
      summary: 'the least an offer must hold, alternatives separated by |',
      kind: kinds.textOf(
        'RESOURCES|...',
        'sets of resources separated by |, for example cpus:0.01|mem:32',
        checkMinimum,
      ),
      group: 'cluster',
    },
    'cpus:0.01|mem:32',
  ),
  roleSorter: flag<'drf' | 'random'>(
    { name: 'role-sorter', summary: 'order in which roles get offers', kind: SORTERS, group: 'cluster' },
    'drf',
  ),
  frameworkSorter: flag<'drf' | 'random'>(
    { name: 'framework-sorter', summary: 'order of the frameworks of a role', kind: SORTERS, group: 'cluster' },
    'drf',
  ),
  fairSharingExcludedResourceNames: flag<readonly string[]>(
    {
      name: 'fair-sharing-excluded-resource-names',
      summary: 'resources that do not count for fair shares',
      kind: kinds.list('NAME,...', () => undefined),
      group: 'cluster',
    },
    '',
  ),
  filterGpuResources: flag<boolean>(
    {
      name: 'filter-gpu-resources',
      summary: 'offer agents with GPUs only to frameworks that ask for GPUs',
      kind: kinds.boolean,
      group: 'cluster',
    },
    'true',
  ),
  agentPingTimeoutMs: flag<number>(
    {
      name: 'agent-ping-timeout',
      summary: 'time that an agent has to answer a ping',
      kind: kinds.duration({ min: 1000, max: 15 * MINUTE_MS }),
      group: 'limits',
      aliases: ['slave-ping-timeout'],
    },
    '15secs',
  ),
  maxAgentPingTimeouts: flag<number>(
    {
      name: 'max-agent-ping-timeouts',
      summary: 'unanswered pings in a row that make an agent unreachable',
      kind: kinds.integer({ min: 1, max: 1_000_000 }),
      group: 'limits',
      aliases: ['max-slave-ping-timeouts'],
    },
    '5',
  ),
  agentReregisterTimeoutMs: flag<number>(
    {
      name: 'agent-reregister-timeout',
      summary: 'time that agents have to come back after a new leader or a lost link',
      kind: kinds.duration({ min: 1000 }),
      group: 'limits',
      aliases: ['slave-reregister-timeout'],
    },
    '10mins',
  ),
  agentRemovalRateLimit: optionalFlag<kinds.Rate>({
    name: 'agent-removal-rate-limit',
    summary: 'most agents that may become unreachable in a time (default: no limit)',
    kind: kinds.rate,
    group: 'limits',
    aliases: ['slave-removal-rate-limit'],
  }),
  recoveryAgentRemovalLimitPercent: flag<number>(
    {
      name: 'recovery-agent-removal-limit',
      summary: 'stop when more than this part of all agents does not come back after a new leader',
      kind: kinds.percent,
      group: 'limits',
      aliases: ['recovery-slave-removal-limit'],
    },
    '100%',
  ),
  allocatorAgentRecoveryFactor: flag<number>(
    {
      name: 'allocator-agent-recovery-factor',
      summary: 'with quotas: part of all agents that must be back after a new leader before anything is offered',
      kind: kinds.fraction({ min: 0, max: 1 }),
      group: 'limits',
    },
    '0.8',
  ),
  allocatorRecoveryTimeoutMs: flag<number>(
    {
      name: 'allocator-recovery-timeout',
      summary: 'with quotas: longest time that offers wait for agents after a new leader',
      kind: kinds.duration(),
      group: 'limits',
    },
    '10mins',
  ),
  registryGcIntervalMs: flag<number>(
    {
      name: 'registry-gc-interval',
      summary: 'time between clean-ups of the registry',
      kind: kinds.duration({ min: 1000 }),
      group: 'storage',
    },
    '15mins',
  ),
  registryMaxAgentAgeMs: flag<number>(
    {
      name: 'registry-max-agent-age',
      summary: 'forget unreachable and gone agents after this time',
      kind: kinds.duration({ min: 1000 }),
      group: 'storage',
    },
    '2weeks',
  ),
  registryMaxAgentCount: flag<number>(
    {
      name: 'registry-max-agent-count',
      summary: 'forget the oldest unreachable and gone agents beyond this many',
      kind: kinds.integer({ min: 0 }),
      group: 'storage',
    },
    '102400',
  ),
  maxCompletedFrameworks: flag<number>(
    {
      name: 'max-completed-frameworks',
      summary: 'completed frameworks kept in memory',
      kind: kinds.integer({ min: 0, max: 1_000_000 }),
      group: 'limits',
    },
    '50',
  ),
  maxCompletedTasksPerFramework: flag<number>(
    {
      name: 'max-completed-tasks-per-framework',
      summary: 'completed tasks kept in memory, per framework',
      kind: kinds.integer({ min: 0, max: 1_000_000 }),
      group: 'limits',
    },
    '1000',
  ),
  maxUnreachableTasksPerFramework: flag<number>(
    {
      name: 'max-unreachable-tasks-per-framework',
      summary: 'unreachable tasks kept in memory, per framework',
      kind: kinds.integer({ min: 0, max: 1_000_000 }),
      group: 'limits',
    },
    '1000',
  ),
  maxOperatorEventStreamSubscribers: flag<number>(
    {
      name: 'max-operator-event-stream-subscribers',
      summary: 'event streams of operators; one more cuts the oldest',
      kind: kinds.integer({ min: 1, max: 1_000_000 }),
      group: 'limits',
    },
    '1000',
  ),
} as const satisfies FlagTable;

function checkMinimum(text: string): Rejection | undefined {
  return text
    .split('|')
    .filter((part) => part.trim() !== '')
    .map((part) => Resources.parse(part))
    .find(isRejection);
}

/**
 * The name of a member that was given none: the machine's, made of what names of members may hold. A machine may be
 * called anything: one that was never named is "(none)".
 */
export function defaultMemberName(machine: string = hostname()): string {
  return (
    machine
      .replaceAll(/[^A-Za-z0-9._-]/g, '-')
      .replace(/^[._-]+/, '')
      .slice(0, 63)
      .replace(/-+$/, '') || 'master'
  );
}
