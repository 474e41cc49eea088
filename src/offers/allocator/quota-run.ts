/**
 * Quota during one allocation run (spec page 06, 6.4, "Quota bookkeeping"): how much a role may still get, how much must
 * be left for guarantees, and which roles cannot get anything any more. What is consumed is read from the role tree, which
 * is charged at once.
 *
 * Two deviations, both asked for by the purpose of quota: limits of all ancestors hold for a role, not only its own; and a
 * guarantee of a role serves its subroles too. Below a role with a guarantee others may have their own: it covers theirs, so
 * what is kept for it and what is kept for them is not added up.
 */
import type { Ledger } from './ledger.js';
import type { MinAllocatable } from './min-allocatable.js';
import { Quantities } from './quantities.js';
import type { RoleNode } from './role-tree.js';

export class QuotaRun {
  /** What unsatisfied guarantees still need. */
  readonly requiredHeadroom = new Quantities();
  /** Firm resources that are neither charged nor reserved. */
  readonly availableHeadroom = new Quantities();
  /** Roles taking part that can still get unreserved resources. */
  openRoles = 0;

  /** Roles whose guarantee may not be met yet. */
  readonly #unsatisfied = new Set<RoleNode>();
  /** What is kept for the guarantees of a role and everything below it. */
  readonly #kept = new Map<RoleNode, Quantities>();
  /** The same of all children together; at the root it is the required headroom. */
  readonly #keptBelow = new Map<RoleNode, Quantities>();
  #hasOwnMinimum = false;
  readonly #exhausted = new Set<RoleNode>();
  readonly #minimum: readonly (readonly (readonly [index: number, milli: number])[])[];

  constructor(
    private readonly ledger: Ledger,
    quotaRoles: Iterable<RoleNode>,
    minimum: MinAllocatable,
  ) {
    this.#minimum = minimum.map((all) => all.map(([name, milli]) => [ledger.names.indexOf(name), milli] as const));
    this.#keptBelow.set(ledger.tree.root, this.requiredHeadroom);
    for (const role of quotaRoles) {
      if (this.#missing(role) === undefined) continue;
      this.#unsatisfied.add(role);
      this.#updateKept(role);
    }
    this.#computeAvailable();
    for (const role of ledger.tree.all()) {
      if (role.activeClients === 0) continue;
      if (hasOwnMinimum(role)) this.#hasOwnMinimum = true;
      if (this.#reachedLimit(role)) this.#exhausted.add(role);
      else this.openRoles++;
    }
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
    if (!this.#unsatisfied.has(role)) return undefined;
    const missing = this.#missing(role);
    // What was given is not taken back during a run, but for frameworks that leave; the next run sees those.
    if (missing === undefined) this.#unsatisfied.delete(role);
    return missing;
  }

  #missing(role: RoleNode): Float64Array | undefined {
    let missing: Float64Array | undefined;
    for (const [index, milli] of role.quota?.guarantees ?? []) {
      const lack = milli - role.consumed(index);
      if (lack <= 0) continue;
      missing ??= new Float64Array(this.ledger.names.size);
      missing[index] = lack;
    }
    return missing;
  }

  /** What limits leave to `role`; Infinity where nothing limits it. */
  remainingLimits(role: RoleNode): Float64Array {
    const remaining = new Float64Array(this.ledger.names.size).fill(Number.POSITIVE_INFINITY);
    for (let at: RoleNode | undefined = role; at !== undefined; at = at.parent)
      for (const [index, milli] of at.quota?.limits ?? [])
        remaining[index] = Math.min(remaining[index] ?? 0, Math.max(0, milli - at.consumed(index)));
    return remaining;
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
    if (this.openRoles === 0) return true;
    if (this.#hasOwnMinimum || this.requiredHeadroom.isEmpty || this.#minimum.length === 0) return false;
    return this.#minimum.every((all) =>
      all.some(([index, milli]) => this.availableHeadroom.get(index) - this.requiredHeadroom.get(index) < milli),
    );
  }

  isExhausted(role: RoleNode): boolean {
    return this.#exhausted.has(role);
  }

  /** `firm` went to `role`, in stage 1 for the sake of a guarantee. */
  onGiven(role: RoleNode, firm: Quantities, stage: 1 | 2): void {
    if (stage === 1) this.#updateKept(role);
    this.availableHeadroom.subtractClamped(firm);
    for (let at: RoleNode | undefined = role; at !== undefined; at = at.parent)
      if (at.quota !== undefined && at.quota.limits.size > 0) this.#exhaustBelow(at);
  }

  /** After a change of what `role` consumes. The guarantee of a role covers those below it, so the larger of the two counts. */
  #updateKept(role: RoleNode): void {
    for (let at = role; at.parent !== undefined; at = at.parent) {
      const before = this.#kept.get(at);
      const now = new Quantities();
      const below = this.#keptBelow.get(at);
      if (below !== undefined) now.addAll(below, 1);
      for (const [index, milli] of at.quota?.guarantees ?? [])
        now.set(index, Math.max(now.get(index), milli - at.consumed(index)));
      if (before === undefined && now.isZero) continue;
      this.#kept.set(at, now);
      const ofSiblings = this.#keptBelow.get(at.parent) ?? new Quantities();
      this.#keptBelow.set(at.parent, ofSiblings);
      ofSiblings.addAll(now, 1);
      if (before !== undefined) ofSiblings.addAll(before, -1);
    }
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

  #exhaustBelow(role: RoleNode): void {
    if (role.activeClients > 0 && !this.#exhausted.has(role) && this.#reachedLimit(role)) {
      this.#exhausted.add(role);
      this.openRoles--;
    }
    for (const child of role.children.values()) this.#exhaustBelow(child);
  }

  /** No minimum offer fits below the limits of `role` any more. */
  #reachedLimit(role: RoleNode): boolean {
    if (this.#minimum.length === 0 || !this.#isLimited(role) || hasOwnMinimum(role)) return false;
    const remaining = this.remainingLimits(role);
    return this.#minimum.every((all) => all.some(([index, milli]) => (remaining[index] ?? 0) < milli));
  }

  #isLimited(role: RoleNode): boolean {
    for (let at: RoleNode | undefined = role; at !== undefined; at = at.parent)
      if (at.quota !== undefined && at.quota.limits.size > 0) return true;
    return false;
  }
}

/** A framework that set its own minimum may take what is too small for all others. */
function hasOwnMinimum(role: RoleNode): boolean {
  for (const client of role.clients.values()) if (client.minAllocatable !== undefined) return true;
  return false;
}
