/**
 * The cluster of the mockups (design/ux), as the events that a master of it would write: "prod", 1,000 agents, 14 frameworks, 6 roles;
 * one agent unreachable, one role starved, one framework gone, a task that ran out of memory. Always the same.
 */
import { type ClusterModel, createClusterModel } from '../../../src/views/model/cluster-model.js';
import type * as api from '../../../src/wire/gen/mesoctl-api.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';

/** 2026-11-22 14:02:31 UTC */
export const NOW_MS = Date.UTC(2026, 10, 22, 14, 2, 31);
const NOW = NOW_MS / 1000;
const PREFIX = '9d4b1c2e-77aa-4f10-8b3d-6a5e0c11f0ca';
const AGENTS = 1000;
const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;

export interface MockupOptions {
  /** Tasks that only run, besides the odd ones. */
  readonly running?: number;
}

export function agentId(number: number): string {
  return `${PREFIX}-S${number}`;
}

export function frameworkId(number: number): string {
  return `${PREFIX}-${String(number).padStart(4, '0')}`;
}

/** The model after the snapshot and five minutes of life, live. */
export function mockupModel(options: MockupOptions = {}): ClusterModel {
  const model = createClusterModel();
  for (const event of mockupEvents(options)) {
    const at = NOW_MS + (event.time - NOW) * 1000;
    model.apply(event, at);
    model.tick(at);
  }
  model.tick(NOW_MS);
  return model;
}

export function mockupEvents({ running = 2000 }: MockupOptions = {}): readonly api.Event[] {
  const tasks = [...oddTasks(), ...Array.from({ length: running }, (_, index) => runningTask(index))];
  return [...snapshotEvents(tasks, NOW - 305), ...lifeEvents()];
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

export function snapshotEvents(tasks: readonly api.Task[], time: number, info = infoOf()): readonly api.Event[] {
  const agents = Array.from({ length: AGENTS }, (_, index) => agentOf(index + 1, time));
  const subscribed = {
    info,
    heartbeat_interval_seconds: 1,
    agents: AGENTS,
    frameworks: 14,
    tasks: tasks.length,
    offers: 212,
  };
  return [
    { type: 'SUBSCRIBED', time, subscribed },
    { type: 'SNAPSHOT', time, snapshot: { agents, frameworks: frameworks(), roles: roles() } },
    ...batches(tasks, 500).map((batch): api.Event => ({ type: 'SNAPSHOT', time, snapshot: { tasks: [...batch] } })),
    { type: 'SNAPSHOT', time, snapshot: { offers: offers(), counts: countsAt(0) } },
    { type: 'SNAPSHOT_END', time },
  ];
}

/** What happened in the last five minutes, a count each second. */
function lifeEvents(): readonly api.Event[] {
  const events: api.Event[] = [
    agentEvent(NOW - 4 * MINUTE, 'UNREACHABLE', { ...agentOf(9, NOW), state: 'UNREACHABLE', since: NOW - 4 * MINUTE }),
    { type: 'TASKS_UPDATED', time: NOW - 4 * MINUTE, tasks_updated: unreachableTasks() },
    {
      type: 'FRAMEWORKS_UPDATED',
      time: NOW - 33,
      frameworks_updated: { reason: 'RESUBSCRIBED', frameworks: frameworks().filter(({ name }) => name === 'ci') },
    },
    agentEvent(NOW - 14, 'REGISTERED', { ...agentOf(1000, NOW), registered_at: NOW - 14, since: NOW - 14 }),
    { type: 'TASKS_UPDATED', time: NOW - 12, tasks_updated: [failedTask()] },
  ];
  for (let second = 1; second <= 305; second++)
    events.push({ type: 'COUNTED', time: NOW - 305 + second, counted: countsAt(second) });
  return events
    .sort((a, b) => a.time - b.time)
    .filter(({ time }) => time <= NOW - 0.4)
    .concat({
      type: 'HEARTBEAT',
      time: NOW - 0.4,
    });
}

function agentEvent(time: number, reason: api.Event_AgentsUpdated_Reason, agent: api.Agent): api.Event {
  return { type: 'AGENTS_UPDATED', time, agents_updated: { reason, agents: [agent] } };
}

function countsAt(second: number): api.Counts {
  return {
    offers_sent: 38 * second,
    offers_accepted: 23 * second,
    offers_declined: 15 * second,
    tasks_launched: Math.round(12.4 * second + 450 * (1 - Math.cos(second / 49))),
    tasks_finished: 4 * second,
    tasks_failed: Math.floor(second / 18),
  };
}

function agentOf(number: number, _time: number): api.Agent {
  const isDraining = number >= 17 && number <= 19;
  const isOff = number === 60 || number === 61;
  const hasGpu = number % 10 === 5;
  const total = { cpus: 32, mem_mb: 128 * 1024, disk_mb: 1024 * 1024, gpus: hasGpu ? 4 : 0 };
  const tasks = number === 9 ? 31 : isDraining ? 12 - 3 * (number - 17) : 91 + ((number * 7) % 37);
  const cpus = isDraining ? 9 - 3 * (number - 17) : 20.5 + ((number * 5) % 12);
  const allocated = {
    cpus,
    mem_mb: (isDraining ? 30 - 9 * (number - 17) : 62 + ((number * 13) % 58)) * 1024,
    disk_mb: (22 + ((number * 7) % 57)) * 0.01 * 1024 * 1024,
    gpus: hasGpu && number % 20 === 5 ? 4 : 0,
  };
  const offered = isDraining || number === 9 ? {} : { cpus: 2 * (number % 4), mem_mb: 8 * (number % 3) * 1024 };
  return {
    agent_id: { value: agentId(number) },
    state: isDraining ? 'DRAINING' : isOff ? 'DEACTIVATED' : 'ACTIVE',
    since: isDraining ? NOW - 6 * DAY : NOW - 12 * DAY,
    hostname: `node-${String(number).padStart(2, '0')}`,
    ip: `10.1.${Math.floor(number / 250)}.${number % 250}`,
    port: 5051,
    version: '0.9.1',
    registered_at: NOW - 12 * DAY,
    attributes: [
      { name: 'rack', type: 'TEXT', text: { value: `b${number % 4}` } },
      { name: 'zone', type: 'TEXT', text: { value: `eu${number % 2}` } },
    ],
    total,
    reserved: { cpus: number % 8 === 0 ? 4 : 0 },
    usage: { agent_id: { value: agentId(number) }, tasks, allocated, offered },
  };
}

const FRAMEWORKS: readonly (readonly [number, string, string, number, number, number])[] = [
  [1, 'shop', 'web', 41_020, 0.312, 12],
  [3, 'spark', 'analytics', 22_914, 0.28, 140],
  [7, 'jobs', 'batch', 9_002, 0.113, 60],
  [11, 'ci', 'dev', 1_100, 0.041, 0],
];

function frameworks(): api.Framework[] {
  const named = FRAMEWORKS.map(([number, name, role, tasks, share, held]): api.Framework => {
    const isGone = name === 'jobs';
    return {
      framework_id: { value: frameworkId(number) },
      state: isGone ? 'DISCONNECTED' : 'ACTIVE',
      since: isGone ? NOW - MINUTE : NOW - 10 * DAY,
      name,
      user: 'svc',
      roles: [role],
      principal: `${name}-svc`,
      hostname: `sched-${number}.example.com`,
      suppressed_roles: name === 'ci' ? [role] : [],
      registered_at: NOW - 10 * DAY,
      failover_timeout_seconds: name === 'ci' ? HOUR : 7 * DAY,
      ...(isGone ? { failover_deadline: NOW + 9 * MINUTE + 5 } : {}),
      usage: {
        framework_id: { value: frameworkId(number) },
        tasks,
        offers: held,
        dominant_share: share,
        allocated: { cpus: 6400 * share, mem_mb: 25 * 1024 * 1024 * share },
        offers_sent: 1000 + 10 * held,
        offers_accepted: 610,
        offers_declined: 390,
        tasks_failed: number * 3,
      },
    };
  });
  const quiet = Array.from(
    { length: 10 },
    (_, index): api.Framework => ({
      framework_id: { value: frameworkId(20 + index) },
      state: 'ACTIVE',
      since: NOW - DAY,
      name: `svc-${index}`,
      roles: ['dev'],
      registered_at: NOW - DAY,
      failover_timeout_seconds: HOUR,
      usage: { framework_id: { value: frameworkId(20 + index) }, tasks: 3 + index, dominant_share: 0.001 },
    }),
  );
  return [...named, ...quiet];
}

function roles(): api.Role[] {
  const role = (name: string, weight: number, share: number, cpus: number, more: Partial<api.Role> = {}): api.Role => ({
    name,
    weight,
    frameworks: 1,
    dominant_share: share,
    fair_share: weight / 5.5,
    allocated: { cpus, mem_mb: cpus * 3.7 * 1024 },
    ...more,
  });
  return [
    role('web', 2, 0.312, 1996, {
      frameworks: 3,
      guarantee: { cpus: 2200 },
      limit: { cpus: 2400, mem_mb: 9 * 1024 * 1024 },
    }),
    role('web/front', 1, 0.12, 768),
    role('web/checkout', 1, 0.192, 1228, { frameworks: 2, reserved: { cpus: 64 } }),
    role('analytics', 1, 0.28, 1792, { frameworks: 2, reserved: { cpus: 512 } }),
    role('batch', 1, 0.113, 723),
    role('dev', 0.5, 0.041, 262, { frameworks: 9, limit: { cpus: 300, mem_mb: 1024 * 1024 } }),
  ];
}

function offers(): api.Offer[] {
  const held: api.Offer[] = [];
  const make = (count: number, framework: number, role: string, age: number, from: number) => {
    for (let index = 0; index < count; index++) {
      const agent = ((from + index) % AGENTS) + 1;
      held.push({
        offer_id: { value: `${PREFIX}-O${100 * framework + index}` },
        framework_id: { value: frameworkId(framework) },
        agent_id: { value: agentId(agent) },
        role,
        resources: {
          cpus: [8, 4, 12, 2.5][index % 4] ?? 1,
          mem_mb: (8 + 11 * (index % 3)) * 1024,
          disk_mb: 1024 * 10 * (index % 4),
        },
        reserved: index % 5 === 0 ? { cpus: 4 } : {},
        revocable: index % 7 === 3 ? { cpus: 2 } : {},
        ports: 100 * (index % 3),
        made_at: NOW - age + (index % 10) / 10,
        expires_at: NOW - age + 60,
        ...(index % 11 === 2 ? { unavailable_at: NOW + 3 * HOUR + 5 } : {}),
      });
    }
  };
  make(60, 7, 'batch', 41, 1);
  make(140, 3, 'analytics', 12, 20);
  make(12, 1, 'web', 2, 39);
  return held;
}

function task(id: string, framework: number, agent: number, state: mesos.TaskState, more: Partial<api.Task>): api.Task {
  return {
    framework_id: { value: frameworkId(framework) },
    task_id: { value: id },
    state,
    agent_id: { value: agentId(agent) },
    name: id.split('.')[0],
    role: framework === 3 ? 'analytics' : 'web',
    resources: { cpus: 1, mem_mb: 512 },
    ...more,
  };
}

export function runningTask(index: number): api.Task {
  const since = NOW - ((index % 9) + 1) * HOUR - index;
  return task(`web.${(0x7f3a + index * 911).toString(16)}`, 1, 20 + (index % 980), 'TASK_RUNNING', {
    since,
    launched_at: since - 2,
    healthy: true,
    ip: `10.1.${index % 9}.${(index * 7) % 250}`,
    ports: [31000 + (index % 1000)],
  });
}

/** Those of node-09, as they were when it was there. */
function unreachableTasks(): api.Task[] {
  return Array.from({ length: 31 }, (_, index) =>
    task(`web.${(0x90b1 + 3 * index).toString(16)}`, 1, 9, 'TASK_UNREACHABLE', {
      place: 'UNREACHABLE',
      since: NOW - 4 * MINUTE,
      launched_at: NOW - 5 * HOUR,
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

function oddTasks(): readonly api.Task[] {
  return [
    ...unreachableTasks().map(
      (one): api.Task => ({ ...one, state: 'TASK_RUNNING', place: 'LIVE', since: NOW - 5 * HOUR }),
    ),
    {
      ...failedTask(),
      state: 'TASK_RUNNING',
      place: 'LIVE',
      since: NOW - 3 * HOUR,
      reason: undefined,
      message: undefined,
    },
    task('etl.44', 3, 21, 'TASK_STAGING', {
      since: NOW - 71,
      launched_at: NOW - 71,
      resources: { cpus: 4, mem_mb: 16 * 1024 },
      message: 'pulling image registry.lan/etl:4',
    }),
    task('etl.45', 3, 22, 'TASK_KILLING', {
      since: NOW - 5,
      launched_at: NOW - HOUR,
      resources: { cpus: 4, mem_mb: 16 * 1024 },
    }),
  ];
}

function batches<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
