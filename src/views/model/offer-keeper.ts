/** The rows of offers, and which is the oldest that each framework holds. An offer is looked at again when it has been held for long. Pure. */
import type * as api from '../../wire/gen/mesoctl-api.js';
import { DueQueue } from './due-queue.js';
import { judgeOffer } from './health.js';
import type { ModelState } from './model-state.js';
import type { OfferRow } from './rows.js';
import { sameValue } from './same-value.js';

export class OfferKeeper {
  /** Offers by when they have been held for too long. */
  readonly #held = new DueQueue();
  /** Of each framework: its offers by when they were made. */
  readonly #byFramework = new Map<string, DueQueue>();

  /** `onOldestChanged`: the oldest offer of that framework is another now. */
  constructor(
    private readonly state: ModelState,
    private readonly onOldestChanged: (frameworkId: string) => void,
  ) {}

  put(offer: api.Offer): void {
    const { offers } = this.state.tables;
    const old = offers.get(offer.offer_id.value);
    const row = this.#rowOf(old !== undefined && sameValue(old.offer, offer) ? old.offer : offer, old);
    if (row !== old) this.#track(old, row);
    offers.put(row, this.state.generation);
  }

  remove(key: string): void {
    const old = this.state.tables.offers.remove(key);
    if (old !== undefined) this.#track(old, undefined);
  }

  /** What its row says of others changed: the name of its framework, its host. */
  refresh(key: string): void {
    const old = this.state.tables.offers.get(key);
    if (old === undefined) return;
    const row = this.#rowOf(old.offer, old);
    if (row === old) return;
    this.#track(old, row);
    this.state.tables.offers.replace(row);
  }

  /** Returns whether any row changed. */
  tick(): boolean {
    const { now } = this.state.clock;
    let changed = false;
    for (let key = this.#held.popDue(now); key !== undefined; key = this.#held.popDue(now)) {
      this.refresh(key);
      changed = true;
    }
    return changed;
  }

  oldestOf(frameworkId: string): number | undefined {
    return this.#byFramework.get(frameworkId)?.first?.at;
  }

  /** The row of `offer` as of now; `old` itself if that says the same. */
  #rowOf(offer: api.Offer, old: OfferRow | undefined): OfferRow {
    const { severity, note } = judgeOffer(offer, this.state.clock.now);
    const frameworkName = this.state.frameworkName(offer.framework_id.value);
    const hostname = this.state.agentNames.nameOf(offer.agent_id.value);
    const isSame =
      old?.offer === offer &&
      old.severity === severity &&
      old.frameworkName === frameworkName &&
      old.hostname === hostname;
    return isSame ? old : { key: offer.offer_id.value, severity, note, offer, frameworkName, hostname };
  }

  /** All books, from one row to the next; undefined: none. */
  #track(old: OfferRow | undefined, row: OfferRow | undefined): void {
    this.#trackReferences(old, row);
    if (old !== undefined) this.#trackGone(old);
    if (row !== undefined) this.#trackNew(row);
    const [before, after] = [old?.offer.framework_id.value, row?.offer.framework_id.value];
    if (before !== undefined) this.onOldestChanged(before);
    if (after !== undefined && after !== before) this.onOldestChanged(after);
  }

  /** Never out and in again: the last to refer to a name keeps it alive. */
  #trackReferences(old: OfferRow | undefined, row: OfferRow | undefined): void {
    const { agentNames, frameworkNames } = this.state;
    const key = (row ?? old)?.key ?? '';
    const agents = [old?.offer.agent_id.value, row?.offer.agent_id.value] as const;
    const frameworks = [old?.offer.framework_id.value, row?.offer.framework_id.value] as const;
    for (const [names, [before, after]] of [[agentNames, agents] as const, [frameworkNames, frameworks] as const]) {
      if (before === after) continue;
      if (before !== undefined) names.removeOffer(before, key);
      if (after !== undefined) names.addOffer(after, key);
    }
  }

  #trackGone({ key, severity, offer }: OfferRow): void {
    const frameworkId = offer.framework_id.value;
    this.state.totals.removeOffer(key);
    if (severity === 'bad') this.state.problems.leave('held', frameworkId, key);
    this.#held.delete(key);
    const ofFramework = this.#byFramework.get(frameworkId);
    ofFramework?.delete(key);
    if (ofFramework?.size === 0) this.#byFramework.delete(frameworkId);
  }

  #trackNew({ key, severity, offer }: OfferRow): void {
    const frameworkId = offer.framework_id.value;
    this.state.totals.addOffer(key, offer.made_at);
    if (severity === 'bad') this.state.problems.join('held', frameworkId, key, offer.made_at);
    const { dueAt } = judgeOffer(offer, this.state.clock.now);
    if (dueAt !== undefined) this.#held.set(key, dueAt);
    const ofFramework = this.#byFramework.get(frameworkId) ?? new DueQueue();
    this.#byFramework.set(frameworkId, ofFramework);
    ofFramework.set(key, offer.made_at);
  }
}
