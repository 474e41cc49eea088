/**
 * A master of a few things, in memory: answers FIND by id, name and prefix, streams a snapshot and then what it is told to,
 * and ends tasks that it is told to kill.
 */
import { MesoError } from '../../../../src/base/error.js';
import type { ClusterClient } from '../../../../src/cli/cluster/session.js';
import type * as master from '../../../../src/wire/gen/master.js';
import type * as api from '../../../../src/wire/gen/mesoctl-api.js';

export const PREFIX = '9d4b1c22-0000-4000-8000-00000000f0ca';

export const INFO: api.Response_Info = {
  cluster_id: 'c1d2e3f4-0000-4000-8000-000000000001',
  cluster_name: 'prod',
  term: 14,
  master_info: { id: PREFIX, ip: 0, port: 5050, hostname: 'm2', address: { hostname: 'm2', port: 5050 } },
  api_version: 2,
  version: '0.9.1',
  started_at: 900,
  elected_at: 1000,
};

export function agentOf(number: number, facts: Partial<api.Agent> = {}): api.Agent {
  return {
    agent_id: { value: `${PREFIX}-S${number}` },
    state: 'ACTIVE',
    since: 1000,
    hostname: `node-${number}`,
    ip: '127.0.0.1',
    port: 5051,
    total: { cpus: 4, gpus: 0, mem_mb: 4096, disk_mb: 8192 },
    ...facts,
  };
}

export function frameworkOf(number: number, facts: Partial<api.Framework> = {}): api.Framework {
  const id = `${PREFIX}-${String(number).padStart(4, '0')}`;
  return { framework_id: { value: id }, state: 'ACTIVE', since: 1000, name: `framework-${number}`, ...facts };
}

export function taskOf(id: string, facts: Partial<api.Task> = {}): api.Task {
  return {
    framework_id: { value: `${PREFIX}-0001` },
    task_id: { value: id },
    state: 'TASK_RUNNING',
    place: 'LIVE',
    since: 1000,
    launched_at: 990,
    agent_id: { value: `${PREFIX}-S1` },
    name: id.split('.')[0],
    role: 'web',
    resources: { cpus: 1, mem_mb: 512 },
    ...facts,
  };
}

export interface FakeThings {
  readonly agents?: readonly api.Agent[];
  readonly frameworks?: readonly api.Framework[];
  readonly tasks?: readonly api.Task[];
  readonly offers?: readonly api.Offer[];
  readonly roles?: readonly api.Role[];
}

const CHANGES: ReadonlySet<unknown> = new Set([
  'UPDATE_QUOTA',
  'UPDATE_MAINTENANCE_SCHEDULE',
  'START_MAINTENANCE',
  'STOP_MAINTENANCE',
]);

export class FakeCluster implements ClusterClient {
  readonly master = { host: 'm2', port: 5050 };
  /** Task ids, as they were told; with `?` behind for a dry run. */
  readonly killed: string[] = [];
  readonly tornDown: string[] = [];
  /** Calls that change something. */
  readonly calls: master.Call[] = [];
  /** Those that were only asked about. */
  readonly checks: master.Call[] = [];
  /** To calls that read, by their type. */
  answers: Readonly<Record<string, master.Response>> = {};
  /** What is said to changes of quota and maintenance. */
  judge: (call: master.Call) => Promise<void> = () => Promise.resolve();
  readonly finds: api.Call_Find[] = [];
  /** How a task that is killed ends; undefined: it does not. */
  endState: api.Task['state'] | undefined = 'TASK_KILLED';
  /** What the kill of a task, or a change of an agent, is answered with instead. */
  refusal: MesoError | undefined;
  waitsForAgent = false;
  readonly #things: FakeThings;
  readonly #queue: api.Event[] = [];
  #wake: () => void = () => undefined;

  constructor(things: FakeThings = {}) {
    this.#things = things;
  }

  /** Sends one more event to whoever watches. */
  tell(event: Omit<api.Event, 'time'>): void {
    this.#queue.push({ time: 1100, ...event });
    this.#wake();
  }

  async *watch(request: api.Call_Subscribe, signal: AbortSignal): AsyncGenerator<api.Event, void> {
    const { agents = [], frameworks = [], tasks = [], offers = [], roles = [] } = this.#things;
    yield { type: 'SUBSCRIBED', time: 1100, subscribed: { info: INFO, heartbeat_interval_seconds: 1 } };
    const snapshot = { agents: [...agents], frameworks: [...frameworks], tasks: [...tasks] };
    yield { type: 'SNAPSHOT', time: 1100, snapshot: { ...snapshot, offers: [...offers], roles: [...roles] } };
    yield { type: 'SNAPSHOT_END', time: 1100 };
    if (request.snapshot_only === true) return;
    while (!signal.aborted) {
      const event = this.#queue.shift();
      if (event !== undefined) yield event;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
    }
  }

  find(request: api.Call_Find): Promise<api.Response_Find> {
    this.finds.push(request);
    const matches = this.#matches(request.kind).filter(({ names, match }) => {
      if (request.framework_id !== undefined && match.task?.framework_id.value !== request.framework_id.value)
        return false;
      return names.some(
        (name) => name.startsWith(request.reference) || (!request.complete && name.endsWith(request.reference)),
      );
    });
    const exact = matches.filter(({ names }) => names.includes(request.reference));
    const found = request.complete !== true && exact.length > 0 ? exact : matches;
    return Promise.resolve({
      total: found.length,
      matches: found.slice(0, request.limit ?? 10).map(({ match }) => match),
    });
  }

  killTask(request: api.Call_KillTask): Promise<api.Response_KillTask> {
    const id = request.task_id.value;
    this.killed.push(`${id}${request.dry_run === true ? '?' : ''}`);
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    const task = this.#things.tasks?.find(({ task_id }) => task_id.value === id);
    if (task === undefined) return Promise.reject(new MesoError('NOT_FOUND', `no task ${id}`));
    if (request.dry_run !== true && this.endState !== undefined)
      this.tell({ type: 'TASKS_UPDATED', tasks_updated: [{ ...task, state: this.endState, place: 'COMPLETED' }] });
    return Promise.resolve({ task, waits_for_agent: this.waitsForAgent });
  }

  teardown({ value }: { readonly value: string }): Promise<void> {
    this.tornDown.push(value);
    return Promise.resolve();
  }

  getInfo(): Promise<api.Response_Info> {
    return Promise.resolve(INFO);
  }

  check(call: master.Call): Promise<void> {
    this.checks.push(call);
    return this.judge(call);
  }

  call(call: master.Call): Promise<master.Response> {
    const answer = this.answers[call.type ?? ''];
    if (answer !== undefined) return Promise.resolve(answer);
    if (CHANGES.has(call.type)) {
      this.calls.push(call);
      return this.judge(call).then(() => ({}));
    }
    if (call.type?.endsWith('_AGENT') === true || call.type === 'MARK_AGENT_GONE') {
      this.calls.push(call);
      return this.refusal === undefined ? Promise.resolve({}) : Promise.reject(this.refusal);
    }
    if (call.type !== 'GET_METRICS') return Promise.reject(new Error(`unexpected ${call.type}`));
    const metrics = [{ name: 'master/operator_event_stream_subscribers', value: 2 }];
    return Promise.resolve({ type: 'GET_METRICS', get_metrics: { metrics } });
  }

  #matches(kind: api.Kind): { readonly names: readonly string[]; readonly match: api.Response_Match }[] {
    const { agents = [], frameworks = [], tasks = [], offers = [], roles = [] } = this.#things;
    const last = (id: string) => (id.startsWith(PREFIX) ? id.slice(PREFIX.length + 1) : id);
    switch (kind) {
      case 'AGENTS':
        return agents.map((agent) => ({
          names: [agent.agent_id.value, last(agent.agent_id.value), agent.hostname ?? ''],
          match: { agent },
        }));
      case 'FRAMEWORKS':
        return frameworks.map((framework) => ({
          names: [framework.framework_id.value, last(framework.framework_id.value), framework.name ?? ''],
          match: { framework, framework_detail: detailOf(framework) },
        }));
      case 'TASKS':
        return tasks.map((task) => ({
          names: [task.task_id.value, task.name ?? ''],
          match: {
            task,
            framework: frameworks.find(({ framework_id }) => framework_id.value === task.framework_id.value),
            agent: agents.find(({ agent_id }) => agent_id.value === task.agent_id?.value),
          },
        }));
      case 'OFFERS':
        return offers.map((offer) => ({ names: [offer.offer_id.value], match: { offer } }));
      case 'ROLES':
        return roles.map((role) => ({ names: [role.name], match: { role } }));
      default:
        return [];
    }
  }
}

/** `principal` stands for the label of `task launch`, so that a test can say it in one word. */
function detailOf(framework: api.Framework): master.Response_GetFrameworks_Framework {
  const isDetached = framework.principal === 'detached';
  return {
    framework_info: {
      user: 'root',
      name: framework.name ?? '',
      ...(isDetached ? { labels: { labels: [{ key: 'mesoctl.task-launch', value: 'detached' }] } } : {}),
    },
    active: framework.state === 'ACTIVE',
    connected: framework.state === 'ACTIVE',
    recovered: false,
  };
}
