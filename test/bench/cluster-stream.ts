/**
 * A cluster that exists only as its event stream: what a master of that size would write to subscribers of the extension
 * API, from one seed. It drives the benchmark of the view model and stands behind a fake master. It keeps its own books, so
 * that what it says always adds up: usage is the sum of tasks and offers, a launch follows an accepted offer, ends free what
 * launches took. Reads no clock: time is what `advance` says. Events are never changed after they were handed out.
 */
import { formatUuid, type Random, randomUuidBytes, seededRandom } from '../../src/base/random.js';
import { Timers } from '../../src/base/timers.js';
import type * as api from '../../src/wire/gen/mesoctl-api.js';
import type * as mesos from '../../src/wire/gen/mesos.js';

export interface ClusterStreamOptions {
  readonly seed: number;
  readonly agents: number;
  /** Live ones; their number stays about this. */
  readonly tasks: number;
  readonly frameworks: number;
  /** Events a second without the ones that come once a second (usage, roles, counts). */
  readonly eventsPerSecond: number;
  readonly startUnixMs: number;
  /** Completed tasks that the master remembers; the oldest are forgotten. */
  readonly completedTasks?: number | undefined;
  /** Seconds between two agents that fall silent for a while; 0: none ever does. */
  readonly unreachableEverySeconds?: number | undefined;
  readonly clusterName?: string | undefined;
}

/** At most so many things in one event. */
const BATCH = 500;
const OFFER_TIMEOUT_SECONDS = 120;
const SILENCE_MS = 30_000;

interface Books {
  cpus: number;
  gpus: number;
  mem_mb: number;
  disk_mb: number;
}

interface SimAgent {
  readonly id: string;
  readonly hostname: string;
  readonly ip: string;
  readonly rack: string;
  readonly total: Books;
  readonly allocated: Books;
  readonly offered: Books;
  readonly tasks: Set<SimTask>;
  readonly offers: Set<SimOffer>;
  readonly registeredAt: number;
  state: api.Agent_State;
  since: number;
}

interface SimFramework {
  readonly id: string;
  readonly name: string;
  readonly role: SimRole;
  readonly allocated: Books;
  readonly offered: Books;
  readonly registeredAt: number;
  tasks: number;
  offers: number;
  launched: number;
  sent: number;
  accepted: number;
  declined: number;
  failed: number;
}

interface SimRole {
  readonly name: string;
  readonly parent: SimRole | undefined;
  readonly weight: number;
  readonly allocated: Books;
  readonly offered: Books;
  readonly hasQuota: boolean;
  frameworks: number;
}

interface SimTask {
  readonly agent: SimAgent;
  readonly framework: SimFramework;
  readonly books: Books;
  /** What the stream says about it now; replaced, never changed. */
  wire: api.Task;
  /** Where it stands in the list of live tasks; -1: it ended. */
  position: number;
}

interface SimOffer {
  readonly wire: api.Offer;
  readonly agent: SimAgent;
  readonly framework: SimFramework;
  readonly books: Books;
  position: number;
}

type Due =
  | { readonly kind: 'task'; readonly task: SimTask; readonly state: mesos.TaskState }
  | { readonly kind: 'return'; readonly agent: SimAgent }
  | { readonly kind: 'silence' };

const TASK_SHAPES: readonly Books[] = [
  { cpus: 0.25, gpus: 0, mem_mb: 128, disk_mb: 0 },
  { cpus: 0.5, gpus: 0, mem_mb: 256, disk_mb: 64 },
  { cpus: 1, gpus: 0, mem_mb: 512, disk_mb: 256 },
  { cpus: 2, gpus: 0, mem_mb: 2048, disk_mb: 1024 },
  { cpus: 4, gpus: 0, mem_mb: 8192, disk_mb: 4096 },
];
const NAMES = ['shop', 'spark', 'jobs', 'ci', 'search', 'ads', 'mail', 'billing', 'video', 'maps'];
const ROLE_NAMES = ['web/front', 'web/checkout', 'analytics', 'batch', 'dev', 'ops/infra', 'ops/backup', 'ml'];

/** How a task fails: reason, words of the agent, share of all failures. */
const FAILURES: readonly (readonly [number, mesos.TaskStatus_Reason, string])[] = [
  [0.4, 'REASON_CONTAINER_LIMITATION_MEMORY', 'Memory limit exceeded: limit 512.0 MB, peak 512.0 MB'],
  [0.7, 'REASON_COMMAND_EXECUTOR_FAILED', 'Command exited with status 1'],
  [0.9, 'REASON_COMMAND_EXECUTOR_FAILED', 'Command terminated with signal Killed'],
  [1, 'REASON_CONTAINER_LAUNCH_FAILED', 'Failed to fetch registry.lan/shop/web:1.9: 404'],
];

export class ClusterStream {
  readonly #options: ClusterStreamOptions;
  readonly #random: Random;
  readonly #timers = new Timers<Due>();
  readonly #agents: SimAgent[] = [];
  readonly #frameworks: SimFramework[] = [];
  readonly #roles: SimRole[] = [];
  readonly #live: SimTask[] = [];
  readonly #byTaskKey = new Map<string, SimTask>();
  readonly #completed: SimTask[] = [];
  #completedFrom = 0;
  readonly #offers: SimOffer[] = [];
  /** Second halves of what already began: they go out before anything new. */
  readonly #backlog: ((time: number) => api.Event | undefined)[] = [];
  readonly #usedAgents = new Set<SimAgent>();
  readonly #usedFrameworks = new Set<SimFramework>();
  readonly #usedRoles = new Set<SimRole>();
  readonly #clusterTotal: Books = zero();
  readonly #clusterId: string;
  #counts = noCounts();
  #prefix: string;
  #term = 14;
  #leader = 2;
  #electedAt: number;
  #nowMs: number;
  #nextSecondMs: number;
  #nextOffer = 1;

  constructor(options: ClusterStreamOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#clusterId = formatUuid(randomUuidBytes(this.#random));
    this.#prefix = formatUuid(randomUuidBytes(this.#random));
    this.#nowMs = options.startUnixMs;
    this.#nextSecondMs = options.startUnixMs + 1000;
    this.#electedAt = options.startUnixMs / 1000 - 86_400;
    this.#makeRoles();
    this.#makeFrameworks();
    this.#makeAgents();
    for (let i = 0; i < options.tasks; i++) this.#makeRunningTask(i);
    if ((options.unreachableEverySeconds ?? 20) > 0) this.#armSilence();
    this.#clearUsed();
  }

  get liveTasks(): number {
    return this.#live.length;
  }

  /** What a new subscriber is told first: SUBSCRIBED, SNAPSHOTs, SNAPSHOT_END, all as of now. Take it without a pause. */
  *subscribe(): Generator<api.Event> {
    const time = this.#nowMs / 1000;
    yield {
      type: 'SUBSCRIBED',
      time,
      subscribed: {
        info: this.info(),
        heartbeat_interval_seconds: 1,
        agents: this.#agents.length,
        frameworks: this.#frameworks.length,
        tasks: this.#live.length + this.#completed.length - this.#completedFrom,
        offers: this.#offers.length,
      },
    };
    const snapshot = (part: api.Event_Snapshot): api.Event => ({ type: 'SNAPSHOT', time, snapshot: part });
    for (const part of batches(this.#frameworks))
      yield snapshot({ frameworks: part.map((one) => this.#wireFramework(one)) });
    for (const part of batches(this.#agents)) yield snapshot({ agents: part.map((one) => this.#wireAgent(one)) });
    for (const part of batches(this.#live)) yield snapshot({ tasks: part.map((one) => one.wire) });
    for (const part of batches(this.#completed.slice(this.#completedFrom)))
      yield snapshot({ tasks: part.map((one) => one.wire) });
    for (const part of batches(this.#offers)) yield snapshot({ offers: part.map((one) => one.wire) });
    yield snapshot({ roles: this.#roles.map((one) => this.#wireRole(one)), counts: this.#wireCounts() });
    yield { type: 'SNAPSHOT_END', time };
  }

  /** Everything that happened since the last call, oldest first. */
  *advance(nowUnixMs: number): Generator<api.Event> {
    const stepMs = 1000 / this.#options.eventsPerSecond;
    while (this.#nowMs + stepMs <= nowUnixMs) {
      this.#nowMs += stepMs;
      while (this.#nowMs >= this.#nextSecondMs) {
        yield* this.#everySecond(this.#nextSecondMs / 1000);
        this.#nextSecondMs += 1000;
      }
      const event = this.#step(this.#nowMs / 1000);
      if (event !== undefined) yield event;
    }
  }

  heartbeat(): api.Event {
    return { type: 'HEARTBEAT', time: this.#nowMs / 1000 };
  }

  info(): api.Response_Info {
    return {
      cluster_id: this.#clusterId,
      term: this.#term,
      master_info: {
        id: this.#prefix,
        ip: 0x0100000a,
        port: 5050,
        hostname: `m${this.#leader}`,
        address: { hostname: `m${this.#leader}`, ip: '10.0.0.1', port: 5050 },
      },
      api_version: 1,
      cluster_name: this.#options.clusterName ?? 'prod',
      version: '0.9.1',
      started_at: this.#electedAt - 60,
      elected_at: this.#electedAt,
    };
  }

  /** Another master leads from now on, and counts from zero. Subscribers must come again. */
  elect(leader: number): void {
    this.#leader = leader;
    this.#term++;
    this.#electedAt = this.#nowMs / 1000;
    this.#prefix = formatUuid(randomUuidBytes(this.#random));
    this.#counts = noCounts();
  }

  findTask(frameworkId: string, taskId: string): api.Task | undefined {
    return this.#byTaskKey.get(`${frameworkId}/${taskId}`)?.wire;
  }

  /** KILL_TASK: the task is KILLING in the next events of `advance`, and KILLED about a second later. */
  kill(frameworkId: string, taskId: string): boolean {
    const task = this.#byTaskKey.get(`${frameworkId}/${taskId}`);
    if (task === undefined || task.position < 0) return false;
    this.#backlog.push((time) => (task.position < 0 ? undefined : this.#beginKill(task, time)));
    return true;
  }

  #makeRoles(): void {
    const byName = new Map<string, SimRole>();
    const make = (name: string): SimRole => {
      const known = byName.get(name);
      if (known !== undefined) return known;
      const slash = name.lastIndexOf('/');
      const role: SimRole = {
        name,
        parent: slash < 0 ? undefined : make(name.slice(0, slash)),
        weight: 1 + (byName.size % 3) / 2,
        allocated: zero(),
        offered: zero(),
        hasQuota: byName.size % 4 === 0,
        frameworks: 0,
      };
      byName.set(name, role);
      this.#roles.push(role);
      return role;
    };
    for (let i = 0; i < Math.max(1, Math.min(this.#options.frameworks, 400)); i++) {
      const base = ROLE_NAMES[i % ROLE_NAMES.length] ?? 'dev';
      make(i < ROLE_NAMES.length ? base : `${base}-${Math.floor(i / ROLE_NAMES.length)}`);
    }
  }

  #makeFrameworks(): void {
    const leaves = this.#roles.filter((role) => !this.#roles.some((other) => other.parent === role));
    for (let i = 0; i < this.#options.frameworks; i++) {
      const role = leaves[i % leaves.length] as SimRole;
      role.frameworks++;
      const name = NAMES[i % NAMES.length] ?? 'app';
      this.#frameworks.push({
        id: `${this.#prefix}-${String(i + 1).padStart(4, '0')}`,
        name: i < NAMES.length ? name : `${name}-${Math.floor(i / NAMES.length)}`,
        role,
        allocated: zero(),
        offered: zero(),
        registeredAt: this.#electedAt + i * 0.1,
        tasks: 0,
        offers: 0,
        launched: 0,
        sent: 0,
        accepted: 0,
        declined: 0,
        failed: 0,
      });
    }
  }

  #makeAgents(): void {
    const perAgent = this.#options.tasks / this.#options.agents;
    const scale = Math.max(1, Math.ceil(perAgent / 10));
    const digits = String(this.#options.agents).length;
    for (let i = 0; i < this.#options.agents; i++) {
      const total = {
        cpus: 32 * scale,
        gpus: i % 16 === 0 ? 4 : 0,
        mem_mb: 131_072 * scale,
        disk_mb: 1_048_576 * scale,
      };
      add(this.#clusterTotal, total, 1);
      this.#agents.push({
        id: `${this.#prefix}-S${i}`,
        hostname: `node-${String(i).padStart(digits, '0')}`,
        ip: `10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`,
        rack: `b${i % 40}`,
        total,
        allocated: zero(),
        offered: zero(),
        tasks: new Set(),
        offers: new Set(),
        registeredAt: this.#electedAt + i * 0.01,
        state: i % 500 === 499 ? 'DRAINING' : 'ACTIVE',
        since: this.#electedAt + i * 0.01,
      });
    }
  }

  #makeRunningTask(i: number): void {
    const agent = this.#agents[i % this.#agents.length] as SimAgent;
    const framework = this.#frameworks[Math.floor(this.#random.next() ** 2 * this.#frameworks.length)] as SimFramework;
    const since = this.#options.startUnixMs / 1000 - 60 - Math.floor(this.#random.next() * 86_000);
    const task = this.#place(agent, framework, since);
    task.wire = { ...task.wire, state: 'TASK_RUNNING', ...this.#runningFacts(task) };
  }

  #place(agent: SimAgent, framework: SimFramework, time: number): SimTask {
    const books = TASK_SHAPES[Math.floor(this.#random.next() * TASK_SHAPES.length)] as Books;
    const suffix = Math.floor(this.#random.next() * 0x10000).toString(16);
    const id = `${framework.name}.${framework.launched++}.${suffix}`;
    const task: SimTask = {
      agent,
      framework,
      books,
      position: this.#live.length,
      wire: {
        framework_id: { value: framework.id },
        task_id: { value: id },
        state: 'TASK_STAGING',
        since: time,
        launched_at: time,
        agent_id: { value: agent.id },
        executor_id: { value: id },
        name: id,
        role: framework.role.name,
        resources: { ...books },
      },
    };
    this.#live.push(task);
    this.#byTaskKey.set(taskKey(task), task);
    agent.tasks.add(task);
    framework.tasks++;
    this.#book('allocated', task, 1);
    return task;
  }

  #runningFacts(task: SimTask): Partial<api.Task> {
    return {
      healthy: true,
      ip: task.agent.ip,
      ports: [31_000 + (task.framework.launched % 1000)],
      source: 'SOURCE_EXECUTOR',
    };
  }

  #step(time: number): api.Event | undefined {
    for (let next = this.#backlog.shift(); next !== undefined; next = this.#backlog.shift()) {
      const event = next(time);
      if (event !== undefined) return event;
    }
    if ((this.#timers.nextDeadlineMs() ?? Number.POSITIVE_INFINITY) <= this.#nowMs) {
      const due = this.#timers.pop(this.#nowMs);
      const event = due === undefined ? undefined : this.#onDue(due, time);
      if (event !== undefined) return event;
    }
    const draw = this.#random.next();
    const wanted = this.#agents.length / 20;
    if (this.#offers.length === 0 || (draw < 0.5 && this.#offers.length < wanted)) return this.#makeOffer(time);
    if (draw < 0.65 || this.#offers.length > 2 * wanted) return this.#declineOffer(time);
    if (this.#live.length < this.#options.tasks) return this.#acceptOffer(time);
    return this.#endTask(time);
  }

  #onDue(due: Due, time: number): api.Event | undefined {
    if (due.kind === 'silence') return this.#silence(time);
    if (due.kind === 'return') return this.#return(due.agent, time);
    if (due.task.position < 0 || due.task.agent.state === 'UNREACHABLE') return undefined;
    if (due.task.wire.state === 'TASK_KILLING' && due.state !== 'TASK_KILLED') return undefined;
    if (due.state === 'TASK_KILLED') return this.#finish(due.task, time, { state: 'TASK_KILLED' });
    if (due.state === 'TASK_STARTING') this.#arm(due.task, 'TASK_RUNNING', 600);
    const facts = due.state === 'TASK_RUNNING' ? this.#runningFacts(due.task) : {};
    return tasksUpdated(time, [update(due.task, { state: due.state, since: time, ...facts })]);
  }

  #arm(task: SimTask, state: mesos.TaskState, afterMs: number): void {
    this.#timers.arm(this.#nowMs + afterMs, { kind: 'task', task, state });
  }

  #makeOffer(time: number): api.Event | undefined {
    for (let tries = 0; tries < 8; tries++) {
      const agent = pick(this.#agents, this.#random);
      const framework = pick(this.#frameworks, this.#random);
      if (agent.state !== 'ACTIVE' || agent.offers.size > 0) continue;
      const books = difference(agent.total, agent.allocated);
      if (books.cpus < 4 || books.mem_mb < 8192) continue;
      return { type: 'OFFERS_MADE', time, offers_made: [this.#newOffer(agent, framework, books, time)] };
    }
    return undefined;
  }

  #newOffer(agent: SimAgent, framework: SimFramework, books: Books, time: number): api.Offer {
    const offer: SimOffer = {
      agent,
      framework,
      books,
      position: this.#offers.length,
      wire: {
        offer_id: { value: `${this.#prefix}-O${this.#nextOffer++}` },
        framework_id: { value: framework.id },
        agent_id: { value: agent.id },
        role: framework.role.name,
        resources: { ...books },
        ports: 1000,
        made_at: time,
        expires_at: time + OFFER_TIMEOUT_SECONDS,
      },
    };
    this.#offers.push(offer);
    agent.offers.add(offer);
    framework.offers++;
    framework.sent++;
    this.#counts.sent++;
    this.#book('offered', offer, 1);
    return offer.wire;
  }

  #declineOffer(time: number): api.Event {
    const offer = pick(this.#offers, this.#random);
    offer.framework.declined++;
    this.#counts.declined++;
    return { type: 'OFFERS_ENDED', time, offers_ended: [this.#endOffer(offer, 'DECLINED', 5)] };
  }

  #acceptOffer(time: number): api.Event {
    const offer = pick(this.#offers, this.#random);
    const { agent, framework } = offer;
    framework.accepted++;
    this.#counts.accepted++;
    this.#backlog.push((launchTime) => this.#launch(agent, framework, launchTime));
    return { type: 'OFFERS_ENDED', time, offers_ended: [this.#endOffer(offer, 'ACCEPTED', 5)] };
  }

  #launch(agent: SimAgent, framework: SimFramework, time: number): api.Event | undefined {
    if (agent.state !== 'ACTIVE') return undefined;
    const task = this.#place(agent, framework, time);
    this.#counts.launched++;
    // A few wait for their image until people notice.
    this.#arm(task, 'TASK_STARTING', this.#random.next() < 0.002 ? 90_000 : 400);
    return tasksUpdated(time, [task.wire]);
  }

  #endOffer(offer: SimOffer, outcome: api.Event_OfferEnded_Outcome, refuseSeconds?: number): api.Event_OfferEnded {
    swapRemove(this.#offers, offer);
    offer.agent.offers.delete(offer);
    offer.framework.offers--;
    this.#book('offered', offer, -1);
    const { offer_id, framework_id, agent_id } = offer.wire;
    return { offer_id, framework_id, agent_id, outcome, refuse_seconds: refuseSeconds };
  }

  #endTask(time: number): api.Event | undefined {
    const task = pick(this.#live, this.#random);
    if (task.wire.state !== 'TASK_RUNNING') return undefined;
    const draw = this.#random.next();
    if (draw < 0.06) return this.#beginKill(task, time);
    if (draw < 0.94)
      return this.#finish(task, time, { state: 'TASK_FINISHED', message: 'Command exited with status 0' });
    const which = this.#random.next();
    const [, reason, message] = FAILURES.find(([limit]) => which < limit) as (typeof FAILURES)[number];
    return this.#finish(task, time, { state: 'TASK_FAILED', reason, message });
  }

  #beginKill(task: SimTask, time: number): api.Event {
    this.#arm(task, 'TASK_KILLED', 1000);
    return tasksUpdated(time, [update(task, { state: 'TASK_KILLING', since: time })]);
  }

  #finish(task: SimTask, time: number, end: Partial<api.Task> & { readonly state: mesos.TaskState }): api.Event {
    swapRemove(this.#live, task);
    task.position = -1;
    task.agent.tasks.delete(task);
    task.framework.tasks--;
    this.#book('allocated', task, -1);
    if (end.state === 'TASK_FINISHED') this.#counts.finished++;
    else if (end.state === 'TASK_KILLED') this.#counts.killed++;
    else {
      this.#counts.failed++;
      task.framework.failed++;
    }
    update(task, { place: 'COMPLETED', since: time, healthy: undefined, ...end });
    this.#completed.push(task);
    if (this.#completed.length - this.#completedFrom > (this.#options.completedTasks ?? 1000))
      this.#backlog.push((removeTime) => this.#forgetOldest(removeTime));
    return tasksUpdated(time, [task.wire]);
  }

  #forgetOldest(time: number): api.Event | undefined {
    const oldest = this.#completed[this.#completedFrom++];
    if (oldest === undefined) return undefined;
    if (this.#completedFrom > 10_000) {
      this.#completed.splice(0, this.#completedFrom);
      this.#completedFrom = 0;
    }
    this.#byTaskKey.delete(taskKey(oldest));
    const { framework_id, task_id } = oldest.wire;
    return { type: 'TASKS_REMOVED', time, tasks_removed: [{ framework_id, task_id }] };
  }

  #armSilence(): void {
    const everyMs = (this.#options.unreachableEverySeconds ?? 20) * 1000;
    this.#timers.arm(this.#nowMs + everyMs, { kind: 'silence' });
  }

  /** An agent is unreachable: its offers are rescinded, its tasks may still run. */
  #silence(time: number): api.Event | undefined {
    this.#armSilence();
    const agent = pick(this.#agents, this.#random);
    if (agent.state !== 'ACTIVE') return undefined;
    agent.state = 'UNREACHABLE';
    agent.since = time;
    this.#usedAgents.add(agent);
    this.#timers.arm(this.#nowMs + SILENCE_MS, { kind: 'return', agent });
    for (const offer of [...agent.offers]) {
      this.#counts.rescinded++;
      const ended = this.#endOffer(offer, 'RESCINDED');
      this.#backlog.push((later) => ({ type: 'OFFERS_ENDED', time: later, offers_ended: [ended] }));
    }
    const tasks = [...agent.tasks];
    for (const part of batches(tasks))
      this.#backlog.push((later) => this.#moveTasks(part, agent, 'UNREACHABLE', later));
    return this.#agentsUpdated('UNREACHABLE', agent, time, 'no answer to pings for 75 s');
  }

  #return(agent: SimAgent, time: number): api.Event {
    agent.state = 'ACTIVE';
    agent.since = time;
    this.#usedAgents.add(agent);
    for (const part of batches([...agent.tasks]))
      this.#backlog.push((later) => this.#moveTasks(part, agent, 'ACTIVE', later));
    return this.#agentsUpdated('REREGISTERED', agent, time);
  }

  #moveTasks(
    tasks: readonly SimTask[],
    agent: SimAgent,
    to: 'ACTIVE' | 'UNREACHABLE',
    time: number,
  ): api.Event | undefined {
    const moved = tasks.filter((task) => task.position >= 0 && agent.state === to);
    if (moved.length === 0) return undefined;
    const change: Partial<api.Task> =
      to === 'UNREACHABLE'
        ? { state: 'TASK_UNREACHABLE', place: 'UNREACHABLE', reason: 'REASON_AGENT_REMOVED' }
        : { state: 'TASK_RUNNING', place: 'LIVE', reason: 'REASON_AGENT_REREGISTERED' };
    return tasksUpdated(
      time,
      moved.map((task) => update(task, { ...change, since: time })),
    );
  }

  #agentsUpdated(reason: api.Event_AgentsUpdated_Reason, agent: SimAgent, time: number, message?: string): api.Event {
    return { type: 'AGENTS_UPDATED', time, agents_updated: { reason, agents: [this.#wireAgent(agent)], message } };
  }

  *#everySecond(time: number): Generator<api.Event> {
    for (const part of batches([...this.#usedAgents]))
      yield { type: 'AGENTS_USED', time, agents_used: part.map(wireAgentUsage) };
    for (const part of batches([...this.#usedFrameworks]))
      yield { type: 'FRAMEWORKS_USED', time, frameworks_used: part.map((one) => this.#wireFrameworkUsage(one)) };
    if (this.#usedRoles.size > 0)
      yield {
        type: 'ROLES_UPDATED',
        time,
        roles_updated: { roles: [...this.#usedRoles].map((one) => this.#wireRole(one)) },
      };
    yield { type: 'COUNTED', time, counted: this.#wireCounts() };
    this.#clearUsed();
  }

  #clearUsed(): void {
    this.#usedAgents.clear();
    this.#usedFrameworks.clear();
    this.#usedRoles.clear();
  }

  #book(what: 'allocated' | 'offered', { agent, framework, books }: SimTask | SimOffer, sign: 1 | -1): void {
    add(agent[what], books, sign);
    add(framework[what], books, sign);
    for (let role: SimRole | undefined = framework.role; role !== undefined; role = role.parent) {
      add(role[what], books, sign);
      this.#usedRoles.add(role);
    }
    this.#usedAgents.add(agent);
    this.#usedFrameworks.add(framework);
  }

  #wireAgent(agent: SimAgent): api.Agent {
    return {
      agent_id: { value: agent.id },
      state: agent.state,
      since: agent.since,
      hostname: agent.hostname,
      ip: agent.ip,
      port: 5051,
      version: '0.9.1',
      registered_at: agent.registeredAt,
      attributes: [{ name: 'rack', type: 'TEXT', text: { value: agent.rack } }],
      total: { ...agent.total },
      usage: wireAgentUsage(agent),
    };
  }

  #wireFramework(framework: SimFramework): api.Framework {
    return {
      framework_id: { value: framework.id },
      state: 'ACTIVE',
      since: framework.registeredAt,
      name: framework.name,
      user: 'ops',
      roles: [framework.role.name],
      principal: framework.name,
      registered_at: framework.registeredAt,
      failover_timeout_seconds: 604_800,
      usage: this.#wireFrameworkUsage(framework),
    };
  }

  #wireFrameworkUsage(framework: SimFramework): api.FrameworkUsage {
    return {
      framework_id: { value: framework.id },
      tasks: framework.tasks,
      offers: framework.offers,
      allocated: { ...framework.allocated },
      offered: { ...framework.offered },
      dominant_share: this.#share(framework.allocated),
      offers_sent: framework.sent,
      offers_accepted: framework.accepted,
      offers_declined: framework.declined,
      tasks_failed: framework.failed,
    };
  }

  #wireRole(role: SimRole): api.Role {
    const fairShare = role.weight / this.#roles.reduce((sum, one) => sum + one.weight, 0);
    const quota = { cpus: Math.round((this.#clusterTotal.cpus * fairShare) / 2) };
    return {
      name: role.name,
      weight: role.weight,
      frameworks: role.frameworks,
      allocated: { ...role.allocated },
      offered: { ...role.offered },
      dominant_share: this.#share(role.allocated),
      fair_share: fairShare,
      ...(role.hasQuota ? { guarantee: quota, limit: { cpus: this.#clusterTotal.cpus } } : {}),
    };
  }

  #wireCounts(): api.Counts {
    const { sent, accepted, declined, rescinded, launched, finished, failed, killed } = this.#counts;
    return {
      offers_sent: sent,
      offers_accepted: accepted,
      offers_declined: declined,
      offers_rescinded: rescinded,
      tasks_launched: launched,
      tasks_finished: finished,
      tasks_failed: failed,
      tasks_killed: killed,
      tasks_error: 0,
      tasks_lost: 0,
    };
  }

  #share(books: Books): number {
    const total = this.#clusterTotal;
    return Math.max(books.cpus / total.cpus, books.mem_mb / total.mem_mb, books.disk_mb / total.disk_mb);
  }
}

function noCounts() {
  return { sent: 0, accepted: 0, declined: 0, rescinded: 0, launched: 0, finished: 0, failed: 0, killed: 0 };
}

function zero(): Books {
  return { cpus: 0, gpus: 0, mem_mb: 0, disk_mb: 0 };
}

/** All amounts are multiples of 1/4: sums stay exact. */
function add(to: Books, what: Books, sign: 1 | -1): void {
  to.cpus += sign * what.cpus;
  to.gpus += sign * what.gpus;
  to.mem_mb += sign * what.mem_mb;
  to.disk_mb += sign * what.disk_mb;
}

function difference(from: Books, what: Books): Books {
  const left = { ...from };
  add(left, what, -1);
  return left;
}

function wireAgentUsage(agent: SimAgent): api.AgentUsage {
  return {
    agent_id: { value: agent.id },
    tasks: agent.tasks.size,
    allocated: { ...agent.allocated },
    offered: { ...agent.offered },
  };
}

function update(task: SimTask, change: Partial<api.Task>): api.Task {
  task.wire = { ...task.wire, ...change };
  return task.wire;
}

function tasksUpdated(time: number, tasks: api.Task[]): api.Event {
  return { type: 'TASKS_UPDATED', time, tasks_updated: tasks };
}

function taskKey({ wire }: SimTask): string {
  return `${wire.framework_id.value}/${wire.task_id.value}`;
}

function pick<T>(from: readonly T[], random: Random): T {
  return from[Math.floor(random.next() * from.length)] as T;
}

function swapRemove<T extends { position: number }>(from: T[], what: T): void {
  const last = from.pop() as T;
  if (last === what) return;
  last.position = what.position;
  from[what.position] = last;
}

function* batches<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += BATCH) yield all.slice(from, from + BATCH);
}
