/**
 * Proposals of this member between `propose` and their results, and reads between their index and its being applied. Pure
 * bookkeeping. The results of one entry can come before or after the word that it was proposed has: never before.
 *
 * Invariants: every request that is added is taken exactly once; an index belongs to one term's proposal at most.
 */
import { assert } from '../../base/assert.js';

export interface AppliedResult {
  readonly index: number;
  readonly term: number;
  readonly result: Uint8Array;
}

export type ProposalOutcome =
  | { readonly requestId: number; readonly kind: 'applied'; readonly index: number; readonly result: Uint8Array }
  /** Another leader's entry took its place: it never happened. */
  | { readonly requestId: number; readonly kind: 'replaced' };

export class Proposals {
  /** By index, in ascending order: a leader's indexes only grow, and what a new term proposes comes after what was dropped. */
  readonly #waiting = new Map<number, { readonly requestId: number; readonly term: number }>();
  #reads: { readonly requestId: number; readonly index: number }[] = [];
  #applied = 0;

  get size(): number {
    return this.#waiting.size;
  }

  proposed(requestId: number, term: number, index: number): void {
    assert(!this.#waiting.has(index), 'an index is proposed once at a time');
    this.#waiting.set(index, { requestId, term });
  }

  /** Requests whose outcome nobody will ever tell this member: those from `fromIndex` on. */
  dropped(fromIndex: number): readonly number[] {
    const lost = [...this.#waiting].filter(([index]) => index >= fromIndex);
    for (const [index] of lost) this.#waiting.delete(index);
    return lost.map(([, { requestId }]) => requestId);
  }

  applied(index: number, results: readonly AppliedResult[]): readonly ProposalOutcome[] {
    this.#applied = Math.max(this.#applied, index);
    const outcomes: ProposalOutcome[] = [];
    for (const { index: at, term, result } of results) {
      const proposal = this.#waiting.get(at);
      if (proposal === undefined) continue;
      this.#waiting.delete(at);
      const { requestId } = proposal;
      if (proposal.term === term) outcomes.push({ requestId, kind: 'applied', index: at, result });
      else outcomes.push({ requestId, kind: 'replaced' });
    }
    return outcomes;
  }

  /** Returns whether it can be answered at once. */
  addRead(requestId: number, index: number): boolean {
    if (index <= this.#applied) return true;
    this.#reads.push({ requestId, index });
    return false;
  }

  /** Reads that what is applied by now is enough for. */
  takeReads(): readonly number[] {
    if (this.#reads.length === 0) return [];
    const ready = this.#reads.filter(({ index }) => index <= this.#applied);
    if (ready.length > 0) this.#reads = this.#reads.filter(({ index }) => index > this.#applied);
    return ready.map(({ requestId }) => requestId);
  }
}
