/** A small cluster in which a cause is planted by hand: the real allocator, and what a master would know besides. */
import type { Allocator, AllocatorOptions, OfferDecision } from '../../../../src/offers/allocator/allocator.js';
import {
  type AbsentAgent,
  type AgentTrouble,
  type Answer,
  type ClusterFacts,
  NO_FACTS,
  type Question,
} from '../../../../src/offers/explain/answer.js';
import { Resources } from '../../../../src/offers/resources/resources.js';
import type * as scheduler from '../../../../src/wire/gen/scheduler.js';
import { agent, type FrameworkOptions, framework, NO_USE, newAllocator, res } from '../fixtures.js';

/** Wall clock at the monotonic time 0. */
export const START_UNIX_MS = 1_700_000_000_000;

export class Plant {
  readonly allocator: Allocator;
  nowMs = 0;
  readonly troubles = new Map<string, AgentTrouble>();
  readonly absent: AbsentAgent[] = [];
  readonly states = new Map<string, { readonly state: string; readonly sinceUnixMs: number }>();
  readonly unlimited = new Set<string>();
  /** As --offer-timeout and --rescind-held-offers-after would say; nothing is taken back here. */
  readonly takenBackAfterMs: { timeout?: number; held?: number } = {};
  readonly #offers: (OfferDecision & { readonly number: number; readonly madeAtUnixMs: number })[] = [];
  #offersMade = 0;

  constructor(options: Partial<AllocatorOptions> = {}) {
    this.allocator = newAllocator(options);
  }

  agent(id: string, resources: string | Resources, more: Parameters<typeof agent>[2] = {}): this {
    this.allocator.addAgent(agent(id, resources, more));
    return this;
  }

  framework(id: string, roles: readonly string[] = ['*'], more: FrameworkOptions = {}): this {
    this.allocator.addFramework(framework(id, roles, more), NO_USE);
    return this;
  }

  quota(role: string, guarantees: Record<string, number>, limits: Record<string, number> = {}): this {
    const quota = { guarantees: new Map(Object.entries(guarantees)), limits: new Map(Object.entries(limits)) };
    this.allocator.updateQuota(role, quota);
    return this;
  }

  /** Offers what there is, to be held until it is declined or launched on. */
  allocate(): this {
    for (const offer of this.allocator.allocate(undefined, this.nowMs).offers)
      this.#offers.push({ ...offer, number: this.#offersMade++, madeAtUnixMs: START_UNIX_MS + this.nowMs });
    return this;
  }

  /** `refuseMs` undefined: without a filter. */
  decline(frameworkId: string, agentId: string, refuseMs?: number): this {
    const offer = this.#take(frameworkId, agentId);
    const decline = { atMs: this.nowMs, offer: offer.number };
    const refuse = refuseMs === undefined ? undefined : { untilMs: this.nowMs + refuseMs, decline };
    this.allocator.recoverResources({ ...offer, allocated: false, refuse });
    return this;
  }

  /** A task takes `text` of the offer; the rest goes back without a filter. */
  launch(frameworkId: string, agentId: string, text: string): this {
    const offer = this.#take(frameworkId, agentId);
    const used = res(text).allocatedTo(offer.role);
    this.allocator.transitionOfferedToAllocated(agentId, used);
    this.allocator.recoverResources({ ...offer, resources: offer.resources.subtract(used), allocated: false });
    return this;
  }

  after(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  deactivate(agentId: string, trouble?: AgentTrouble): this {
    this.allocator.deactivateAgent(agentId);
    if (trouble !== undefined) this.troubles.set(agentId, trouble);
    return this;
  }

  do(change: (allocator: Allocator, plant: Plant) => void): this {
    change(this.allocator, this);
    return this;
  }

  ask(question: Partial<Question>): Answer {
    return this.allocator.explain({ wanted: Resources.empty, ...question }, this.#now(), this.#facts());
  }

  /** As `ask`, in the smallest pieces; `between` two of them something may happen, and it says whether it did. */
  askInSlices(question: Partial<Question>, between: () => boolean): Answer {
    const work = this.allocator.explainInSlices({ wanted: Resources.empty, ...question }, this.#now(), this.#facts());
    for (let next = work.next(undefined); ; next = work.next(between() ? this.#now() : undefined))
      if (next.done === true) return next.value;
  }

  #now() {
    return { monotonicMs: this.nowMs, unixMs: START_UNIX_MS + this.nowMs };
  }

  #take(frameworkId: string, agentId: string) {
    const at = this.#offers.findIndex((offer) => offer.frameworkId === frameworkId && offer.agentId === agentId);
    const [offer] = this.#offers.splice(at, at < 0 ? 0 : 1);
    if (offer === undefined) throw new Error(`${frameworkId} holds no offer of ${agentId}`);
    this.allocator.offerEnded(frameworkId);
    return offer;
  }

  #facts(): ClusterFacts {
    return {
      ...NO_FACTS,
      findAgentTrouble: (id) => this.troubles.get(id),
      findFrameworkState: (id) => this.states.get(id),
      canHoldLimits: (id) => !this.unlimited.has(id),
      absentAgents: () => this.absent,
      findOldestOffer: (id) => this.#offers.find(({ frameworkId }) => frameworkId === id)?.madeAtUnixMs,
      offersOn: (id) =>
        this.#offers
          .filter(({ agentId }) => agentId === id)
          .map((offer) => ({
            ...offer,
            id: `O${offer.number}`,
            expiresAtUnixMs: sumOf(offer.madeAtUnixMs, this.takenBackAfterMs.timeout),
            holdCheckAtUnixMs: sumOf(offer.madeAtUnixMs, this.takenBackAfterMs.held),
          })),
    };
  }
}

function sumOf(unixMs: number, afterMs: number | undefined): number | undefined {
  return afterMs === undefined ? undefined : unixMs + afterMs;
}

/** `rack=b2`, `rack!=b2`, `rack~b.*`, `rack?`: one group for each text. */
export function constraints(...texts: readonly string[]): scheduler.OfferConstraints_RoleConstraints {
  return { groups: texts.map((text) => ({ attribute_constraints: text.split('&').map(constraintOf) })) };
}

function constraintOf(text: string): scheduler.AttributeConstraint {
  const [, name = '', operator = '', value = ''] = /^(\w+)(!=|=|~|\?)(.*)$/.exec(text) ?? [];
  const selector = name === 'hostname' ? { pseudoattribute_type: 'HOSTNAME' as const } : { attribute_name: name };
  if (operator === '=') return { selector, predicate: { text_equals: { value } } };
  if (operator === '!=') return { selector, predicate: { text_not_equals: { value } } };
  if (operator === '~') return { selector, predicate: { text_matches: { regex: value } } };
  return { selector, predicate: { exists: {} } };
}

export function rack(value: string) {
  return { attributes: [{ name: 'rack', type: 'TEXT' as const, text: { value } }] };
}
