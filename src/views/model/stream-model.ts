/**
 * The model of a cluster, made of its event stream: puts each event where it belongs, follows the connection and the master's clock.
 * Nothing is ever blanked: a lost stream leaves all as it is, a new one is laid over it, and only its SNAPSHOT_END takes away what the
 * new master did not name. Pure. Source: proto/mesoctl/api.proto ("Event"), design/ux, section 3.
 */
import type * as api from '../../wire/gen/mesoctl-api.js';
import { AgentKeeper } from './agent-keeper.js';
import type { ClusterFacts, ClusterModel, Connection, History, Problem, Totals } from './cluster-model.js';
import { EventLog } from './event-log.js';
import { leaderOf, wordEvent } from './event-words.js';
import { FrameworkKeeper } from './framework-keeper.js';
import { HistoryBook } from './history.js';
import { ModelState } from './model-state.js';
import type { NameIndex } from './name-index.js';
import { OfferKeeper } from './offer-keeper.js';
import { RoleKeeper } from './role-keeper.js';
import { type EventRow, taskKeyOf } from './rows.js';
import { MOST_COMPLETED, TaskKeeper } from './task-keeper.js';

/** An event that waited on its way must not turn the clock back; a clock that was set must. */
const MOST_DELAY_SECONDS = 5;
/** While a snapshot comes, completed tasks of before and after stand side by side. */
const MOST_COMPLETED_IN_SYNC = 3 * MOST_COMPLETED;

export class StreamModel implements ClusterModel {
  #version = 0;
  #connection: Connection = { kind: 'connecting' };
  #cluster: ClusterFacts = { name: '', info: undefined, leader: '', term: 0 };
  #totals: { readonly version: number; readonly value: Totals } | undefined;
  #history: { readonly version: number; readonly value: History } | undefined;
  /** Master's clock minus ours, seconds. */
  #offset: number | undefined;
  #staleSinceUnixMs: number | undefined;
  readonly #state = new ModelState();
  readonly #log = new EventLog();
  readonly #historyBook = new HistoryBook();
  readonly #tasks: TaskKeeper;
  readonly #offers: OfferKeeper;
  readonly #agents: AgentKeeper;
  readonly #frameworks: FrameworkKeeper;
  readonly #roles: RoleKeeper;

  constructor() {
    const state = this.#state;
    this.#tasks = new TaskKeeper(state);
    this.#offers = new OfferKeeper(state, (id) => this.#frameworks.refreshOldest(id));
    this.#agents = new AgentKeeper(state, (id) => this.#refresh(state.agentNames, id));
    this.#frameworks = new FrameworkKeeper({
      state,
      onNameChanged: (id) => this.#refresh(state.frameworkNames, id),
      oldestOfferOf: (id) => this.#offers.oldestOf(id),
    });
    this.#roles = new RoleKeeper(state);
  }

  get version(): number {
    return this.#version;
  }

  get connection(): Connection {
    return this.#connection;
  }

  get cluster(): ClusterFacts {
    return this.#cluster;
  }

  get tables() {
    return this.#state.tables;
  }

  get events(): readonly EventRow[] {
    return this.#log.rows;
  }

  get totals(): Totals {
    if (this.#totals?.version !== this.#version) {
      const { totals, tables } = this.#state;
      const value = totals.toTotals((key) => tables.offers.get(key), tables.roles.size);
      this.#totals = { version: this.#version, value };
    }
    return this.#totals.value;
  }

  get history(): History {
    if (this.#history?.version !== this.#version)
      this.#history = { version: this.#version, value: this.#historyBook.toHistory(this.#state.clock.now) };
    return this.#history.value;
  }

  problems(limit: number): { readonly total: number; readonly first: readonly Problem[] } {
    return this.#state.problems.first(limit);
  }

  masterTime(nowUnixMs: number): number {
    return nowUnixMs / 1000 + (this.#offset ?? 0);
  }

  apply(event: api.Event, nowUnixMs: number): void {
    this.#followClock(event, nowUnixMs);
    // Offers are in the log as rates only.
    if (event.type !== 'OFFERS_MADE' && event.type !== 'OFFERS_ENDED')
      for (const line of wordEvent(this, event, this.#log.wantsRoutine)) this.#log.add(line);
    this.#take(event, nowUnixMs);
    if (this.#connection.kind === 'live') this.#connection = { kind: 'live', lastEventUnixMs: nowUnixMs };
    if (event.type !== 'HEARTBEAT') this.#version++;
  }

  disconnected(loss: { readonly reason: string; readonly retryAtUnixMs: number }, nowUnixMs: number): void {
    if (this.#connection.kind === 'live')
      this.#log.add({
        time: this.masterTime(nowUnixMs),
        severity: 'unknown',
        kind: 'master',
        key: '',
        text: `connection lost: ${loss.reason}`,
        weight: 'main',
      });
    this.#staleSinceUnixMs ??= nowUnixMs;
    this.#connection = { kind: 'stale', ...loss, sinceUnixMs: this.#staleSinceUnixMs };
    this.#version++;
  }

  tick(nowUnixMs: number): void {
    const { clock, problems, tables } = this.#state;
    clock.now = this.masterTime(nowUnixMs);
    let changed = this.#tasks.tick();
    changed = this.#offers.tick() || changed;
    changed = this.#roles.tick() || changed;
    changed = problems.tick() || changed;
    for (const table of Object.values(tables)) changed = table.tick() || changed;
    // The history is of what was seen: nothing is while there is no connection.
    if (this.#connection.kind === 'live') {
      changed = this.#historyBook.maybeSample(this.totals, clock.now) || changed;
      this.#history = undefined;
    }
    if (changed) this.#version++;
  }

  #followClock({ type, time }: api.Event, nowUnixMs: number): void {
    const offset = time - nowUnixMs / 1000;
    const known = this.#offset;
    const isNew = type === 'SUBSCRIBED' || known === undefined;
    if (isNew || offset > known || offset < known - MOST_DELAY_SECONDS) this.#offset = offset;
    this.#state.clock.now = this.masterTime(nowUnixMs);
  }

  /** One dispatcher for all types; what a later master may add is passed over. */
  #take(event: api.Event, nowUnixMs: number): void {
    switch (event.type) {
      case 'SUBSCRIBED':
        this.#onSubscribed(event, nowUnixMs);
        break;
      case 'SNAPSHOT':
        this.#onSnapshot(event);
        break;
      case 'SNAPSHOT_END':
        this.#onSnapshotEnd(nowUnixMs);
        break;
      case 'AGENTS_UPDATED':
        for (const agent of event.agents_updated?.agents ?? []) this.#agents.put(agent);
        break;
      case 'AGENT_REMOVED':
        if (event.agent_removed !== undefined) this.#agents.remove(event.agent_removed.agent_id.value);
        break;
      case 'AGENTS_USED':
        for (const usage of event.agents_used ?? []) this.#agents.use(usage);
        break;
      case 'FRAMEWORKS_UPDATED':
        for (const framework of event.frameworks_updated?.frameworks ?? []) this.#frameworks.put(framework);
        break;
      case 'FRAMEWORK_REMOVED':
        if (event.framework_removed !== undefined) this.#frameworks.remove(event.framework_removed.framework_id.value);
        break;
      case 'FRAMEWORKS_USED':
        for (const usage of event.frameworks_used ?? []) this.#frameworks.use(usage);
        break;
      case 'TASKS_UPDATED':
        this.#putTasks(event.tasks_updated ?? []);
        break;
      case 'TASKS_REMOVED':
        for (const { framework_id, task_id } of event.tasks_removed ?? [])
          this.#tasks.remove(taskKeyOf(framework_id.value, task_id.value));
        break;
      case 'OFFERS_MADE':
        for (const offer of event.offers_made ?? []) this.#offers.put(offer);
        break;
      case 'OFFERS_ENDED':
        for (const { offer_id } of event.offers_ended ?? []) this.#offers.remove(offer_id.value);
        break;
      case 'ROLES_UPDATED':
        for (const role of event.roles_updated?.roles ?? []) this.#roles.put(role);
        for (const name of event.roles_updated?.removed ?? []) this.#roles.remove(name);
        break;
      case 'COUNTED':
        if (event.counted !== undefined) this.#historyBook.onCounts(event.counted, event.time);
        break;
      case 'HEARTBEAT':
      case 'UNKNOWN':
        break;
    }
  }

  #onSubscribed({ subscribed }: api.Event, nowUnixMs: number): void {
    if (subscribed === undefined) return;
    const { info, tasks } = subscribed;
    this.#state.generation++;
    this.#cluster = {
      name: info.cluster_name || info.cluster_id.slice(0, 8),
      info,
      leader: leaderOf(info),
      term: Number(info.term),
    };
    this.#connection = { kind: 'syncing', received: 0, expected: tasks ?? 0, sinceUnixMs: nowUnixMs };
  }

  #onSnapshot({ snapshot, time }: api.Event): void {
    const { agents = [], frameworks = [], tasks = [], offers = [], roles = [], counts } = snapshot ?? {};
    for (const framework of frameworks) this.#frameworks.put(framework);
    for (const agent of agents) this.#agents.put(agent);
    this.#putTasks(tasks);
    for (const offer of offers) this.#offers.put(offer);
    for (const role of roles) this.#roles.put(role);
    if (counts !== undefined) this.#historyBook.onCounts(counts, time);
    if (this.#connection.kind === 'syncing')
      this.#connection = { ...this.#connection, received: this.#connection.received + tasks.length };
  }

  #onSnapshotEnd(nowUnixMs: number): void {
    const { tables, generation } = this.#state;
    for (const key of tables.offers.notOf(generation)) this.#offers.remove(key);
    for (const key of tables.tasks.notOf(generation)) this.#tasks.remove(key);
    for (const key of tables.agents.notOf(generation)) this.#agents.remove(key);
    for (const key of tables.frameworks.notOf(generation)) this.#frameworks.remove(key);
    for (const key of tables.roles.notOf(generation)) this.#roles.remove(key);
    this.#tasks.bound(MOST_COMPLETED);
    this.#staleSinceUnixMs = undefined;
    this.#connection = { kind: 'live', lastEventUnixMs: nowUnixMs };
  }

  #putTasks(tasks: readonly api.Task[]): void {
    for (const task of tasks) this.#tasks.put(task);
    this.#tasks.bound(this.#connection.kind === 'syncing' ? MOST_COMPLETED_IN_SYNC : MOST_COMPLETED);
  }

  /** Rows that show a name of `names` follow it. */
  #refresh(names: NameIndex, id: string): void {
    for (const key of names.tasksOf(id)) this.#tasks.refresh(key);
    for (const key of names.offersOf(id)) this.#offers.refresh(key);
  }
}
