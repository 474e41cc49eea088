/**
 * The cluster of the mockups (design/ux), as the events that a master of it would write: "prod", 1,000 agents with 6,400 cpus, 14
 * frameworks, 6 roles; one agent unreachable, one role starved, one framework gone, a task that ran out of memory. Always the
 * same, and what agents, frameworks and roles use is the sum of the tasks and offers there are.
 */
import { type ClusterModel, createClusterModel } from '../../../src/views/model/cluster-model.js';
import type * as api from '../../../src/wire/gen/mesoctl-api.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';

/** 2026-11-22 14:02:31 UTC */
export const NOW_MS = Date.UTC(2026, 10, 22, 14, 2, 31);
const NOW = NOW_MS / 1000;
/** The snapshot is this old. */
const WATCHED_S = 305;
const PREFIX = '9d4b1c2e-77aa-4f10-8b3d-6a5e0c11f0ca';
const AGENTS = 1000;
const GB = 1024;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;

export function agentId(number: number): string {
  return `${PREFIX}-S${number}`;
}

export function frameworkId(number: number): string {
  return `${PREFIX}-${String(number).padStart(4, '0')}`;
}

/** The model after the snapshot and five minutes of life, live. */
export function mockupModel(): ClusterModel {
  const model = createClusterModel();
  for (const event of mockupEvents()) {
    const at = NOW_MS + (event.time - NOW) * 1000;
    model.apply(event, at);
    model.tick(at);
  }
  model.tick(NOW_MS);
  return model;
}

export function mockupEvents(): readonly api.Event[] {
  const load = loadOf();
  return [...snapshotEvents(load), ...lifeEvents(load)];
}

export function infoOf(term = 14, leader = 'm2'): api.Response_Info {
  return {
    cluster_id: PREFIX,
    cluster_name: 'prod',
    term,
    api_version: 1,
    version: '0.9.1',
    started_at: NOW - 12 * DAY - 4 * HOUR,
    elected_at: NOW - 12 * DAY,
    master_info: { id: PREFIX, ip: 0, port: 5050, hostname: leader },
  };
}

function snapshotEvents({ tasks, offers }: Load): readonly api.Event[] {
  const time = NOW - WATCHED_S;
  const books = bookkeeping(tasks, offers);
  const agents = Array.from({ length: AGENTS }, (_, index) => agentOf(index + 1, books));
  const subscribed = {
    info: infoOf(),
    heartbeat_interval_seconds: 1,
    agents: AGENTS,
    frameworks: 14,
    tasks: tasks.length,
    offers: offers.length,
  };
  return [
    { type: 'SUBSCRIBED', time, subscribed },
    { type: 'SNAPSHOT', time, snapshot: { agents, frameworks: frameworks(books), roles: roles(books) } },
    ...batches(tasks, 500).map((batch): api.Event => ({ type: 'SNAPSHOT', time, snapshot: { tasks: [...batch] } })),
    { type: 'SNAPSHOT', time, snapshot: { offers: [...offers], counts: countsAt(0) } },
    { type: 'SNAPSHOT_END', time },
  ];
}

/** What happened in the last five minutes, a count each second. */
function lifeEvents({ tasks, offers }: Load): readonly api.Event[] {
  const books = bookkeeping(tasks, offers);
  const lost = { ...agentOf(9, books), state: 'UNREACHABLE', since: NOW - 4 * MINUTE } as const;
  const fresh = { ...agentOf(1000, books), registered_at: NOW - 14, since: NOW - 14 };
  const ci = frameworks(books).filter(({ name }) => name === 'ci');
  const events: api.Event[] = [
    agentEvent(NOW - 4 * MINUTE, 'UNREACHABLE', lost),
    { type: 'TASKS_UPDATED', time: NOW - 4 * MINUTE, tasks_updated: unreachableTasks() },
    { type: 'FRAMEWORKS_UPDATED', time: NOW - 33, frameworks_updated: { reason: 'RESUBSCRIBED', frameworks: ci } },
    agentEvent(NOW - 14, 'REGISTERED', fresh),
    { type: 'TASKS_UPDATED', time: NOW - 12, tasks_updated: [failedTask()] },
    ...Array.from({ length: WATCHED_S - 1 }, (_, index): api.Event => {
      const second = index + 1;
      return { type: 'COUNTED', time: NOW - WATCHED_S + second, counted: countsAt(second) };
    }),
  ];
  return [...events.sort((a, b) => a.time - b.time), { type: 'HEARTBEAT', time: NOW - 0.4 }];
}

function agentEvent(time: number, reason: api.Event_AgentsUpdated_Reason, agent: api.Agent): api.Event {
  return { type: 'AGENTS_UPDATED', time, agents_updated: { reason, agents: [agent] } };
}

function countsAt(second: number): api.Counts {
  return {
    offers_sent: 38 * second,
    offers_accepted: 23 * second,
    offers_declined: 15 * second,
    tasks_launched: Math.round(12.4 * second + 250 * (1 - Math.cos(second / 49))),
    tasks_finished: 4 * second,
    tasks_failed: Math.floor(second / 18),
  };
}

interface Books {
  readonly agents: ReadonlyMap<string, Entry>;
  readonly frameworks: ReadonlyMap<string, Entry>;
  readonly roles: ReadonlyMap<string, Entry>;
}

interface Entry {
  tasks: number;
  offers: number;
  readonly allocated: Sums;
  readonly offered: Sums;
}

type Sums = { -readonly [Name in keyof Required<api.Amounts>]: number };

const NOTHING: Entry = { tasks: 0, offers: 0, allocated: noSums(), offered: noSums() };

function noSums(): Sums {
  return { cpus: 0, gpus: 0, mem_mb: 0, disk_mb: 0 };
}

function bookkeeping(tasks: readonly api.Task[], offers: readonly api.Offer[]): Books {
  const agents = new Map<string, Entry>();
  const frameworks = new Map<string, Entry>();
  const roles = new Map<string, Entry>();
  const entriesOf = (agent: string, framework: string, role: string) => [
    ensure(agents, agent),
    ensure(frameworks, framework),
    ...role.split('/').map((_, depth, parts) => ensure(roles, parts.slice(0, depth + 1).join('/'))),
  ];
  for (const { agent_id, framework_id, role, resources } of tasks)
    for (const entry of entriesOf(agent_id?.value ?? '', framework_id.value, role ?? '')) {
      entry.tasks++;
      add(entry.allocated, resources);
    }
  for (const { agent_id, framework_id, role, resources } of offers)
    for (const entry of entriesOf(agent_id.value, framework_id.value, role)) {
      entry.offers++;
      add(entry.offered, resources);
    }
  return { agents, frameworks, roles };
}

function ensure(map: Map<string, Entry>, key: string): Entry {
  const known = map.get(key);
  if (known !== undefined) return known;
  const entry: Entry = { tasks: 0, offers: 0, allocated: noSums(), offered: noSums() };
  map.set(key, entry);
  return entry;
}

function add(sums: Sums, amounts: api.Amounts | undefined): void {
  for (const name of ['cpus', 'gpus', 'mem_mb', 'disk_mb'] as const) sums[name] += amounts?.[name] ?? 0;
}

/** One in five is large; of these, some have GPUs. Together 6,400 cpus, 25 TB of memory, 220 TB of disk. */
function totalOf(number: number): Sums {
  const isLarge = number % 5 === 0;
  return {
    cpus: isLarge ? 16 : 4,
    mem_mb: (isLarge ? 64 : 16) * GB,
    disk_mb: (isLarge ? 460 : 160) * GB,
    gpus: number % 60 === 0 ? 4 : 0,
  };
}

function agentOf(number: number, { agents }: Books): api.Agent {
  const isDraining = number >= 17 && number <= 19;
  const isOff = number === 60 || number === 61;
  const { tasks, allocated, offered } = agents.get(agentId(number)) ?? NOTHING;
  const since = isDraining ? NOW - 6 * DAY : NOW - 12 * DAY + number;
  return {
    agent_id: { value: agentId(number) },
    state: isDraining ? 'DRAINING' : isOff ? 'DEACTIVATED' : 'ACTIVE',
    since,
    hostname: `node-${String(number).padStart(2, '0')}`,
    ip: `10.1.${Math.floor(number / 250)}.${number % 250}`,
    port: 5051,
    version: '0.9.1',
    registered_at: NOW - 12 * DAY,
    attributes: [
      { name: 'rack', type: 'TEXT', text: { value: `b${number % 4}` } },
      { name: 'zone', type: 'TEXT', text: { value: `eu${number % 2}` } },
    ],
    total: totalOf(number),
    reserved: { cpus: number % 8 === 0 ? 1 : 0 },
    usage: { agent_id: { value: agentId(number) }, tasks, allocated, offered },
  };
}

const FRAMEWORKS: readonly (readonly [number, string, string])[] = [
  [1, 'shop', 'web/checkout'],
  [2, 'site', 'web/front'],
  [3, 'spark', 'analytics'],
  [7, 'jobs', 'batch'],
  [11, 'ci', 'dev'],
  ...Array.from({ length: 9 }, (_, index) => [20 + index, `svc-${index + 1}`, 'dev'] as const),
];

function frameworks({ frameworks: entries }: Books): api.Framework[] {
  return FRAMEWORKS.map(([number, name, role]): api.Framework => {
    const { tasks, offers, allocated, offered } = entries.get(frameworkId(number)) ?? NOTHING;
    const isGone = name === 'jobs';
    const sent = 1000 + 10 * offers;
    return {
      framework_id: { value: frameworkId(number) },
      state: isGone ? 'DISCONNECTED' : 'ACTIVE',
      since: isGone ? NOW - MINUTE : NOW - 10 * DAY + number,
      name,
      user: 'svc',
      roles: [role],
      principal: `${name}-svc`,
      hostname: `sched-${number}.example.com`,
      suppressed_roles: name === 'ci' ? [role] : [],
      registered_at: NOW - 10 * DAY,
      failover_timeout_seconds: role === 'dev' ? HOUR : 7 * DAY,
      ...(isGone ? { failover_deadline: NOW + 9 * MINUTE + 5 } : {}),
      usage: {
        framework_id: { value: frameworkId(number) },
        tasks,
        offers,
        dominant_share: allocated.cpus / 6400,
        allocated,
        offered,
        offers_sent: sent,
        offers_accepted: Math.round(sent * 0.61),
        offers_declined: Math.round(sent * 0.39),
        tasks_failed: number,
      },
    };
  });
}

function roles({ roles: entries }: Books): api.Role[] {
  const role = (name: string, weight: number, frameworks: number, more: Partial<api.Role> = {}): api.Role => {
    const { allocated, offered } = entries.get(name) ?? NOTHING;
    const fair_share = weight / (name.includes('/') ? 11 : 5.5);
    return { name, weight, frameworks, dominant_share: allocated.cpus / 6400, fair_share, allocated, offered, ...more };
  };
  return [
    role('web', 2, 2, { guarantee: { cpus: 2200 }, limit: { cpus: 2400, mem_mb: 9 * GB * GB } }),
    role('web/front', 1, 1),
    role('web/checkout', 1, 1, { reserved: { cpus: 64 } }),
    role('analytics', 1, 1, { reserved: { cpus: 125 } }),
    role('batch', 1, 1),
    role('dev', 0.5, 10, { limit: { cpus: 300, mem_mb: GB * GB } }),
  ];
}

function allOffers(placer: Placer): readonly api.Offer[] {
  const offers: api.Offer[] = [];
  const make = (count: number, framework: number, role: string, age: number) => {
    for (let index = 0; index < count; index++) {
      const resources = {
        cpus: OFFERED_CPUS[index % 4] ?? 1,
        mem_mb: (1 + (index % 3)) * GB,
        disk_mb: 10 * GB * (index % 4),
      };
      const agent = placer.take(resources);
      const made_at = NOW - age + (index % 10) / 10;
      offers.push({
        offer_id: { value: `${PREFIX}-O${100 * framework + index}` },
        framework_id: { value: frameworkId(framework) },
        agent_id: { value: agentId(agent) },
        role,
        resources,
        reserved: index % 5 === 0 ? { cpus: 1 } : {},
        revocable: index % 7 === 3 ? { cpus: 2 } : {},
        ports: 100 * (index % 3),
        made_at,
        expires_at: made_at + 60,
        ...(index % 11 === 2 ? { unavailable_at: NOW + 3 * HOUR + 5 } : {}),
      });
    }
  };
  make(60, 7, 'batch', 41);
  make(140, 3, 'analytics', 12);
  make(12, 1, 'web/checkout', 2);
  return offers;
}

const OFFERED_CPUS = [2, 1, 4, 2.5];

interface Kind {
  readonly name: string;
  readonly framework: number;
  readonly count: number;
  readonly resources: api.Amounts;
}

const KINDS: readonly Kind[] = [
  { name: 'web', framework: 1, count: 1196, resources: { cpus: 1, mem_mb: 512, disk_mb: 10 * GB } },
  { name: 'front', framework: 2, count: 768, resources: { cpus: 1, mem_mb: 2 * GB, disk_mb: 20 * GB } },
  { name: 'etl', framework: 3, count: 448, resources: { cpus: 4, mem_mb: 16 * GB, disk_mb: 100 * GB } },
  { name: 'train', framework: 7, count: 15, resources: { cpus: 8, mem_mb: 32 * GB, disk_mb: 200 * GB, gpus: 4 } },
  { name: 'job', framework: 7, count: 603, resources: { cpus: 1, mem_mb: 4 * GB, disk_mb: 20 * GB } },
  { name: 'build', framework: 11, count: 217, resources: { cpus: 1, mem_mb: 2 * GB, disk_mb: 10 * GB } },
  ...Array.from(
    { length: 9 },
    (_, index): Kind => ({
      name: `svc${index + 1}`,
      framework: 20 + index,
      count: 9 - index,
      resources: { cpus: 1, mem_mb: GB },
    }),
  ),
];

interface Load {
  /** As they were when the snapshot was taken: all of them run, or are about to. */
  readonly tasks: readonly api.Task[];
  readonly offers: readonly api.Offer[];
}

/** The largest first, as they are the hardest to place. */
function loadOf(): Load {
  const placer = new Placer();
  const odd = oddTasks(placer);
  const kinds = [...KINDS].sort((a, b) => (b.resources.cpus ?? 0) - (a.resources.cpus ?? 0));
  const tasks = kinds.flatMap((kind) =>
    Array.from({ length: kind.count }, (_, index) => runningTask(kind, index, placer.take(kind.resources))),
  );
  return { tasks: [...odd, ...tasks], offers: allOffers(placer) };
}

function task(id: string, framework: number, agent: number, state: mesos.TaskState, more: Partial<api.Task>): api.Task {
  return {
    framework_id: { value: frameworkId(framework) },
    task_id: { value: id },
    state,
    agent_id: { value: agentId(agent) },
    name: id.split('.')[0],
    role: FRAMEWORKS.find(([number]) => number === framework)?.[2],
    resources: { cpus: 1, mem_mb: 512 },
    ...more,
  };
}

function runningTask({ name, framework, resources }: Kind, index: number, agent: number): api.Task {
  const since = NOW - ((index % 9) + 1) * HOUR - 7 * index - framework;
  return task(`${name}.${(0x7f3a + index * 911).toString(16)}`, framework, agent, 'TASK_RUNNING', {
    resources,
    since,
    launched_at: since - 2,
    ...(framework < 3 ? { healthy: true } : {}),
    ip: `10.2.${index % 9}.${(index * 7) % 250}`,
    ports: [31000 + (index % 1000)],
  });
}

/** Puts things on agents that have room, one agent after the other. */
class Placer {
  private readonly free = new Map<number, Sums>();
  private last = 19;

  take(wanted: api.Amounts): number {
    for (let tries = 0; tries < AGENTS; tries++) {
      this.last = this.last >= AGENTS ? 20 : this.last + 1;
      if (this.last !== 60 && this.last !== 61 && this.fits(this.last, wanted)) return this.last;
    }
    throw new Error('the cluster of the mockups is full');
  }

  private fits(agent: number, wanted: api.Amounts): boolean {
    const free = this.free.get(agent) ?? totalOf(agent);
    const names = ['cpus', 'gpus', 'mem_mb', 'disk_mb'] as const;
    if (names.some((name) => (wanted[name] ?? 0) > free[name])) return false;
    for (const name of names) free[name] -= wanted[name] ?? 0;
    this.free.set(agent, free);
    return true;
  }
}

/** Those of node-09, as they are since it is silent. */
function unreachableTasks(): api.Task[] {
  return Array.from({ length: 31 }, (_, index) =>
    task(`web.${(0x90b1 + 3 * index).toString(16)}`, 1, 9, 'TASK_UNREACHABLE', {
      place: 'UNREACHABLE',
      since: NOW - 4 * MINUTE,
      launched_at: NOW - 5 * HOUR,
      resources: { cpus: 0.1, mem_mb: 256 },
      reason: 'REASON_AGENT_DISCONNECTED',
      message: 'Agent node-09 is unreachable',
    }),
  );
}

export function failedTask(): api.Task {
  return task('web.11d0', 1, 17, 'TASK_FAILED', {
    place: 'COMPLETED',
    since: NOW - 12,
    launched_at: NOW - 12 - 3 * HOUR - 12 * MINUTE,
    reason: 'REASON_CONTAINER_LIMITATION_MEMORY',
    source: 'SOURCE_AGENT',
    message: 'out of memory, limit 512M',
  });
}

function oddTasks(placer: Placer): readonly api.Task[] {
  const large = { cpus: 4, mem_mb: 16 * GB };
  const before = { place: 'LIVE', reason: undefined, message: undefined } as const;
  return [
    ...unreachableTasks().map((one): api.Task => ({ ...one, ...before, state: 'TASK_RUNNING', since: NOW - 5 * HOUR })),
    { ...failedTask(), ...before, state: 'TASK_RUNNING', since: NOW - 3 * HOUR },
    task('web.7f01', 1, 18, 'TASK_RUNNING', { since: NOW - 7 * DAY, launched_at: NOW - 7 * DAY, healthy: true }),
    task('etl.44', 3, placer.take(large), 'TASK_STAGING', {
      since: NOW - 71,
      launched_at: NOW - 71,
      resources: large,
      message: 'pulling image registry.lan/etl:4',
    }),
    task('etl.45', 3, placer.take(large), 'TASK_KILLING', {
      since: NOW - 5,
      launched_at: NOW - HOUR,
      resources: large,
    }),
  ];
}

function batches<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
