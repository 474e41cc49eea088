/**
 * What follows from quota and from what roles consume, kept up to date with every charge, so that a run starts without looking
 * at the roles and a changed quota costs what it changes: what guarantees still lack, and which roles can still get something
 * below their limits. It decides nothing; quota-run.ts reads it. Source: spec page 06, 6.4.
 *
 * Invariants, for every role: `kept` is the larger of what its own guarantee lacks and what is kept below it, by name;
 * `keptBelow` is the sum of `kept` over its children; `isOpen` holds exactly when the role takes part and a smallest offer
 * fits below its limits and those of all roles above it.
 */
import { Quantities } from './quantities.js';
import type { RoleNode, RoleQuota } from './role-tree.js';

/** The least an offer must hold, by index of `ScalarNames`: alternatives, each a list of amounts that must all be there. */
export type MinimumByIndex = readonly (readonly (readonly [index: number, milli: number])[])[];

/** What a role keeps here. */
export class RoleStanding {
  /** By name index; undefined: nothing is guaranteed to exactly this role. */
  guaranteed: Float64Array | undefined;
  /** The own guarantee is not met. */
  isLacking = false;
  kept: Quantities | undefined;
  keptBelow: Quantities | undefined;
  /** By alternative of the minimum, 1: it fits below the limits of exactly this role; undefined: it has no limit. */
  fits: Uint8Array | undefined;
  isOpen = false;
  /** Frameworks tracked under the role that set their own minimum. */
  ownMinimums = 0;
  isCountedForOwnMinimum = false;
}

export class QuotaBooks {
  /** What guarantees still lack, all together. */
  readonly required = new Quantities();
  /** Roles taking part that can still get unreserved resources. */
  openRoles = 0;
  /** Roles taking part where a framework may take what is too small for all others. */
  rolesWithOwnMinimum = 0;
  readonly #roles = new Set<RoleNode>();

  constructor(readonly minimum: MinimumByIndex) {}

  /** No role has quota. */
  get isEmpty(): boolean {
    return this.#roles.size === 0;
  }

  set(role: RoleNode, quota: RoleQuota | undefined): void {
    role.quota = quota;
    if (quota === undefined) this.#roles.delete(role);
    else this.#roles.add(role);
    const { standing } = role;
    standing.guaranteed = denseGuarantee(quota);
    const hasLimits = quota !== undefined && quota.limits.size > 0;
    standing.fits = hasLimits ? new Uint8Array(this.minimum.length) : undefined;
    this.#update(role);
    this.#settleBelow(role);
  }

  /** What `role` consumes changed, and with it what all above it do. */
  onConsumed(role: RoleNode): void {
    if (this.#roles.size > 0) this.#update(role);
  }

  /** A framework of `role` joined or left the allocation. */
  onActivity(role: RoleNode): void {
    this.#settle(role);
  }

  /** So many frameworks more have a minimum of their own. */
  onOwnMinimum(role: RoleNode, step: 1 | -1): void {
    role.standing.ownMinimums += step;
    this.#settle(role);
  }

  #update(role: RoleNode): void {
    for (let at: RoleNode | undefined = role; at !== undefined; at = at.parent) {
      const { fits, kept, keptBelow, guaranteed } = at.standing;
      if (fits !== undefined && this.#updateFits(at, fits)) this.#settleBelow(at);
      if (kept !== undefined || keptBelow !== undefined || guaranteed !== undefined) this.#updateKept(at);
    }
  }

  #updateKept(role: RoleNode): void {
    const { standing, parent } = role;
    if (parent === undefined) return;
    const { guaranteed, keptBelow } = standing;
    standing.kept ??= new Quantities();
    const above = this.#keptBelowOf(parent);
    const size = Math.max(guaranteed?.length ?? 0, keptBelow?.values.length ?? 0, standing.kept.values.length);
    standing.isLacking = false;
    for (let index = 0; index < size; index++) {
      const lack = guaranteed === undefined ? 0 : (guaranteed[index] ?? 0) - role.consumed(index);
      if (lack > 0) standing.isLacking = true;
      // A guarantee covers those below it, so the larger of the two counts.
      const now = Math.max(0, lack, keptBelow?.get(index) ?? 0);
      const before = standing.kept.get(index);
      if (now === before) continue;
      standing.kept.set(index, now);
      above.add(index, now - before);
    }
  }

  #keptBelowOf(role: RoleNode): Quantities {
    role.standing.keptBelow ??= role.parent === undefined ? this.required : new Quantities();
    return role.standing.keptBelow;
  }

  /** Returns whether anything is other than it was. */
  #updateFits(role: RoleNode, fits: Uint8Array): boolean {
    let isChanged = false;
    for (let alternative = 0; alternative < fits.length; alternative++) {
      const now = this.#hasRoomFor(role, this.minimum[alternative] ?? []) ? 1 : 0;
      if (fits[alternative] === now) continue;
      fits[alternative] = now;
      isChanged = true;
    }
    return isChanged;
  }

  #hasRoomFor(role: RoleNode, amounts: MinimumByIndex[number]): boolean {
    const limits = role.quota?.limits;
    if (limits === undefined) return true;
    for (const [index, milli] of amounts) {
      const limit = limits.get(index);
      if (limit !== undefined && Math.max(0, limit - role.consumed(index)) < milli) return false;
    }
    return true;
  }

  #settleBelow(role: RoleNode): void {
    this.#settle(role);
    for (const child of role.children.values()) this.#settleBelow(child);
  }

  #settle(role: RoleNode): void {
    const { standing } = role;
    const takesPart = role.activeClients > 0;
    const isOpen = takesPart && !this.#reachedLimit(role);
    if (isOpen !== standing.isOpen) {
      standing.isOpen = isOpen;
      this.openRoles += isOpen ? 1 : -1;
    }
    const hasOwnMinimum = takesPart && standing.ownMinimums > 0;
    if (hasOwnMinimum === standing.isCountedForOwnMinimum) return;
    standing.isCountedForOwnMinimum = hasOwnMinimum;
    this.rolesWithOwnMinimum += hasOwnMinimum ? 1 : -1;
  }

  /** No smallest offer fits any more; a framework with a minimum of its own may take what is smaller. */
  #reachedLimit(role: RoleNode): boolean {
    if (this.minimum.length === 0 || role.standing.ownMinimums > 0) return false;
    for (let alternative = 0; alternative < this.minimum.length; alternative++)
      if (fitsAtAllLevels(role, alternative)) return false;
    return true;
  }
}

function fitsAtAllLevels(role: RoleNode, alternative: number): boolean {
  for (let at: RoleNode | undefined = role; at !== undefined; at = at.parent)
    if (at.standing.fits?.[alternative] === 0) return false;
  return true;
}

function denseGuarantee(quota: RoleQuota | undefined): Float64Array | undefined {
  if (quota === undefined || quota.guarantees.size === 0) return undefined;
  const dense = new Float64Array(Math.max(...quota.guarantees.keys()) + 1);
  for (const [index, milli] of quota.guarantees) dense[index] = milli;
  return dense;
}
