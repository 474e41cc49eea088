/** A master core with a registry in memory, driven by hand: time stands still until a test moves it. */
import { assert } from '../../../../src/base/assert.js';
import { seededRandom } from '../../../../src/base/random.js';
import { createMasterCore } from '../../../../src/daemon/master/core/master-core.js';
import type { MasterCore, MasterCoreConfig } from '../../../../src/daemon/master/core/options.js';
import type {
  ConnectionId,
  HttpOutcome,
  MasterEffect,
  MasterEvent,
  RegistryState,
  RequestId,
} from '../../../../src/daemon/master/core/protocol.js';
import { MemoryRegistryStore } from '../../../../src/daemon/master/registry/memory-registry.js';
import { applyOperation } from '../../../../src/daemon/master/registry/registry-machine.js';
import type { Allocator } from '../../../../src/offers/allocator/allocator.js';
import type * as master from '../../../../src/wire/gen/master.js';
import type * as api from '../../../../src/wire/gen/mesoctl-api.js';
import type * as link from '../../../../src/wire/gen/mesoctl-link.js';
import type * as mesos from '../../../../src/wire/gen/mesos.js';
import { BookkeepingAllocator } from './bookkeeping-allocator.js';
import { FakeAgent } from './fake-agent.js';
import { FakeScheduler } from './fake-scheduler.js';
import { FakeWatcher } from './fake-watcher.js';

export const START_UNIX_MS = 1_700_000_000_000;

export const DEFAULT_CONFIG: MasterCoreConfig = {
  allocationIntervalMs: 1000,
  offerTimeoutMs: undefined,
  rescindHeldOffersAfterMs: undefined,
  maxOfferFraction: undefined,
  offerConstraintsRe2MaxMem: 4096,
  offerConstraintsRe2MaxProgramSize: 100,
  agentPingTimeoutMs: 15_000,
  maxAgentPingTimeouts: 5,
  agentReregisterTimeoutMs: 600_000,
  requireAgentDomain: false,
  roles: undefined,
  weights: {},
  rootSubmissions: true,
  maxCompletedFrameworks: 50,
  maxCompletedTasksPerFramework: 1000,
  maxUnreachableTasksPerFramework: 1000,
  maxOperatorEventStreamSubscribers: 1000,
  agentRemovalRateLimit: undefined,
  recoveryAgentRemovalLimitPercent: 100,
  allocatorAgentRecoveryFactor: 0.8,
  allocatorRecoveryTimeoutMs: 600_000,
  registryGcIntervalMs: 900_000,
  registryMaxAgentAgeMs: 14 * 24 * 3_600_000,
  registryMaxAgentCount: 102_400,
};

export interface HarnessOptions {
  readonly config?: Partial<MasterCoreConfig>;
  /** What an earlier master left; default: an empty registry. */
  readonly store?: MemoryRegistryStore;
  readonly masterId?: string;
  readonly allocator?: Allocator;
  readonly stepBudget?: number;
  readonly seed?: number;
  /** Monotonic and wall clock at the start, ms after START_UNIX_MS. */
  readonly atMs?: number;
  readonly domain?: mesos.DomainInfo;
  /** Default true: the election is part of the construction. */
  readonly elect?: boolean;
}

type Propose = Extract<MasterEffect, { kind: 'propose' }>;
type WatchEffect = Extract<MasterEffect, { kind: 'watch-event' }>;

/** Each leader over the same store has a higher term. */
const terms = new WeakMap<MemoryRegistryStore, number>();

function termAfter(store: MemoryRegistryStore): number {
  const term = (terms.get(store) ?? 0) + 1;
  terms.set(store, term);
  return term;
}

export class Harness {
  readonly core: MasterCore;
  readonly store: MemoryRegistryStore;
  readonly masterInfo: mesos.MasterInfo;
  readonly effects: MasterEffect[] = [];
  /** Exchanges that were opened. */
  readonly requests = new Set<RequestId>();
  readonly answers = new Map<RequestId, HttpOutcome | 'stream'>();
  /** While true proposals wait in `heldProposals`. */
  holdsProposals = false;
  readonly heldProposals: Propose[] = [];
  readonly operatorEvents = new Map<ConnectionId, master.Event[]>();
  readonly watchers = new Map<ConnectionId, FakeWatcher>();
  readonly agents: FakeAgent[] = [];
  readonly schedulers: FakeScheduler[] = [];
  /** Called with the effects of every single step. */
  onStep: ((effects: readonly MasterEffect[]) => void) | undefined;
  nowMs: number;
  #nextId = 1;

  constructor(options: HarnessOptions = {}) {
    this.store = options.store ?? new MemoryRegistryStore();
    this.nowMs = options.atMs ?? 0;
    const id = options.masterId ?? 'm1';
    this.masterInfo = { id, ip: 16777343, port: 5050, hostname: 'localhost', domain: options.domain };
    this.core = createMasterCore({
      config: { ...DEFAULT_CONFIG, ...options.config },
      masterInfo: this.masterInfo,
      allocator: options.allocator ?? new BookkeepingAllocator(),
      random: seededRandom(options.seed ?? 1),
      startedAt: this.now(),
      stepBudget: options.stepBudget,
    });
    if (options.elect !== false) this.elect();
  }

  elect(): void {
    this.send({ kind: 'elected', term: termAfter(this.store), registry: this.registryState() });
  }

  registryState(): RegistryState {
    return this.store.state();
  }

  now() {
    return { monotonicMs: this.nowMs, unixMs: START_UNIX_MS + this.nowMs };
  }

  newId(): number {
    return this.#nextId++;
  }

  /** Steps with `events`, then until nothing is left to do now. Returns all effects. */
  send(...events: readonly MasterEvent[]): readonly MasterEffect[] {
    const all: MasterEffect[] = [];
    let pending = events;
    for (const event of events) if ('requestId' in event) this.requests.add(event.requestId);
    for (let rounds = 0; rounds < 100_000; rounds++) {
      const effects = this.core.step(pending, this.now());
      for (const effect of effects) all.push(effect);
      this.onStep?.(effects);
      pending = this.#perform(effects);
      const goesOn = effects.some(({ kind }) => kind === 'continue');
      if (pending.length === 0 && !goesOn) return all;
    }
    throw new Error('the core never comes to rest');
  }

  /** Applies what was held back, oldest first. */
  releaseProposals(): void {
    this.holdsProposals = false;
    for (const proposal of this.heldProposals.splice(0)) this.send(this.#apply(proposal));
  }

  /** Moves time forward, stopping at every deadline of the core. */
  advance(byMs: number): void {
    const endMs = this.nowMs + byMs;
    for (;;) {
      const deadlineMs = this.core.nextDeadlineMs();
      if (deadlineMs === undefined || deadlineMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, deadlineMs);
      this.send({ kind: 'tick' });
    }
    this.nowMs = endMs;
    this.send({ kind: 'tick' });
  }

  /** Lets coalesced offers come, and nothing that waits for an interval. */
  settle(): void {
    this.advance(5);
  }

  scheduler(info: Partial<mesos.FrameworkInfo> = {}): FakeScheduler {
    const scheduler = new FakeScheduler(this, { user: 'nobody', name: 'test', ...info });
    this.schedulers.push(scheduler);
    return scheduler;
  }

  agent(options: ConstructorParameters<typeof FakeAgent>[1] = {}): FakeAgent {
    const agent = new FakeAgent(this, options);
    this.agents.push(agent);
    return agent;
  }

  operator(): { readonly connectionId: ConnectionId; readonly events: readonly master.Event[] } {
    const connectionId = this.newId();
    const events: master.Event[] = [];
    this.operatorEvents.set(connectionId, events);
    this.send({ kind: 'operator-subscribe', requestId: this.newId(), connectionId });
    return { connectionId, events };
  }

  /** `patience`: parts of the snapshot that it takes before its queue is long. */
  watch(subscribe: api.Call_Subscribe = {}, patience?: number): FakeWatcher {
    const watcher = new FakeWatcher(this.newId(), subscribe.kinds ?? [], patience);
    const { connectionId } = watcher;
    this.watchers.set(connectionId, watcher);
    this.send({ kind: 'watch', requestId: this.newId(), connectionId, subscribe, info: this.#info() });
    return watcher;
  }

  /** The watcher has read what was queued; it takes so many more parts of the snapshot. */
  catchUp(watcher: FakeWatcher, patience = Number.POSITIVE_INFINITY): void {
    watcher.patience = patience;
    watcher.isBacklogged = false;
    this.send({ kind: 'watch-backlog', connectionId: watcher.connectionId, high: false });
  }

  unwatch({ connectionId }: FakeWatcher): void {
    this.watchers.delete(connectionId);
    this.send({ kind: 'watch-closed', connectionId });
  }

  killTask(kill_task: api.Call_KillTask): HttpOutcome | undefined {
    const requestId = this.newId();
    this.send({ kind: 'extension-call', requestId, call: { type: 'KILL_TASK', kill_task } });
    return this.outcome(requestId);
  }

  checkCall(check: master.Call): HttpOutcome | undefined {
    const requestId = this.newId();
    this.send({ kind: 'extension-call', requestId, call: { type: 'CHECK', check } });
    return this.outcome(requestId);
  }

  operatorCall(call: master.Call): HttpOutcome | undefined {
    const requestId = this.newId();
    this.send({ kind: 'operator-call', requestId, call });
    return this.outcome(requestId);
  }

  /** How the exchange ended; undefined: it is still open. */
  outcome(requestId: RequestId): HttpOutcome | undefined {
    const answer = this.answers.get(requestId);
    return answer === 'stream' ? { status: 200 } : answer;
  }

  #perform(effects: readonly MasterEffect[]): MasterEvent[] {
    const events: MasterEvent[] = [];
    for (const effect of effects) {
      this.effects.push(effect);
      if (effect.kind === 'propose') {
        if (this.holdsProposals) this.heldProposals.push(effect);
        else events.push(this.#apply(effect));
      } else if (effect.kind === 'watch-event') events.push(...this.#deliverToWatchers(effect));
      else this.#deliver(effect);
    }
    return events;
  }

  #apply({ proposalId, operations }: Propose): MasterEvent {
    const results = operations.map((operation) => applyOperation(this.store, operation));
    return { kind: 'registry-applied', proposalId, results };
  }

  /** Returns whose queue is long now. */
  #deliverToWatchers({ connectionIds, event }: WatchEffect): MasterEvent[] {
    const events: MasterEvent[] = [];
    for (const connectionId of connectionIds)
      if (this.watchers.get(connectionId)?.deliver(event) === true)
        events.push({ kind: 'watch-backlog', connectionId, high: true });
    return events;
  }

  #info(): api.Response_Info {
    return { cluster_id: 'cluster', term: this.core.view.term, master_info: this.masterInfo, api_version: 2 };
  }

  #deliver(effect: Exclude<MasterEffect, Propose | WatchEffect>): void {
    switch (effect.kind) {
      case 'respond':
        this.#answer(effect.requestId, effect.outcome);
        break;
      case 'accept-stream':
        this.#answer(effect.requestId, 'stream');
        break;
      case 'scheduler-event':
        for (const scheduler of this.schedulers) scheduler.deliver(effect.connectionId, effect.event);
        break;
      case 'close-stream':
        for (const scheduler of this.schedulers) scheduler.closed(effect.connectionId);
        this.#closeWatcher(effect.connectionId);
        break;
      case 'operator-event':
        for (const id of effect.connectionIds) this.operatorEvents.get(id)?.push(effect.event);
        break;
      case 'agent-message':
        for (const agent of this.agents) agent.deliver(effect.connectionId, effect.channel, effect.message);
        break;
      case 'close-channel':
        for (const agent of this.agents) agent.channelClosed(effect.connectionId, effect.channel);
        break;
      case 'log':
      case 'abdicate':
      case 'continue':
        break;
    }
  }

  #closeWatcher(connectionId: ConnectionId): void {
    const watcher = this.watchers.get(connectionId);
    if (watcher !== undefined) watcher.isClosed = true;
  }

  #answer(requestId: RequestId, outcome: HttpOutcome | 'stream'): void {
    assert(!this.answers.has(requestId), 'an exchange is answered once');
    this.answers.set(requestId, outcome);
  }
}

export function resource(name: string, value: number, role?: string): mesos.Resource {
  return {
    name,
    type: 'SCALAR',
    scalar: { value },
    reservations: role === undefined ? undefined : [{ type: 'STATIC', role }],
  };
}

export function cpusMem(cpus: number, mem: number): mesos.Resource[] {
  return [resource('cpus', cpus), resource('mem', mem)];
}

export type AgentMessageKind = keyof Omit<link.MasterFrame, 'channel' | 'sequence' | 'term'>;
