/**
 * Quota during one allocation run (spec page 06, 6.4, "Quota bookkeeping"): how much a role may still get, how much must
 * be left for guarantees, and which roles cannot get anything any more. What is consumed and what is lacking is read from the
 * role tree, which is charged at once; what is fixed for the run, the headroom, is kept here. Starting one is O(names).
 *
 * Two deviations, both asked for by the purpose of quota: limits of all ancestors hold for a role, not only its own; and a
 * guarantee of a role serves its subroles too. Below a role with a guarantee others may have their own: it covers theirs, so
 * what is kept for it and what is kept for them is not added up.
 */
import type { Ledger } from './ledger.js';
import { Quantities } from './quantities.js';
import type { QuotaBooks } from './quota-books.js';
import type { RoleNode } from './role-tree.js';

export class QuotaRun {
  /** What unsatisfied guarantees still need; what stage 2 gives does not count. */
  readonly requiredHeadroom = new Quantities();
  /** Firm resources that are neither charged nor reserved. */
  readonly availableHeadroom = new Quantities();
  readonly #books: QuotaBooks;

  constructor(private readonly ledger: Ledger) {
    this.#books = ledger.tree.quota;
    this.requiredHeadroom.copy(this.#books.required);
    this.#computeAvailable();
  }

  get hasUnsatisfied(): boolean {
    return !this.requiredHeadroom.isEmpty;
  }

  /** What is missing, by name index, to the guarantee that `role` draws on: its own, or the nearest one above not met yet. */
  findMissing(role: RoleNode): Float64Array | undefined {
    for (let at: RoleNode | undefined = role; at !== undefined; at = at.parent) {
      const missing = this.findUnsatisfied(at);
      if (missing !== undefined) return missing;
    }
    return undefined;
  }

  /** What is missing to the guarantee of `role` itself, by name index; undefined: nothing. */
  findUnsatisfied(role: RoleNode): Float64Array | undefined {
    if (!role.standing.isLacking) return undefined;
    const missing = new Float64Array(this.ledger.names.size);
    for (const [index, milli] of role.quota?.guarantees ?? [])
      missing[index] = Math.max(0, milli - role.consumed(index));
    return missing;
  }

  /** What `role` may get for the sake of that guarantee below its limits; undefined: nothing. */
  findWanted(role: RoleNode): Float64Array | undefined {
    const missing = this.findMissing(role);
    if (missing === undefined) return undefined;
    let isWanted = false;
    for (let index = 0; index < missing.length; index++) {
      const milli = missing[index] ?? 0;
      if (milli === 0) continue;
      missing[index] = Math.min(milli, roomBelowLimits(role, index));
      if (missing[index] !== 0) isWanted = true;
    }
    return isWanted ? missing : undefined;
  }

  /** What limits leave to `role`; Infinity where nothing limits it. */
  remainingLimits(role: RoleNode): Float64Array {
    return leastLimits(role, this.ledger.names.size, (at, index, milli) => Math.max(0, milli - at.consumed(index)));
  }

  /** As `remainingLimits`, of a role that uses nothing. */
  limitsOf(role: RoleNode): Float64Array {
    return leastLimits(role, this.ledger.names.size, (_, __, milli) => milli);
  }

  /** Lowers `target` to what may be given away without touching what guarantees need. */
  boundByHeadroom(target: Float64Array): Float64Array {
    if (this.requiredHeadroom.isEmpty) return target;
    for (let i = 0; i < target.length; i++) {
      const spare = Math.max(0, this.availableHeadroom.get(i) - this.requiredHeadroom.get(i));
      target[i] = Math.min(target[i] ?? 0, spare);
    }
    return target;
  }

  /** Whether no unreserved resources that reach the minimum may be given to anybody. */
  get isSpent(): boolean {
    const { minimum, openRoles, rolesWithOwnMinimum } = this.#books;
    if (openRoles === 0) return true;
    if (rolesWithOwnMinimum > 0 || this.requiredHeadroom.isEmpty || minimum.length === 0) return false;
    return minimum.every((all) =>
      all.some(([index, milli]) => this.availableHeadroom.get(index) - this.requiredHeadroom.get(index) < milli),
    );
  }

  /** Of a role that takes part. */
  isExhausted(role: RoleNode): boolean {
    return !role.standing.isOpen;
  }

  /** `firm` went to a role, in stage 1 for the sake of a guarantee; the books have it already. */
  onGiven(firm: Quantities, stage: 1 | 2): void {
    if (stage === 1) this.requiredHeadroom.copy(this.#books.required);
    this.availableHeadroom.subtractClamped(firm);
  }

  #computeAvailable(): void {
    const { totals, tree, names } = this.ledger;
    const { root } = tree;
    for (let i = 0; i < names.size; i++) {
      const unallocatedReserved = root.reservations.get(i) - root.chargedReserved.get(i);
      const unallocatedRevocable = totals.revocable.get(i) - tree.chargedRevocable.get(i);
      const free = totals.all.get(i) - tree.chargedTotal.get(i) - unallocatedReserved - unallocatedRevocable;
      this.availableHeadroom.set(i, Math.max(0, free));
    }
  }
}

/** By name index, the least of what `leaves` makes of each limit at the role and all above it; Infinity: nothing limits it. */
export function leastLimits(
  role: RoleNode,
  size: number,
  leaves: (at: RoleNode, index: number, milli: number) => number,
): Float64Array {
  const least = new Float64Array(size).fill(Number.POSITIVE_INFINITY);
  for (let at: RoleNode | undefined = role; at !== undefined; at = at.parent)
    for (const [index, milli] of at.quota?.limits ?? [])
      least[index] = Math.min(least[index] ?? 0, leaves(at, index, milli));
  return least;
}

/** Of one name, at the role and all above it; Infinity: nothing limits it. */
function roomBelowLimits(role: RoleNode, index: number): number {
  let room = Number.POSITIVE_INFINITY;
  for (let at: RoleNode | undefined = role; at !== undefined; at = at.parent) {
    const limit = at.quota?.limits.get(index);
    if (limit !== undefined) room = Math.min(room, Math.max(0, limit - at.consumed(index)));
  }
  return room;
}
