/**
 * Inverse offers once more (spec page 06, 6.6), as a plain list of what was said: which framework was asked about which agent, and
 * what it answered. Nobody is asked twice while an inverse offer is out or the filter of an answer lasts.
 */
import type { InverseOfferDecision } from '../../src/offers/allocator/allocator.js';
import type * as wire from '../../src/wire/gen/allocator.js';
import type * as mesos from '../../src/wire/gen/mesos.js';

/** Asked, and not answered yet; or answered, and not to be asked again before `untilMs`. */
interface Word {
  readonly frameworkId: string;
  readonly agentId: string;
  readonly status: wire.InverseOfferStatus | undefined;
  readonly isOut: boolean;
  readonly untilMs: number | undefined;
}

export class ReferenceMaintenance {
  readonly scheduled = new Map<string, mesos.Unavailability>();
  #words: readonly Word[] = [];

  /** Whatever was said of another time counts no more. */
  update(agentId: string, unavailability: mesos.Unavailability | undefined): void {
    this.#words = this.#words.filter((word) => word.agentId !== agentId);
    if (unavailability === undefined) this.scheduled.delete(agentId);
    else this.scheduled.set(agentId, unavailability);
  }

  /** An answer to what was not asked is none. */
  settle(
    frameworkId: string,
    agentId: string,
    answer?: { readonly status: wire.InverseOfferStatus; readonly untilMs: number | undefined },
  ): void {
    const word = this.#find(frameworkId, agentId);
    if (word?.isOut !== true) return;
    this.#say({ ...word, isOut: false, ...answer });
  }

  dropFilters(frameworkId: string): void {
    this.#words = this.#words.map((word) =>
      word.frameworkId === frameworkId ? { ...word, untilMs: undefined } : word,
    );
  }

  forgetFramework(frameworkId: string): void {
    this.#words = this.#words.filter((word) => word.frameworkId !== frameworkId);
  }

  /** Of every agent under maintenance. */
  statuses(): ReadonlyMap<string, readonly wire.InverseOfferStatus[]> {
    const ofAgent = (agentId: string) =>
      this.#words.flatMap((word) => (word.agentId === agentId && word.status !== undefined ? [word.status] : []));
    return new Map([...this.scheduled.keys()].map((agentId) => [agentId, ofAgent(agentId)]));
  }

  /** Whom to ask of those `candidates` that hold something there; they are asked. */
  ask(
    candidates: readonly { readonly frameworkId: string; readonly agentId: string }[],
    nowMs: number,
  ): readonly InverseOfferDecision[] {
    return candidates.flatMap(({ frameworkId, agentId }): InverseOfferDecision[] => {
      const unavailability = this.scheduled.get(agentId);
      const word = this.#find(frameworkId, agentId);
      const isRefused = word?.untilMs !== undefined && word.untilMs > nowMs;
      if (unavailability === undefined || word?.isOut === true || isRefused) return [];
      this.#say({ frameworkId, agentId, status: word?.status, isOut: true, untilMs: undefined });
      return [{ frameworkId, agentId, unavailability }];
    });
  }

  #find(frameworkId: string, agentId: string): Word | undefined {
    return this.#words.find((word) => word.frameworkId === frameworkId && word.agentId === agentId);
  }

  #say(word: Word): void {
    const isOther = (other: Word): boolean => other.frameworkId !== word.frameworkId || other.agentId !== word.agentId;
    this.#words = [...this.#words.filter(isOther), word];
  }
}
