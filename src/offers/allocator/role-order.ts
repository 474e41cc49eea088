/**
 * In which order the roles are served (spec page 06, 6.3): by dominant share level by level, or at random by weight.
 * A pass visits the roles that have frameworks taking part, each once, in the order that held when the pass began.
 */
import type { Random } from '../../base/random.js';
import type { RoleNode, RoleTree } from './role-tree.js';
import { WeightedDraw } from './weighted-draw.js';

export interface RoleOrder {
  begin(): void;
  next(): RoleNode | undefined;
}

/** Pre-order walk over the tree with siblings in ascending share. */
export class DrfRoleOrder implements RoleOrder {
  readonly #path: RoleNode[] = [];
  readonly #position: number[] = [];
  #depth = -1;

  constructor(private readonly tree: RoleTree) {}

  begin(): void {
    this.#depth = -1;
    this.#enter(this.tree.root);
  }

  next(): RoleNode | undefined {
    while (this.#depth >= 0) {
      const parent = this.#path[this.#depth] as RoleNode;
      const position = this.#position[this.#depth] ?? 0;
      if (position >= parent.childOrder.length) {
        this.#depth--;
        continue;
      }
      this.#position[this.#depth] = position + 1;
      const slot = parent.childOrder.at(position);
      const node = this.tree.nodeOf(slot) as RoleNode;
      if (slot === node.ownSlot || node.activeChildren === 0) return node;
      this.#enter(node);
    }
    return undefined;
  }

  /** Only here the order below `node` is brought up to date: what the pass charged so far was not below it. */
  #enter(node: RoleNode): void {
    node.childOrder.refresh();
    this.#depth++;
    this.#path[this.#depth] = node;
    this.#position[this.#depth] = 0;
  }
}

/** Draws leaves by relative weight: the product over the levels of weight / sum of the active siblings' weights. */
export class RandomRoleOrder implements RoleOrder {
  readonly #draw: WeightedDraw;
  #leaves: RoleNode[] = [];
  #structureVersion = -1;

  constructor(
    private readonly tree: RoleTree,
    random: Random,
  ) {
    this.#draw = new WeightedDraw(random);
  }

  begin(): void {
    if (this.#structureVersion === this.tree.structureVersion) {
      this.#draw.begin();
      return;
    }
    this.#structureVersion = this.tree.structureVersion;
    this.#leaves = [];
    const weights: number[] = [];
    this.#collect(this.tree.root, 1, weights);
    this.#draw.reset(weights);
  }

  next(): RoleNode | undefined {
    const item = this.#draw.next();
    return item < 0 ? undefined : this.#leaves[item];
  }

  /** `share` is the relative weight of `parent`. */
  #collect(parent: RoleNode, share: number, weights: number[]): void {
    const active = [...parent.children.values()].filter((child) => child.isActive);
    const ownWeight = parent.activeClients > 0 && parent !== this.tree.root ? 1 : 0;
    const sum = active.reduce((total, child) => total + child.weight, ownWeight);
    if (ownWeight > 0) {
      this.#leaves.push(parent);
      weights.push((share * ownWeight) / sum);
    }
    for (const child of active) {
      const relative = (share * child.weight) / sum;
      if (child.activeChildren > 0) this.#collect(child, relative, weights);
      else {
        this.#leaves.push(child);
        weights.push(relative);
      }
    }
  }
}
