/**
 * The division that DRF would make if the cluster were one machine and tasks could be cut at will: progressive filling (Ghodsi
 * et al., NSDI 2011, section 4.2), by weights along the tree of roles, guarantees first, never beyond limits or demand. What
 * the allocator did is measured against it. Works in steps of a small part of the cluster, so the answer is exact to about
 * one step. Amounts are columns of one number for each scalar of the cluster.
 */
import { present } from '../base/assert.js';
import type { RolePolicy } from './scenario.js';

/** A framework that wants tasks now. */
export interface Demand {
  readonly role: string;
  /** Of one task. */
  readonly perTask: Float64Array;
  /** That run or wait; may be Infinity. */
  readonly tasks: number;
}

export interface IdealCluster {
  readonly names: readonly string[];
  readonly totals: Float64Array;
  /** Names that do not count for shares. */
  readonly excluded: ReadonlySet<string>;
  readonly roles: ReadonlyMap<string, RolePolicy>;
}

/** Part of the cluster by which dominant shares grow at a time. */
const STEP = 1 / 2000;
/** Rests that rounding leaves. */
const NOTHING = 1e-9;

interface Node {
  readonly parent: Node | undefined;
  readonly weight: number;
  readonly has: Float64Array;
  readonly children: Node[];
  /** undefined: nothing is set. */
  readonly guarantees: Float64Array | undefined;
  readonly limits: Float64Array | undefined;
  /** Of a framework. */
  readonly demand: Demand | undefined;
  left: number;
  isOpen: boolean;
}

/** The dominant share of each demand, 0 to 1, in their order; weights are in it, not divided out of it. */
export class IdealShares {
  readonly #counted: readonly boolean[];

  constructor(private readonly cluster: IdealCluster) {
    this.#counted = cluster.names.map((name) => !cluster.excluded.has(name));
  }

  of(demands: readonly Demand[]): readonly number[] {
    const root = this.#node(undefined, undefined, undefined);
    const nodes = new Map<string, Node>();
    const leaves = demands.map((demand) => this.#node(this.#roleNode(demand.role, root, nodes), undefined, demand));
    const free = this.cluster.totals.slice();
    const roles = [...nodes.values()];
    this.#fill(root, leaves, free, (leaf) => lacksGuarantee(leaf));
    this.#keepGuarantees(roles, free);
    this.#fill(root, leaves, free, () => true);
    return leaves.map((leaf) => this.shareOf(leaf.has));
  }

  /** Largest part of any counted scalar. */
  shareOf(has: Float64Array): number {
    const { totals } = this.cluster;
    let share = 0;
    for (let i = 0; i < totals.length; i++) {
      const total = totals[i] ?? 0;
      if (total > 0 && this.#counted[i] === true) share = Math.max(share, (has[i] ?? 0) / total);
    }
    return share;
  }

  /** Lets whoever has least grow, until nobody of `may` can. */
  #fill(root: Node, leaves: readonly Node[], free: Float64Array, may: (leaf: Node) => boolean): void {
    for (const leaf of leaves) open(leaf, leaf.left > NOTHING && may(leaf));
    for (let leaf = this.#poorest(root); leaf !== undefined; leaf = this.#poorest(root))
      if (!this.#grow(leaf, free) || !may(leaf)) close(leaf);
  }

  #poorest(root: Node): Node | undefined {
    let at: Node | undefined = root.isOpen ? root : undefined;
    while (at !== undefined && at.demand === undefined) {
      let poorest: Node | undefined;
      let least = Number.POSITIVE_INFINITY;
      for (const child of at.children) {
        if (!child.isOpen) continue;
        const share = this.shareOf(child.has) / child.weight;
        if (share >= least) continue;
        least = share;
        poorest = child;
      }
      at = poorest;
    }
    return at;
  }

  /** Returns whether it can grow again. */
  #grow(leaf: Node, free: Float64Array): boolean {
    const demand = present(leaf.demand, 'frameworks grow');
    const ofOne = this.shareOf(demand.perTask);
    const wanted = Math.min(leaf.left, ofOne > 0 ? STEP / ofOne : leaf.left);
    const given = Math.min(wanted, roomFor(leaf, demand.perTask, free));
    if (!(given > NOTHING) || !Number.isFinite(given)) return false;
    leaf.left -= given;
    addTimes(free, demand.perTask, -given);
    for (let at: Node | undefined = leaf; at !== undefined; at = at.parent) addTimes(at.has, demand.perTask, given);
    return given === wanted && leaf.left > NOTHING;
  }

  /** What guarantees lack although nobody asks for it stays free. */
  #keepGuarantees(roles: readonly Node[], free: Float64Array): void {
    for (const { guarantees, has } of roles)
      guarantees?.forEach((amount, i) => {
        free[i] = Math.max(0, (free[i] ?? 0) - Math.max(0, amount - (has[i] ?? 0)));
      });
  }

  #roleNode(path: string, root: Node, nodes: Map<string, Node>): Node {
    const known = nodes.get(path);
    if (known !== undefined) return known;
    const slash = path.lastIndexOf('/');
    const node = this.#node(slash < 0 ? root : this.#roleNode(path.slice(0, slash), root, nodes), path, undefined);
    nodes.set(path, node);
    return node;
  }

  #node(parent: Node | undefined, path: string | undefined, demand: Demand | undefined): Node {
    const policy = path === undefined ? undefined : this.cluster.roles.get(path);
    const node: Node = {
      parent,
      weight: policy?.weight ?? 1,
      has: new Float64Array(this.cluster.totals.length),
      children: [],
      guarantees: this.#columns(policy?.guarantees, 0),
      limits: this.#columns(policy?.limits, Number.POSITIVE_INFINITY),
      demand,
      left: demand?.tasks ?? 0,
      isOpen: false,
    };
    parent?.children.push(node);
    return node;
  }

  #columns(amounts: ReadonlyMap<string, number> | undefined, absent: number): Float64Array | undefined {
    if (amounts === undefined || amounts.size === 0) return undefined;
    return Float64Array.from(this.cluster.names, (name) => amounts.get(name) ?? absent);
  }
}

/** Its nearest guarantee, its own or an ancestor's, is not met in something that it uses. */
function lacksGuarantee(leaf: Node): boolean {
  let at: Node | undefined = leaf;
  while (at !== undefined && at.guarantees === undefined) at = at.parent;
  return (
    at?.guarantees?.some((amount, i) => amount - (at.has[i] ?? 0) > NOTHING && (leaf.demand?.perTask[i] ?? 0) > 0) ===
    true
  );
}

/** Tasks that fit into what is free and below all limits. */
function roomFor(leaf: Node, perTask: Float64Array, free: Float64Array): number {
  let room = Number.POSITIVE_INFINITY;
  perTask.forEach((amount, i) => {
    if (amount <= 0) return;
    room = Math.min(room, (free[i] ?? 0) / amount);
    for (let at: Node | undefined = leaf; at !== undefined; at = at.parent)
      if (at.limits !== undefined) room = Math.min(room, Math.max(0, (at.limits[i] ?? 0) - (at.has[i] ?? 0)) / amount);
  });
  return room;
}

function open(leaf: Node, isOpen: boolean): void {
  leaf.isOpen = isOpen;
  if (!isOpen) return;
  for (let at: Node | undefined = leaf.parent; at !== undefined && !at.isOpen; at = at.parent) at.isOpen = true;
}

function close(leaf: Node): void {
  leaf.isOpen = false;
  for (let at = leaf.parent; at?.children.every((child) => !child.isOpen); at = at.parent) at.isOpen = false;
}

function addTimes(sum: Float64Array, amounts: Float64Array, times: number): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + times * (amounts[i] ?? 0);
}
