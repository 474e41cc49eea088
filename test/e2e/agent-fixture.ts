// What the tests of the agent share: a cluster of one real agent and a framework that runs one task after the other on
// it and looks into their sandboxes. Nothing here knows the code of the agent.
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Answer, type Json, offered, postJson, scalars, TERMINAL_STATES, TestScheduler } from '../harness/api.mjs';
import { type Cluster, type Daemon, startCluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';

export const isRoot = process.getuid?.() === 0;

/** An agent that checks its recovery, kills and output within the patience of a test. */
export const AGENT_RESOURCES = 'cpus:8;mem:4096;disk:1024;gpus:1;ports:[31000-32000]';

export async function startAgentCluster(args: readonly string[] = [], env: Record<string, string> = {}) {
  const cluster = await startCluster({
    agents: 1,
    master: { args: ['--filter-gpu-resources=false'] },
    agent: { resources: AGENT_RESOURCES, args: [...args], env },
  });
  // Scratch directories are closed to others; a work directory is not.
  chmodSync(cluster.scratchDir, 0o755);
  return cluster;
}

/** The one agent of a cluster. */
export function agentOf(cluster: Cluster): Daemon {
  const agent = cluster.agents[0];
  if (agent === undefined) throw new Error('the cluster has no agent');
  return agent;
}

export interface TaskOptions {
  readonly id?: string;
  readonly cpus?: number;
  readonly mem?: number;
  /** Members of TaskInfo, over those made here. */
  readonly info?: Json;
}

/** One task of a framework, as its scheduler knows it. */
export class Task {
  constructor(
    readonly framework: Framework,
    readonly id: string,
  ) {}

  statuses(): Json[] {
    return this.framework.scheduler.events
      .map((event) => event.update?.status)
      .filter((status) => status?.task_id.value === this.id);
  }

  states(): string[] {
    return this.statuses().map((status) => status.state);
  }

  /** The first status in that state; acknowledges whatever comes. */
  async reaches(state: string, deadlineMs = 20_000): Promise<Json> {
    return until(
      `${this.id} reaches ${state}`,
      async () => {
        await this.framework.acknowledgeAll();
        return this.statuses().find((status) => status.state === state);
      },
      { deadlineMs, explain: () => JSON.stringify(this.statuses()) },
    );
  }

  /** The terminal status, the only one; acknowledged. */
  async ended(deadlineMs = 20_000): Promise<Json> {
    return until(
      `${this.id} ends`,
      async () => {
        await this.framework.acknowledgeAll();
        return this.statuses().find((status) => TERMINAL_STATES.has(status.state));
      },
      { deadlineMs, explain: () => `${JSON.stringify(this.statuses())}\n${this.framework.cluster.logs()}` },
    );
  }

  get containerId(): string {
    return this.statuses().find((status) => status.container_status !== undefined)?.container_status.container_id.value;
  }

  /** Host path of its newest sandbox. */
  get sandbox(): string {
    const { agent, scheduler } = this.framework;
    const agentId = this.statuses()[0].agent_id.value;
    const framework = `slaves/${agentId}/frameworks/${scheduler.frameworkId.value}`;
    return join(agent.workDir, framework, `executors/${this.id}/runs`, this.containerId);
  }

  file(name: string): string {
    return readFileSync(join(this.sandbox, name), 'utf8');
  }

  get stdout(): string {
    return this.file('stdout');
  }

  /** Waits until stdout holds `text`. */
  async prints(text: string): Promise<void> {
    await until(
      `${this.id} prints ${text}`,
      () => {
        try {
          return this.stdout.includes(text);
        } catch {
          return false;
        }
      },
      { explain: () => JSON.stringify(this.statuses()) },
    );
  }

  kill(graceSecs?: number): Promise<Answer> {
    const policy =
      graceSecs === undefined ? {} : { kill_policy: { grace_period: { nanoseconds: Math.round(graceSecs * 1e9) } } };
    return this.framework.scheduler.call({ type: 'KILL', kill: { task_id: { value: this.id }, ...policy } });
  }
}

export class Framework {
  #acknowledged = 0;
  readonly #taken = new Set<string>();
  #tasks = 0;
  /** False: updates stay unacknowledged. */
  acknowledges = true;

  private constructor(
    readonly cluster: Cluster,
    readonly scheduler: TestScheduler,
  ) {}

  static async subscribe(cluster: Cluster, info: Json = {}): Promise<Framework> {
    const capabilities = [{ type: 'TASK_KILLING_STATE' }, { type: 'PARTITION_AWARE' }, { type: 'GPU_RESOURCES' }];
    const full = { user: 'root', name: 'agent-tests', checkpoint: true, capabilities, ...info };
    return new Framework(cluster, await TestScheduler.subscribe(cluster.master.url, full));
  }

  get agent(): Daemon {
    return agentOf(this.cluster);
  }

  /** One acknowledgement for each update, repeated ones too: the one before may have been lost with its agent. */
  async acknowledgeAll(): Promise<void> {
    while (this.acknowledges && this.#acknowledged < this.scheduler.events.length) {
      const status = this.scheduler.events[this.#acknowledged++].update?.status;
      if (status !== undefined) await this.scheduler.acknowledge(status);
    }
  }

  /** Launches a task; `command` is a shell line or a whole CommandInfo. */
  async start(command: string | Json, options: TaskOptions = {}): Promise<Task> {
    return present((await this.startAll([command], options))[0]);
  }

  /** Launches tasks on one offer. */
  async startAll(commands: readonly (string | Json)[], options: TaskOptions = {}): Promise<Task[]> {
    const wanted = { cpus: options.cpus ?? 0.1, mem: options.mem ?? 32 };
    const tasks = commands.map(() => {
      this.#tasks += 1;
      return new Task(this, options.id ?? `task-${this.#tasks}`);
    });
    const infos = tasks.map((task, i) => ({
      name: task.id,
      task_id: { value: task.id },
      resources: scalars(wanted),
      command: typeof commands[i] === 'string' ? { value: commands[i] } : commands[i],
      ...options.info,
    }));
    await this.#launch(infos, wanted.cpus * commands.length, wanted.mem * commands.length);
    return tasks;
  }

  async #launch(infos: readonly Json[], cpus: number, mem: number): Promise<void> {
    // What ended tasks gave back may come in many small offers.
    const find = () => {
      const free = this.scheduler.offers().filter((offer) => !this.#taken.has(offer.id.value));
      const one = free.find((offer) => offered([offer], 'cpus') >= cpus && offered([offer], 'mem') >= mem);
      if (one !== undefined) return [one];
      return offered(free, 'cpus') >= cpus && offered(free, 'mem') >= mem ? free : undefined;
    };
    const offers = await until('offers', find, { explain: () => this.cluster.logs() });
    for (const offer of offers) this.#taken.add(offer.id.value);
    const answer = await this.scheduler.launch(offers, infos, { refuse_seconds: 0 });
    if (answer.status !== 202) throw new Error(`ACCEPT: ${answer.status} ${answer.text}`);
  }

  /** Sends operations on the next offer of some size. */
  async accept(operations: (offer: Json) => readonly Json[]): Promise<void> {
    const free = () => this.scheduler.offers().filter((offer) => !this.#taken.has(offer.id.value));
    const find = () => free().find((offer) => ['cpus', 'mem', 'disk'].every((name) => offered([offer], name) >= 1));
    const offer = await until('an offer', find, { explain: () => this.cluster.logs() });
    this.#taken.add(offer.id.value);
    const accept = { offer_ids: [offer.id], operations: operations(offer), filters: { refuse_seconds: 0 } };
    const answer = await this.scheduler.call({ type: 'ACCEPT', accept });
    if (answer.status !== 202) throw new Error(`ACCEPT: ${answer.status} ${answer.text}`);
  }

  /** Runs a task to its end. */
  async run(command: string | Json, options: TaskOptions = {}): Promise<{ task: Task; end: Json }> {
    const task = await this.start(command, options);
    return { task, end: await task.ended() };
  }

  /** Gives up its offers and takes no more, so that a second framework gets them. */
  async makeRoom(info: Json): Promise<Framework> {
    await this.scheduler.call({ type: 'SUPPRESS', suppress: {} });
    const offers = this.scheduler.offers().filter((offer) => !this.#taken.has(offer.id.value));
    for (const offer of offers) this.#taken.add(offer.id.value);
    const offerIds = offers.map((offer) => offer.id);
    if (offerIds.length > 0) await this.scheduler.call({ type: 'DECLINE', decline: { offer_ids: offerIds } });
    return Framework.subscribe(this.cluster, info);
  }

  /** Ends the second framework and takes offers again. */
  async takeBack(other: Framework): Promise<void> {
    await other.tearDown();
    await this.scheduler.call({ type: 'REVIVE', revive: {} });
  }

  tearDown(): Promise<Answer> {
    const frameworkId = this.scheduler.frameworkId;
    return postJson(`${this.cluster.master.url}/api/v1`, { type: 'TEARDOWN', teardown: { framework_id: frameworkId } });
  }
}

export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('missing value');
  return value;
}

/** A call of the agent's v1 API. */
export async function callAgent(agent: Daemon, body: Json): Promise<{ status: number; text: string; body: Json }> {
  const answer = await postJson(`${agent.url}/api/v1`, body);
  let parsed: Json;
  try {
    parsed = JSON.parse(answer.text);
  } catch {
    parsed = undefined;
  }
  return { status: answer.status, text: answer.text, body: parsed };
}

/** Pids of living processes whose command line holds `mark`, zombies excepted. */
export function findMarked(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const isZombie = stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
        return !isZombie && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(mark);
      } catch {
        return false;
      }
    })
    .map(Number);
}

export interface Processes {
  readonly supervisor: number;
  readonly init: number;
}

/** Supervisor and init of a running task; the title of a supervisor names its container. */
export function processesOf(task: Task): Processes {
  const supervisor = present(findMarked(`mesoctl-supervisor ${task.containerId}`)[0]);
  const init = present(readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8').trim().split(' ')[0]);
  return { supervisor, init: Number(init) };
}

/** Pid of the agent's launcher. */
export function launcherOf(agent: Daemon): number {
  const children = readFileSync(`/proc/${agent.pid}/task/${agent.pid}/children`, 'utf8').trim().split(/\s+/);
  const launcher = children.find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('mesoctl-launche'));
  return Number(present(launcher));
}
