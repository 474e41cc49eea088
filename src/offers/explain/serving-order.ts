/**
 * Who is served before whom (spec page 06, 6.3), read from the shares as they are now. The orders of the sorters themselves are left
 * alone: they move when a pass begins, and are drawn from randomness where they are not by share. Pure.
 */
import type { Client } from '../allocator/allocator-state.js';
import type { RoleNode } from '../allocator/role-tree.js';
import type { OrderKeys } from '../allocator/share-table.js';
import type { Standing } from './answer.js';
import type { ExplainContext } from './context.js';

interface Rung {
  readonly keys: OrderKeys;
  readonly role: RoleNode | undefined;
  readonly weight: number;
}

/** The first `count` of `order`. */
interface Before {
  readonly order: readonly Client[];
  readonly count: number;
}

export class ServingOrder {
  #order: readonly Client[] | undefined;
  readonly #placeOf = new Map<Client, number>();
  /** Asked for again and again, for each agent. */
  readonly #before = new Map<Client, Before>();

  constructor(private readonly context: ExplainContext) {}

  /** By share there is an order; otherwise everybody may be first. */
  get isDrawn(): boolean {
    return this.context.roleSorter === 'random' || this.context.frameworkSorter === 'random';
  }

  /** Those that take part and come before `client`, first ones first; where frameworks are drawn, all others. */
  before(client: Client): Before {
    const known = this.#before.get(client);
    if (known !== undefined) return known;
    const before = this.#findBefore(client);
    this.#before.set(client, before);
    return before;
  }

  #findBefore(client: Client): Before {
    if (this.#order === undefined) {
      this.#order = this.#sorted();
      for (const [place, one] of this.#order.entries()) this.#placeOf.set(one, place);
    }
    const order = this.#order;
    const place = this.#placeOf.get(client);
    if (place !== undefined && !this.isDrawn) return { order, count: place };
    const others = order.filter((other) => other !== client && (this.isDrawn || this.#compare(other, client) < 0));
    return { order: others, count: others.length };
  }

  /** Of both, at the level of the tree where they part. */
  compared(client: Client, other: Client): { readonly own: Standing; readonly other: Standing } {
    const own = this.#rungs(client);
    const others = this.#rungs(other);
    let at = 0;
    while (at + 1 < Math.min(own.length, others.length) && own[at]?.keys.path === others[at]?.keys.path) at++;
    return { own: this.#standing(client, own[at]), other: this.#standing(other, others[at]) };
  }

  #standing({ frameworkId }: Client, rung: Rung | undefined): Standing {
    const weight = rung?.weight ?? 1;
    return {
      role: rung?.role?.path,
      frameworkId,
      frameworkName: this.context.facts.findFrameworkName(frameworkId),
      share: (rung?.keys.share ?? 0) * weight,
      weight,
    };
  }

  #sorted(): readonly Client[] {
    const active = this.context.ledger.clients.filter((client) => client?.active === true) as Client[];
    const rungsOf = new Map(active.map((client) => [client, this.#rungs(client)]));
    return active.sort((a, b) => compareRungs(rungsOf.get(a) ?? [], rungsOf.get(b) ?? []));
  }

  #compare(a: Client, b: Client): number {
    return compareRungs(this.#rungs(a), this.#rungs(b));
  }

  /** From the top of the tree down to the framework. */
  #rungs(client: Client): readonly Rung[] {
    const { tree } = this.context.ledger;
    const path: RoleNode[] = [];
    for (let at: RoleNode | undefined = client.role; at?.parent !== undefined; at = at.parent) path.unshift(at);
    const rungs = path.map((role): Rung => ({ keys: keysOf(tree, role, false), role, weight: role.weight }));
    // A role with frameworks of its own and child roles competes with these as a child of weight 1.
    if (client.role.activeChildren > 0)
      rungs.push({ keys: keysOf(tree, client.role, true), role: client.role, weight: 1 });
    const keys = client.slot < 0 ? newcomer(client.frameworkId) : this.context.ledger.orderKeysOf(client);
    return [...rungs, { keys, role: undefined, weight: 1 }];
  }
}

function keysOf(tree: ExplainContext['ledger']['tree'], role: RoleNode, own: boolean): OrderKeys {
  return role.slot < 0 ? newcomer(role.path) : tree.orderKeysOf(role, own);
}

/** Of what has nothing yet. */
function newcomer(path: string): OrderKeys {
  return { share: 0, count: 0, path };
}

function compareRungs(left: readonly Rung[], right: readonly Rung[]): number {
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const [a, b] = [left[at]?.keys, right[at]?.keys];
    if (a === undefined || b === undefined || a.path === b.path) continue;
    return a.share - b.share || a.count - b.count || (a.path < b.path ? -1 : 1);
  }
  return left.length - right.length;
}
