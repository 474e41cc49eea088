/**
 * Runs a scenario to its end in virtual time: the allocator and its schedule are those of the master, the frameworks are
 * simulated, and nothing else exists (no network, no failures). Discrete events in the order of (time, arming), no clock, no
 * randomness but from the seed: the same scenario gives the same result to the last bit.
 *
 * When resources are offered follows the master (architecture, section 1): at once after a subscription, a revival or the end
 * of a task; at the next allocation interval what was declined, and when a filter ends.
 */
import { present } from '../base/assert.js';
import { Timers } from '../base/timers.js';
import { AllocationSchedule } from '../offers/allocator/allocation-schedule.js';
import type { Allocator, OfferDecision } from '../offers/allocator/allocator.js';
import { createAllocator } from '../offers/allocator/hierarchical-allocator.js';
import type { Resources } from '../offers/resources/resources.js';
import { Observer } from './observer.js';
import type { SimulationResult } from './result.js';
import type { AgentGroup, Scenario } from './scenario.js';
import { type Cluster, type OpenOffer, SimulatedFramework } from './simulated-framework.js';

/** All of it at once. */
export function simulate(scenario: Scenario): SimulationResult {
  const simulation = new Simulation(scenario);
  simulation.advance(scenario.durationMs);
  return simulation.result();
}

const AGENT_CAPABILITIES = new Set(['MULTI_ROLE', 'HIERARCHICAL_ROLE', 'RESERVATION_REFINEMENT'] as const);

export class Simulation implements Cluster {
  nowMs = 0;
  readonly #timers = new Timers<() => void>();
  readonly #allocator: Allocator;
  readonly #schedule: AllocationSchedule;
  readonly #agentIndex = new Map<string, number>();
  readonly #frameworks = new Map<string, SimulatedFramework>();
  readonly #observer: Observer;

  constructor(private readonly scenario: Scenario) {
    const { seed, policies } = scenario;
    this.#allocator = createAllocator({ ...policies, seed });
    this.#schedule = new AllocationSchedule(this.#timers, policies.allocationIntervalMs);
    this.#observer = new Observer(scenario);
    this.#setUp();
  }

  get agents(): number {
    return this.#agentIndex.size;
  }

  /** Goes on to `untilMs` of virtual time; where it is cut makes no difference. */
  advance(untilMs: number): void {
    const endMs = Math.min(untilMs, this.scenario.durationMs);
    for (let next = this.#timers.nextDeadlineMs(); next !== undefined && next <= endMs; ) {
      this.nowMs = next;
      for (let fire = this.#timers.pop(next); fire !== undefined; fire = this.#timers.pop(next)) fire();
      this.#allocateWhatIsDue();
      next = this.#timers.nextDeadlineMs();
    }
  }

  /** Once, after its end. */
  result(): SimulationResult {
    return this.#observer.resultAt(this.scenario.durationMs, this.#allocator.allocationRuns);
  }

  // What frameworks do.

  after(delayMs: number, action: () => void): void {
    this.#timers.arm(this.nowMs + Math.max(0, delayMs), action);
  }

  agentIndexOf(agentId: string): number {
    return present(this.#agentIndex.get(agentId), 'offers are of known agents');
  }

  accept(framework: SimulatedFramework, agentId: string, resources: Resources): void {
    this.#allocator.transitionOfferedToAllocated(agentId, resources);
    this.#observer.onLaunched(framework, resources, this.nowMs);
  }

  decline(framework: SimulatedFramework, agentId: string, resources: Resources): void {
    const { filterMs } = framework.spec.scheduler;
    const untilMs = filterMs === 0 ? undefined : this.nowMs + Math.max(filterMs, this.#intervalMs);
    const refuse = untilMs === undefined ? undefined : { untilMs };
    this.#allocator.recoverResources({ frameworkId: framework.id, agentId, resources, allocated: false, refuse });
    this.#observer.onDeclined(resources, this.nowMs);
    this.#schedule.requestAtInterval(this.nowMs);
    if (untilMs !== undefined) this.#schedule.requestAtInterval(this.nowMs, untilMs);
  }

  offersEnded(framework: SimulatedFramework, count: number): void {
    for (let i = 0; i < count; i++)
      if (this.#allocator.offerEnded(framework.id)) this.#schedule.requestAtInterval(this.nowMs);
  }

  watchHeld(framework: SimulatedFramework, offer: OpenOffer, fromMs = offer.sinceMs): void {
    const afterMs = this.scenario.policies.rescindHeldOffersAfterMs;
    if (afterMs !== undefined)
      this.after(fromMs + afterMs - this.nowMs, () => this.#maybeTakeBack(framework, offer, afterMs));
  }

  release(framework: SimulatedFramework, agentId: string, resources: Resources): void {
    this.#allocator.recoverResources({ frameworkId: framework.id, agentId, resources, allocated: true });
    this.#observer.onEnded(framework, resources, this.nowMs);
    this.#schedule.requestNow(this.nowMs, agentId);
  }

  suppress(framework: SimulatedFramework): void {
    this.#allocator.suppressRoles(framework.id, []);
  }

  revive(framework: SimulatedFramework): void {
    this.#allocator.reviveRoles(framework.id, []);
    this.#schedule.requestNow(this.nowMs, 'all');
  }

  /** As the master does: only for who has nothing, and not to be offered to its holder for as long again. */
  #maybeTakeBack(framework: SimulatedFramework, offer: OpenOffer, afterMs: number): void {
    if (!framework.isHolding(offer)) return;
    const { agentId, rest: resources } = offer;
    const held = { frameworkId: framework.id, agentId, resources };
    if (!this.#allocator.isAwaited(held, this.nowMs)) {
      this.watchHeld(framework, offer, this.nowMs);
      return;
    }
    const untilMs = this.nowMs + afterMs;
    framework.onRescind(offer);
    this.offersEnded(framework, offer.offers);
    this.#allocator.recoverResources({ ...held, allocated: false, refuse: { untilMs } });
    this.#observer.onDeclined(resources, this.nowMs);
    this.#schedule.requestAtInterval(this.nowMs);
    this.#schedule.requestAtInterval(this.nowMs, untilMs);
  }

  // The cluster.

  get #intervalMs(): number {
    return this.scenario.policies.allocationIntervalMs;
  }

  #setUp(): void {
    const { seed, durationMs, sampleMs, agents, frameworks } = this.scenario;
    this.#setPolicies();
    for (const group of agents) this.#addAgents(group);
    for (const spec of frameworks) {
      const framework = new SimulatedFramework(spec, mixedSeed(seed, spec.name), this);
      this.#frameworks.set(framework.id, framework);
      this.#observer.watch(framework);
      this.after(spec.startMs, () => this.#subscribe(framework));
    }
    for (let atMs = sampleMs; atMs <= durationMs; atMs += sampleMs)
      this.after(atMs, () => this.#observer.takeSample(this.nowMs));
  }

  #allocateWhatIsDue(): void {
    for (let run = this.#schedule.currentRun(); run !== undefined; run = this.#schedule.currentRun()) {
      const { offers } = this.#allocator.allocate(run.agentIds, this.nowMs);
      this.#schedule.endRun();
      // An offer that was not all of an agent leaves something for the next run.
      if (offers.length > 0 && this.scenario.policies.maxOfferFraction !== undefined)
        this.#schedule.requestAtInterval(this.nowMs);
      this.#deliver(offers);
    }
  }

  /** As OFFERS events: all of one run for a framework together. */
  #deliver(offers: readonly OfferDecision[]): void {
    const byFramework = new Map<string, OfferDecision[]>();
    for (const offer of offers) {
      this.#observer.onOffered(offer.resources, this.nowMs);
      const own = byFramework.get(offer.frameworkId);
      if (own === undefined) byFramework.set(offer.frameworkId, [offer]);
      else own.push(offer);
    }
    for (const [frameworkId, own] of byFramework)
      present(this.#frameworks.get(frameworkId), 'offers go to known frameworks').onOffers(own);
  }

  #setPolicies(): void {
    const { roles } = this.scenario;
    this.#allocator.updateWeights(new Map([...roles].map(([role, { weight }]) => [role, weight])));
    for (const [role, { guarantees, limits }] of roles)
      if (guarantees.size + limits.size > 0) this.#allocator.updateQuota(role, { guarantees, limits });
  }

  #addAgents({ name, count, resources, attributes }: AgentGroup): void {
    for (let i = 1; i <= count; i++) {
      const id = count === 1 ? name : `${name}-${i}`;
      this.#agentIndex.set(id, this.#agentIndex.size);
      const info = { hostname: id, attributes: [...attributes] };
      this.#allocator.addAgent({
        id,
        info,
        capabilities: AGENT_CAPABILITIES,
        total: resources,
        used: new Map(),
      });
    }
  }

  #subscribe(framework: SimulatedFramework): void {
    const { name, role, capabilities } = framework.spec;
    const info = {
      user: 'nobody',
      name,
      roles: [role],
      capabilities: [{ type: 'MULTI_ROLE' as const }, ...capabilities.map((type) => ({ type }))],
    };
    this.#allocator.addFramework({ id: framework.id, info, suppressedRoles: new Set(), active: true }, new Map());
    this.#schedule.requestNow(this.nowMs, 'all');
    framework.start();
  }
}

/** Frameworks of one scenario draw from different generators, whatever their order (FNV-1a). */
function mixedSeed(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
