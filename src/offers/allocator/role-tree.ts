/**
 * The roles as a tree of path components (spec page 06, 6.1 and 6.3): quota, weight, the frameworks of each role, and the
 * sums that quota and fair sharing need. Every sum covers the subtree: a change is applied to the role and all ancestors.
 * Nodes appear on demand and are pruned when they say nothing any more.
 *
 * A role that has frameworks of its own and child roles competes with its children as a leaf of its own (`ownSlot`).
 */
import { assert } from '../../base/assert.js';
import { parentRole } from '../resources/roles.js';
import type { Client } from './allocator-state.js';
import { type Amounts, Quantities } from './quantities.js';
import { type MinimumByIndex, QuotaBooks, RoleStanding } from './quota-books.js';
import { type OrderKeys, orderKeys, type ShareTable } from './share-table.js';
import { SiblingOrder, type SlotOrder } from './sibling-order.js';

const DEFAULT_WEIGHT = 1;
/** Of roles that are only imagined. */
const NO_SLOT = -1;

/** Amounts by index of `ScalarNames`; names that are absent are not guaranteed, or not limited. */
export interface RoleQuota {
  readonly guarantees: ReadonlyMap<number, number>;
  readonly limits: ReadonlyMap<number, number>;
}

export class RoleNode {
  weight = DEFAULT_WEIGHT;
  quota: RoleQuota | undefined;
  /** Frameworks tracked under exactly this role. */
  readonly clients = new Map<string, Client>();
  readonly children = new Map<string, RoleNode>();
  /** Of `clients`, those that take part in allocation. */
  activeClients = 0;
  activeChildren = 0;
  /** Sums over the subtree. */
  readonly reservations = new Quantities();
  readonly chargedReserved = new Quantities();
  readonly chargedFirm = new Quantities();
  readonly allocatedFirm = new Quantities();
  /** Used by tasks and executors, whatever kind of resource. */
  readonly allocated = new Quantities();
  /** Of the quota books. */
  readonly standing = new RoleStanding();
  /** Active children, and `ownSlot` while the role is both leaf and inner node. */
  readonly childOrder: SiblingOrder;
  inOrder = false;
  ownInOrder = false;

  constructor(
    readonly path: string,
    readonly parent: RoleNode | undefined,
    /** Place of the subtree in the share table. */
    readonly slot: number,
    /** Place of the role's own frameworks alone. */
    readonly ownSlot: number,
    readonly clientOrder: SlotOrder,
    table: ShareTable,
  ) {
    this.childOrder = new SiblingOrder(table);
  }

  get isActive(): boolean {
    return this.activeClients > 0 || this.activeChildren > 0;
  }

  /** Whether it is `top` or below it. */
  isWithin(top: RoleNode): boolean {
    return this === top || this.parent?.isWithin(top) === true;
  }

  /** Charged firm resources and all reservations of the subtree, in thousandths. */
  consumed(index: number): number {
    return this.chargedFirm.get(index) + this.reservations.get(index);
  }
}

export class RoleTree {
  readonly root: RoleNode;
  readonly quota: QuotaBooks;
  readonly #nodes = new Map<string, RoleNode>();
  readonly #nodeOfSlot: (RoleNode | undefined)[] = [];
  /** Everything charged in the cluster. */
  readonly chargedTotal = new Quantities();
  readonly chargedRevocable = new Quantities();
  /** Moves when a role joins or leaves the allocation or its weight changes. */
  structureVersion = 0;

  constructor(
    private readonly table: ShareTable,
    private readonly newClientOrder: () => SlotOrder,
    minimum: MinimumByIndex,
  ) {
    this.quota = new QuotaBooks(minimum);
    this.root = this.#create('', undefined);
  }

  find(path: string): RoleNode | undefined {
    return this.#nodes.get(path);
  }

  /** All roles, parents before children. */
  all(): IterableIterator<RoleNode> {
    return this.#nodes.values();
  }

  getOrCreate(path: string): RoleNode {
    const known = this.#nodes.get(path);
    if (known !== undefined) return known;
    const parentPath = parentRole(path);
    const parent = parentPath === undefined ? this.root : this.getOrCreate(parentPath);
    const node = this.#create(path, parent);
    this.#nodes.set(path, node);
    parent.children.set(path, node);
    return node;
  }

  /** The role as it would be: a node of its own that the tree does not know, below the known ancestors. */
  imagine(path: string): RoleNode {
    const known = this.#nodes.get(path);
    if (known !== undefined) return known;
    const parentPath = parentRole(path);
    const parent = parentPath === undefined ? this.root : this.imagine(parentPath);
    return new RoleNode(path, parent, NO_SLOT, NO_SLOT, this.newClientOrder(), this.table);
  }

  /** Forgets `node` and its ancestors as far as they are empty and at their defaults. */
  prune(node: RoleNode): void {
    let candidate: RoleNode | undefined = node;
    while (candidate?.parent !== undefined && isForgettable(candidate)) {
      const { parent, path, slot, ownSlot } = candidate as RoleNode & { parent: RoleNode };
      assert(!candidate.inOrder, 'a role without frameworks takes no part in allocation');
      parent.children.delete(path);
      this.#nodes.delete(path);
      for (const freed of [slot, ownSlot]) {
        this.#nodeOfSlot[freed] = undefined;
        this.table.remove(freed);
      }
      candidate = parent;
    }
  }

  setWeight(node: RoleNode, weight: number): void {
    node.weight = weight;
    this.table.setWeight(node.slot, weight);
    this.#touch(node.parent, node.slot, node.inOrder);
    this.structureVersion++;
  }

  /** A framework of `node` joined (+1) or left (-1) the allocation. */
  changeActive(node: RoleNode, step: 1 | -1): void {
    node.activeClients += step;
    this.#settleOrder(node);
    this.quota.onActivity(node);
    this.structureVersion++;
  }

  /** `amounts` was offered or allocated (+1) to a framework of `node`, or given back (-1). */
  charge(node: RoleNode, amounts: Amounts, sign: 1 | -1, counts: boolean): void {
    this.#chargeOwn(node, amounts, sign, counts);
    for (let at: RoleNode | undefined = node; at !== undefined; at = at.parent)
      this.#chargeSubtree(at, amounts, sign, counts);
    this.quota.onConsumed(node);
  }

  /**
   * As `charge` for shared volumes, which others below an ancestor may hold already: `amountsOf` tells what is new, or gone, at
   * a role with all below it, or at its own frameworks alone. It counts as no allocation.
   */
  chargeVolumes(node: RoleNode, sign: 1 | -1, amountsOf: (at: RoleNode, alone: boolean) => Amounts): void {
    this.#chargeOwn(node, amountsOf(node, true), sign, false);
    for (let at: RoleNode | undefined = node; at !== undefined; at = at.parent)
      this.#chargeSubtree(at, amountsOf(at, false), sign, false);
    this.quota.onConsumed(node);
  }

  /** Charged resources of `node`, none of them shared, began (+1) or ceased (-1) to be used by tasks. */
  changeAllocated(node: RoleNode, amounts: Amounts, sign: 1 | -1): void {
    for (let at: RoleNode | undefined = node; at !== undefined; at = at.parent) {
      at.allocatedFirm.addAll(amounts.firm, sign);
      at.allocated.addAll(amounts.all, sign);
    }
  }

  /** Resources reserved to `path` appeared on (+1) or vanished from (-1) an agent. */
  changeReservations(path: string, quantities: Quantities, sign: 1 | -1): void {
    const node = this.getOrCreate(path);
    for (let at: RoleNode | undefined = node; at !== undefined; at = at.parent)
      at.reservations.addAll(quantities, sign);
    this.quota.onConsumed(node);
    this.prune(node);
  }

  /** The role a slot of a child order stands for. */
  nodeOf(slot: number): RoleNode | undefined {
    return this.#nodeOfSlot[slot];
  }

  /** Dominant share of the subtree divided by its weight, as of now. */
  shareOf(node: RoleNode): number {
    this.table.recompute(node.slot);
    return this.table.share[node.slot] ?? 0;
  }

  /** By what siblings are put in order: share by weight, allocations made, path; `own`: of the role's frameworks alone. */
  orderKeysOf(node: RoleNode, own: boolean): OrderKeys {
    return orderKeys(this.table, own ? node.ownSlot : node.slot);
  }

  /** Thousandths charged to the subtree, offered or allocated, of the scalar with that index. */
  chargedOf(node: RoleNode, index: number): number {
    return this.table.allocatedOf(node.slot, index);
  }

  #create(path: string, parent: RoleNode | undefined): RoleNode {
    const slot = this.table.add(path, DEFAULT_WEIGHT);
    const ownSlot = this.table.add(`${path}/.`, DEFAULT_WEIGHT);
    const node = new RoleNode(path, parent, slot, ownSlot, this.newClientOrder(), this.table);
    this.#nodeOfSlot[slot] = node;
    this.#nodeOfSlot[ownSlot] = node;
    return node;
  }

  #chargeOwn(node: RoleNode, amounts: Amounts, sign: 1 | -1, counts: boolean): void {
    this.table.charge(node.ownSlot, amounts.all, sign, counts);
    this.#touch(node, node.ownSlot, node.ownInOrder);
  }

  #chargeSubtree(at: RoleNode, amounts: Amounts, sign: 1 | -1, counts: boolean): void {
    if (at === this.root) {
      this.chargedTotal.addAll(amounts.all, sign);
      if (!amounts.isPlain) this.chargedRevocable.addAll(amounts.revocable, sign);
    }
    this.table.charge(at.slot, amounts.all, sign, counts);
    if (!amounts.isPlain) at.chargedReserved.addAll(amounts.reserved, sign);
    at.chargedFirm.addAll(amounts.firm, sign);
    this.#touch(at.parent, at.slot, at.inOrder);
  }

  #touch(parent: RoleNode | undefined, slot: number, inOrder: boolean): void {
    if (parent !== undefined && inOrder) parent.childOrder.touch(slot);
  }

  /** Puts `node` and its ancestors into, or takes them out of, the orders they belong in. */
  #settleOrder(node: RoleNode): void {
    const needsOwn = node.activeClients > 0 && node.activeChildren > 0;
    if (needsOwn !== node.ownInOrder) {
      node.ownInOrder = needsOwn;
      if (needsOwn) node.childOrder.insert(node.ownSlot);
      else node.childOrder.remove(node.ownSlot);
    }
    const parent = node.parent;
    if (parent === undefined || node.isActive === node.inOrder) return;
    node.inOrder = node.isActive;
    if (node.inOrder) parent.childOrder.insert(node.slot);
    else parent.childOrder.remove(node.slot);
    parent.activeChildren += node.inOrder ? 1 : -1;
    this.#settleOrder(parent);
  }
}

function isForgettable(node: RoleNode): boolean {
  return (
    node.clients.size === 0 &&
    node.children.size === 0 &&
    node.weight === DEFAULT_WEIGHT &&
    node.quota === undefined &&
    node.reservations.isZero &&
    node.chargedReserved.isZero &&
    node.chargedFirm.isZero
  );
}
