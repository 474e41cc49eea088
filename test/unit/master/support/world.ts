/**
 * A small cluster whose every move is decided by numbers from outside: schedulers, agents, an operator, a slow registry,
 * time, and masters that die. For property tests: any sequence of moves must keep the invariants.
 */
import { expect } from 'vitest';
import type { ConnectionId, MasterEffect } from '../../../../src/daemon/master/core/protocol.js';
import type { Allocator } from '../../../../src/offers/allocator/allocator.js';
import { createAllocator } from '../../../../src/offers/allocator/hierarchical-allocator.js';
import { Resources } from '../../../../src/offers/resources/resources.js';
import type * as api from '../../../../src/wire/gen/mesoctl-api.js';
import type * as mesos from '../../../../src/wire/gen/mesos.js';
import { isTerminal } from '../../../../src/wire/task-state.js';
import { BookkeepingAllocator } from './bookkeeping-allocator.js';
import type { FakeAgent } from './fake-agent.js';
import { type FakeScheduler, taskInfo } from './fake-scheduler.js';
import type { FakeWatcher, Mirror } from './fake-watcher.js';
import { cpusMem, Harness, resource } from './harness.js';
import { checkRegistry, checkView } from './invariants.js';
import { checkMirror, checkSettledMirror, pictureOf } from './mirrored.js';

export interface Move {
  readonly kind: MoveKind;
  /** Whom it concerns, and which of several. */
  readonly who: number;
  readonly what: number;
}

/** Repeated for weight. */
export const MOVE_KINDS = [
  ...times(4, 'subscribe'),
  ...times(2, 'disconnect'),
  'teardown',
  'update',
  ...times(10, 'launch'),
  ...times(4, 'launch-executor'),
  'bad-accept',
  ...times(3, 'decline'),
  'suppress',
  ...times(2, 'revive'),
  ...times(6, 'operate'),
  ...times(3, 'acknowledge-operation'),
  'reconcile-operations',
  ...times(8, 'carry-out'),
  ...times(2, 'operator-reserve'),
  ...times(2, 'kill'),
  ...times(8, 'acknowledge'),
  ...times(2, 'reconcile'),
  'backlog',
  ...times(6, 'agent-up'),
  ...times(3, 'agent-down'),
  ...times(14, 'status'),
  ...times(2, 'executor-exit'),
  'unregister',
  ...times(3, 'deaf'),
  ...times(2, 'answer'),
  'resize',
  'mark-gone',
  'drain',
  'deactivate',
  ...times(2, 'reactivate'),
  ...times(2, 'schedule'),
  'machine-down',
  'machine-up',
  ...times(2, 'answer-inverse'),
  'quota',
  'operator-teardown',
  'operator',
  ...times(2, 'watch'),
  ...times(2, 'catch-up'),
  'unwatch',
  'kill-task',
  ...times(2, 'hold'),
  ...times(4, 'release'),
  ...times(10, 'wait'),
  'fail-over',
] as const;
export type MoveKind = (typeof MOVE_KINDS)[number];

/** What happens where reservations and volumes are much of it. */
export const OPERATION_MOVES: readonly MoveKind[] = [
  ...times(2, 'subscribe'),
  ...times(12, 'operate'),
  ...times(10, 'carry-out'),
  ...times(5, 'acknowledge-operation'),
  ...times(3, 'operator-reserve'),
  ...times(3, 'launch'),
  ...times(4, 'status'),
  ...times(2, 'decline'),
  ...times(4, 'agent-up'),
  ...times(2, 'agent-down'),
  ...times(2, 'deaf'),
  ...times(2, 'answer'),
  ...times(8, 'wait'),
  'disconnect',
  'teardown',
  'mark-gone',
  'reconcile-operations',
  'fail-over',
];

function times<K extends string>(count: number, kind: K): K[] {
  return Array.from({ length: count }, () => kind);
}

const RESOURCES = [...cpusMem(4, 4096), resource('disk', 1000)];
const SCHEDULERS = 3;
const AGENTS = 3;
const WAITS_MS = [1, 5, 400, 1_000, 6_000, 16_000, 95_000, 700_000];
const PATIENCE_MS = 40_000;
const KINDS: readonly (readonly api.Kind[])[] = [
  [],
  [],
  ['TASKS'],
  ['AGENTS', 'OFFERS'],
  ['FRAMEWORKS', 'ROLES'],
  ['AGENTS', 'FRAMEWORKS', 'TASKS', 'OFFERS', 'ROLES'],
];
const CAPABILITIES = [
  'MULTI_ROLE',
  'HIERARCHICAL_ROLE',
  'RESERVATION_REFINEMENT',
  'AGENT_DRAINING',
  'AGENT_OPERATION_FEEDBACK',
] as const;
const STATES: readonly mesos.TaskState[] = [
  'TASK_RUNNING',
  'TASK_RUNNING',
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
];

export interface WorldOptions {
  readonly allocator: 'bookkeeping' | 'sliced' | 'hierarchical';
  readonly stepBudget: number;
}

export class World {
  harness: Harness;
  schedulers: FakeScheduler[] = [];
  agents: FakeAgent[] = [];
  #masters = 0;
  #tasks = 0;
  readonly #options: WorldOptions;
  /** Streams that were accepted and neither side closed. */
  readonly #openStreams = new Set<ConnectionId>();
  readonly #closedByClient = new Set<ConnectionId>();
  /** Streams that got SUBSCRIBED, by framework. */
  readonly #subscribed = new Map<string, Set<ConnectionId>>();

  constructor(options: WorldOptions) {
    this.#options = options;
    this.harness = this.#elect(undefined);
    for (let i = 0; i < SCHEDULERS; i++)
      this.schedulers.push(
        this.harness.scheduler({
          name: `s${i}`,
          id: i === 2 ? { value: 'chosen' } : undefined,
          failover_timeout: [0, 20, 3600][i],
          role: i === 0 ? 'db' : undefined,
          capabilities: i === 0 ? [] : [{ type: 'PARTITION_AWARE' }, { type: 'MULTI_ROLE' }],
          roles: i === 0 ? undefined : ['web', 'db'],
        }),
      );
    for (let i = 0; i < AGENTS; i++)
      this.agents.push(
        this.harness.agent({
          hostname: `n${i}`,
          ip: `10.0.0.${i}`,
          capabilities: CAPABILITIES,
          resources: RESOURCES,
        }),
      );
    for (const scheduler of this.schedulers) scheduler.subscribe();
    for (const agent of this.agents) agent.register();
  }

  #elect(store: Harness['store'] | undefined): Harness {
    const atMs = store === undefined ? 0 : this.harness.nowMs + 500;
    const harness = new Harness({
      ...(store === undefined ? {} : { store }),
      masterId: `m${++this.#masters}`,
      seed: this.#masters,
      atMs,
      allocator: this.#allocator(),
      stepBudget: this.#options.stepBudget,
      config: {
        maxUnreachableTasksPerFramework: 3,
        maxCompletedTasksPerFramework: 3,
        maxCompletedFrameworks: 2,
        agentReregisterTimeoutMs: 300_000,
        registryGcIntervalMs: 200_000,
        registryMaxAgentCount: 2,
      },
    });
    harness.onStep = (effects) => this.#watch(effects);
    return harness;
  }

  #allocator(): Allocator {
    if (this.#options.allocator === 'hierarchical') return hierarchical();
    const allocator = new BookkeepingAllocator();
    if (this.#options.allocator === 'sliced') allocator.sliceOffers = 1;
    return allocator;
  }

  play(move: Move): void {
    const scheduler = this.schedulers[move.who % SCHEDULERS];
    const agent = this.agents[move.who % AGENTS];
    if (scheduler === undefined || agent === undefined) return;
    this.#play(move, scheduler, agent);
    checkView(this.harness.core.view);
    this.#checkMirrors(checkMirror);
    if (this.harness.heldProposals.length === 0) checkRegistry(this.harness);
  }

  #checkMirrors(check: (watcher: FakeWatcher, picture: Mirror) => void): void {
    const synced = [...this.harness.watchers.values()].filter(({ isSynced, isClosed }) => isSynced && !isClosed);
    if (synced.length === 0) return;
    const picture = pictureOf(this.harness.core.view);
    for (const watcher of synced) check(watcher, picture);
  }

  /** Readers catch up, and for more than a second nothing happens: mirrors equal the view to the last number. */
  #settleMirrors(): void {
    const { harness } = this;
    for (const watcher of harness.watchers.values()) if (watcher.isBacklogged) harness.catchUp(watcher);
    const happenings = () =>
      [...harness.watchers.values()].flatMap(({ events }) => events.filter(({ type }) => type !== 'HEARTBEAT')).length;
    let before = -1;
    for (let rounds = 0; before !== happenings() && rounds < 100; rounds++) {
      before = happenings();
      harness.advance(1_500);
    }
    for (const watcher of harness.watchers.values()) expect(watcher.isSynced || watcher.isClosed).toBe(true);
    this.#checkMirrors(checkSettledMirror);
  }

  /** Everything under way comes to its end; nothing may be left open. */
  finish(): void {
    this.harness.releaseProposals();
    const machines = [...this.harness.core.view.machines.values()].filter(({ mode }) => mode === 'DOWN');
    this.harness.operatorCall({
      type: 'STOP_MAINTENANCE',
      stop_maintenance: { machines: machines.map(({ id }) => id) },
    });
    checkView(this.harness.core.view);
    checkRegistry(this.harness);
    for (const requestId of this.harness.requests) expect(this.harness.answers.has(requestId)).toBe(true);
    this.#converge();
    this.#settleMirrors();
  }

  /** Once all agents are back, the master knows exactly what they run: no task is lost, none is made up. */
  #converge(): void {
    for (const agent of this.agents) {
      agent.hears = true;
      this.#bringUp(agent);
      if (agent.isShutDown) this.#bringUp(agent);
      agent.answerReconciliation();
      agent.carryOut();
      agent.answerOperations();
      // A drain with mark_gone waits for the last operation, too.
      if (agent.isShutDown) this.#bringUp(agent);
      const total = agent.total ?? Resources.of(agent.info.resources ?? []);
      const known = this.harness.core.view.agents.get(agent.id)?.total;
      expect(known?.equals(total), `${agent.id} has ${total}, the master says ${known}`).toBe(true);
    }
    checkView(this.harness.core.view);
    checkRegistry(this.harness);
    const { frameworks, agents } = this.harness.core.view;
    const { tombstones } = this.harness.store.state();
    for (const agent of this.agents) {
      for (const [id, { framework_id, state }] of agent.tasks) {
        if (isTerminal(state) || tombstones.has(framework_id.value)) continue;
        const known = frameworks.get(framework_id.value)?.tasks.get(id);
        expect(known, `${id} of ${agent.id} is live`).toBeDefined();
      }
      for (const { id, agentId, message } of agents.get(agent.id)?.tasks ?? [])
        expect(agent.tasks.has(id) || isTerminal(message.state), `${id} runs on ${agentId}`).toBe(true);
    }
  }

  #play({ kind, what }: Move, scheduler: FakeScheduler, agent: FakeAgent): void {
    const { harness } = this;
    switch (kind) {
      case 'subscribe':
        this.#forgetIfRemoved(scheduler);
        scheduler.subscribe();
        break;
      case 'disconnect':
        this.#disconnect(scheduler, what % 4 === 0);
        break;
      case 'teardown':
        if (what % 4 === 0) scheduler.call({ type: 'TEARDOWN' });
        break;
      case 'update':
        scheduler.info = {
          ...scheduler.info,
          ...(scheduler.info.roles && { roles: what % 2 ? ['web'] : ['web', 'db'] }),
        };
        scheduler.call({ type: 'UPDATE_FRAMEWORK', update_framework: { framework_info: scheduler.info } });
        break;
      case 'launch':
      case 'launch-executor':
        this.#launch(scheduler, what, kind === 'launch-executor');
        break;
      case 'bad-accept':
        scheduler.accept([...scheduler.offers.slice(0, 2), { id: { value: 'none' } } as mesos.Offer], []);
        break;
      case 'decline':
        scheduler.decline(scheduler.takeOffers(), what % 3);
        break;
      case 'suppress':
        scheduler.call({ type: 'SUPPRESS', suppress: { roles: what % 2 ? ['web'] : [] } });
        break;
      case 'revive':
        scheduler.call({ type: 'REVIVE' });
        break;
      case 'kill':
        scheduler.kill(`t${Math.max(0, this.#tasks - (what % 10))}`);
        break;
      case 'acknowledge': {
        const update = scheduler.updates.filter(({ uuid }) => uuid !== undefined).at(-1 - (what % 3));
        if (update !== undefined) scheduler.acknowledge(update);
        break;
      }
      case 'operate':
        this.#operate(scheduler, what);
        break;
      case 'acknowledge-operation': {
        const status = scheduler.events
          .flatMap(({ update_operation_status: update }) => (update?.status.uuid === undefined ? [] : [update.status]))
          .at(-1 - (what % 3));
        if (status?.uuid === undefined || status.operation_id === undefined) break;
        const { agent_id, operation_id } = status;
        scheduler.call({
          type: 'ACKNOWLEDGE_OPERATION_STATUS',
          acknowledge_operation_status: { agent_id, uuid: status.uuid.value, operation_id },
        });
        break;
      }
      case 'reconcile-operations':
        scheduler.call({ type: 'RECONCILE_OPERATIONS', reconcile_operations: {} });
        break;
      case 'reconcile':
        if (what % 2) scheduler.reconcile();
        else scheduler.reconcile({ taskId: `t${what % 5}` }, { taskId: 't0', agentId: agent.info.id?.value ?? 'x' });
        break;
      case 'backlog':
        if (scheduler.connectionId !== undefined)
          harness.send({ kind: 'scheduler-backlog', connectionId: scheduler.connectionId, high: what % 2 === 0 });
        break;
      case 'answer-inverse':
        this.#answerInverse(scheduler, what);
        break;
      default:
        this.#playOthers(kind, what, agent);
    }
  }

  #playOthers(kind: MoveKind, what: number, agent: FakeAgent): void {
    const { harness } = this;
    switch (kind) {
      case 'agent-up':
        this.#bringUp(agent);
        break;
      case 'agent-down':
        if (agent.connectionId !== undefined) agent.disconnect();
        break;
      case 'status':
        this.#report(agent, what);
        break;
      case 'executor-exit': {
        const executor = [...agent.executors.values()].at(what % 2);
        if (executor === undefined || agent.connectionId === undefined) break;
        agent.executors.delete(executor.executor_id.value);
        const framework_id = executor.framework_id ?? { value: '' };
        agent.frame({ executor_exited: { framework_id, executor_id: executor.executor_id, status: 0 } });
        break;
      }
      case 'unregister':
        if (what % 4 === 0 && agent.connectionId !== undefined) agent.frame({ unregister: {} });
        break;
      case 'deaf':
        agent.hears = what % 4 !== 0;
        break;
      case 'answer':
        if (agent.connectionId === undefined) break;
        agent.answerReconciliation();
        agent.answerOperations();
        break;
      case 'carry-out':
        if (agent.connectionId !== undefined) agent.carryOut(what % 6 === 0);
        break;
      case 'operator-reserve':
        if (agent.info.id !== undefined) this.#operatorReserves(agent.info.id, what);
        break;
      case 'resize':
        if (agent.connectionId !== undefined) this.#resize(agent, 4 + (what % 3));
        break;
      case 'mark-gone':
        if (what % 5 === 0 && agent.info.id !== undefined)
          harness.operatorCall({ type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id: agent.info.id } });
        break;
      case 'drain':
      case 'deactivate':
      case 'reactivate':
        this.#changeAgent(kind, agent, what);
        break;
      case 'schedule':
      case 'machine-down':
      case 'machine-up':
        this.#changeMaintenance(kind, what);
        break;
      case 'quota': {
        const limits = what % 3 === 0 ? {} : { cpus: { value: 1 + (what % 8) } };
        const quota_configs = [{ role: what % 2 ? 'web' : 'db', limits }];
        harness.operatorCall({ type: 'UPDATE_QUOTA', update_quota: { force: what % 4 === 0, quota_configs } });
        break;
      }
      case 'operator-teardown': {
        const framework_id = this.schedulers[what % SCHEDULERS]?.info.id;
        if (what % 4 === 0 && framework_id !== undefined)
          harness.operatorCall({ type: 'TEARDOWN', teardown: { framework_id } });
        break;
      }
      case 'operator':
        harness.operator();
        break;
      case 'watch':
        if (what % 7 === 0) harness.watch({ kinds: ['TASKS'], snapshot_only: true });
        else harness.watch({ kinds: [...(KINDS[what % KINDS.length] ?? [])] }, what % 4 === 0 ? undefined : what % 12);
        break;
      case 'catch-up':
        for (const watcher of harness.watchers.values())
          if (watcher.isBacklogged) harness.catchUp(watcher, 1 + (what % 5));
        break;
      case 'unwatch': {
        const watcher = [...harness.watchers.values()][what % 3];
        if (watcher !== undefined) harness.unwatch(watcher);
        break;
      }
      case 'kill-task':
        harness.killTask({ task_id: { value: `t${what % 8}` }, dry_run: what % 4 === 0 });
        break;
      case 'hold':
        harness.holdsProposals = true;
        break;
      case 'release':
        harness.releaseProposals();
        break;
      case 'wait':
        this.#wait(WAITS_MS[what % WAITS_MS.length] ?? 1);
        break;
      case 'fail-over':
        if (what % 3 === 0) this.#failOver();
        break;
      default:
        throw new Error(`unknown move ${kind}`);
    }
  }

  #changeAgent(kind: 'drain' | 'deactivate' | 'reactivate', { info: { id } }: FakeAgent, what: number): void {
    if (id === undefined) return;
    const agent_id = id;
    if (kind === 'drain')
      this.harness.operatorCall({ type: 'DRAIN_AGENT', drain_agent: { agent_id, mark_gone: what % 3 === 0 } });
    else if (kind === 'deactivate')
      this.harness.operatorCall({ type: 'DEACTIVATE_AGENT', deactivate_agent: { agent_id } });
    else this.harness.operatorCall({ type: 'REACTIVATE_AGENT', reactivate_agent: { agent_id } });
  }

  #changeMaintenance(kind: 'schedule' | 'machine-down' | 'machine-up', what: number): void {
    const machine = (i: number): mesos.MachineID => ({ hostname: `n${i % AGENTS}`, ip: `10.0.0.${i % AGENTS}` });
    if (kind === 'machine-down')
      this.harness.operatorCall({ type: 'START_MAINTENANCE', start_maintenance: { machines: [machine(what)] } });
    else if (kind === 'machine-up')
      this.harness.operatorCall({ type: 'STOP_MAINTENANCE', stop_maintenance: { machines: [machine(what)] } });
    else {
      const machine_ids = Array.from({ length: what % 3 }, (_, i) => machine(what + i));
      const unavailability = { start: { nanoseconds: what % 4 } };
      const windows = machine_ids.length === 0 ? [] : [{ machine_ids, unavailability }];
      const update_maintenance_schedule = { schedule: { windows } };
      this.harness.operatorCall({ type: 'UPDATE_MAINTENANCE_SCHEDULE', update_maintenance_schedule });
    }
  }

  #answerInverse(scheduler: FakeScheduler, what: number): void {
    const asked = scheduler.events.flatMap(({ inverse_offers }) => inverse_offers?.inverse_offers ?? []);
    const inverse_offer_ids = asked.slice(-2).map(({ id }) => id);
    const answer = { inverse_offer_ids, filters: { refuse_seconds: what % 7 } };
    if (what % 2) scheduler.call({ type: 'ACCEPT_INVERSE_OFFERS', accept_inverse_offers: answer });
    else scheduler.call({ type: 'DECLINE_INVERSE_OFFERS', decline_inverse_offers: answer });
  }

  /** Agents that hear answer their pings. */
  #wait(forMs: number): void {
    for (let left = forMs; left > 0; left -= PATIENCE_MS) {
      this.harness.advance(Math.min(left, PATIENCE_MS));
      for (const agent of this.agents) if (agent.hears && agent.connectionId !== undefined) agent.pong();
    }
  }

  #launch(scheduler: FakeScheduler, what: number, withExecutor: boolean): void {
    const offers = scheduler.takeOffers();
    const [offer] = offers;
    if (offer === undefined) return;
    const executor: mesos.ExecutorInfo = {
      executor_id: { value: `e${what % 2}` },
      command: { value: 'run' },
      resources: cpusMem(0.5, 32),
    };
    const more: Partial<mesos.TaskInfo> = withExecutor ? { command: undefined, executor } : {};
    const tasks = Array.from({ length: what % 4 }, (_, i) =>
      // Some ids are used again on purpose.
      taskInfo(offer, what % 5 === 0 ? `t${i}` : `t${this.#tasks++}`, { resources: cpusMem(0.75, 64), ...more }),
    );
    const operation: mesos.Offer_Operation = { type: 'LAUNCH', launch: { task_infos: tasks } };
    scheduler.accept([offer], [operation], { refuse_seconds: what % 2 });
    const others = offers.slice(1);
    if (others.length > 0) scheduler.decline(others, 0);
  }

  /** Some of what is offered is converted, and what was made so may be used in the same call. */
  #operate(scheduler: FakeScheduler, what: number): void {
    const [offer, ...others] = scheduler.takeOffers();
    if (offer === undefined) return;
    const role = offer.allocation_info?.role ?? scheduler.info.role ?? '*';
    const cpus = reservedTo(role, resource('cpus', 0.5 + (what % 3)));
    const disk = reservedTo(role, resource('disk', 100));
    const volume = volumeOf(role, `v${what % 3}`);
    const held = (offer.resources ?? []).filter(({ reservations, reservation }) => reservations ?? reservation);
    const volumes = held.filter(({ disk: info }) => info?.persistence !== undefined);
    const plain = held.filter(({ disk: info }) => info === undefined);
    const task = taskInfo(offer, `t${this.#tasks++}`, { resources: [...cpusMem(0.5, 64), volume] });
    const choices: readonly (readonly mesos.Offer_Operation[])[] = [
      [{ type: 'RESERVE', reserve: { resources: [cpus, disk] } }],
      [
        { type: 'RESERVE', reserve: { resources: [disk] } },
        { type: 'CREATE', create: { volumes: [volume] } },
        { type: 'LAUNCH', launch: { task_infos: [task] } },
      ],
      [{ type: 'CREATE', create: { volumes: [volume] } }],
      ...(volumes.length === 0 ? [] : [[{ type: 'DESTROY' as const, destroy: { volumes } }]]),
      ...(plain.length === 0 ? [] : [[{ type: 'UNRESERVE' as const, unreserve: { resources: plain } }]]),
    ];
    const operations = (choices[what % choices.length] ?? []).map((operation, i) =>
      operation.type !== 'LAUNCH' && what % 4 < 2
        ? { ...operation, id: { value: `op${this.#tasks}.${i}` } }
        : operation,
    );
    scheduler.accept([offer], operations, { refuse_seconds: what % 2 });
    if (others.length > 0) scheduler.decline(others, 0);
  }

  #operatorReserves(agent_id: mesos.AgentID, what: number): void {
    const resources = [reservedTo('web', resource('cpus', 1 + (what % 2)))];
    if (what % 3 === 0)
      this.harness.operatorCall({ type: 'UNRESERVE_RESOURCES', unreserve_resources: { agent_id, resources } });
    else this.harness.operatorCall({ type: 'RESERVE_RESOURCES', reserve_resources: { agent_id, resources } });
  }

  /** What it has made of its resources stays, and what it is to make of them waits for its turn. */
  #resize(agent: FakeAgent, cpus: number): void {
    if (agent.total !== undefined) return;
    agent.frame({ update_agent: { total_resources: [...cpusMem(cpus, 4096), resource('disk', 1000)] } });
  }

  #report(agent: FakeAgent, what: number): void {
    const live = [...agent.tasks.values()].filter(({ state }) => !isTerminal(state));
    const task = live[what % Math.max(live.length, 1)];
    if (task === undefined || agent.connectionId === undefined) return;
    agent.update(task.task_id.value, STATES[what % STATES.length] ?? 'TASK_RUNNING');
  }

  #bringUp(agent: FakeAgent): void {
    if (agent.isShutDown) {
      // Its process ended; the machine starts a new one.
      agent.isShutDown = false;
      agent.info = { ...agent.info, id: undefined };
      agent.tasks.clear();
      agent.executors.clear();
      agent.operations.clear();
      agent.applying.length = 0;
      agent.total = undefined;
    }
    agent.askedOperations.length = 0;
    agent.connect();
    if (agent.info.id === undefined) agent.register();
    else agent.reregister();
  }

  /** A removed framework begins anew under another id. */
  #forgetIfRemoved(scheduler: FakeScheduler): void {
    const id = scheduler.info.id?.value;
    const isRemoved = id !== undefined && this.harness.store.state().tombstones.has(id);
    if (isRemoved) scheduler.info = { ...scheduler.info, id: undefined };
  }

  #disconnect(scheduler: FakeScheduler, overflow: boolean): void {
    if (scheduler.connectionId === undefined || scheduler.isClosed) return;
    this.#openStreams.delete(scheduler.connectionId);
    this.#closedByClient.add(scheduler.connectionId);
    scheduler.disconnect(overflow);
  }

  #failOver(): void {
    this.harness.heldProposals.length = 0;
    this.#openStreams.clear();
    this.#closedByClient.clear();
    this.#subscribed.clear();
    this.harness = this.#elect(this.harness.store);
    this.schedulers = this.schedulers.map(({ info }) => this.harness.scheduler(info));
    this.agents = this.agents.map((agent) => agent.moveTo(this.harness));
  }

  /** Effects that only a whole sequence shows to be wrong. */
  #watch(effects: readonly MasterEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'accept-stream' && !this.#closedByClient.has(effect.connectionId))
        this.#openStreams.add(effect.connectionId);
      if (effect.kind === 'close-stream') this.#openStreams.delete(effect.connectionId);
      if (effect.kind !== 'scheduler-event') continue;
      const isOpen = this.#openStreams.has(effect.connectionId);
      // A client that left while its SUBSCRIBE waited: the core learns of it in the order of events.
      expect(isOpen || this.#closedByClient.has(effect.connectionId)).toBe(true);
      const id = effect.event.subscribed?.framework_id.value;
      if (id === undefined) continue;
      const streams = this.#subscribed.get(id) ?? new Set<ConnectionId>();
      streams.add(effect.connectionId);
      this.#subscribed.set(id, streams);
      const open = [...streams].filter((stream) => this.#openStreams.has(stream));
      expect(open.length).toBeLessThanOrEqual(1);
    }
  }
}

function reservedTo(role: string, free: mesos.Resource): mesos.Resource {
  return { ...free, reservations: [{ type: 'DYNAMIC', role }] };
}

function volumeOf(role: string, id: string): mesos.Resource {
  const disk = { persistence: { id }, volume: { container_path: 'data', mode: 'RW' as const } };
  return { ...reservedTo(role, resource('disk', 50)), disk };
}

function hierarchical(): Allocator {
  const minimum = [Resources.parse('cpus:0.01'), Resources.parse('mem:32')];
  return createAllocator({
    seed: 7,
    minAllocatable: minimum.filter((resources) => resources instanceof Resources),
    roleSorter: 'drf',
    frameworkSorter: 'drf',
    excludedResourceNames: new Set(),
    filterGpuResources: true,
  });
}
