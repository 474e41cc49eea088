/**
 * The rows of roles. Remembers since when a role is below its guarantee or over its limit, which the stream does not say, and how bad
 * the worst role of each tree is, so that a tree moves as one when problems come first. Pure.
 */
import type * as api from '../../wire/gen/mesoctl-api.js';
import { DueQueue } from './due-queue.js';
import { isBelowGuarantee, isOverLimit, judgeRole, SEVERITIES } from './health.js';
import type { ModelState } from './model-state.js';
import type { RoleRow, Severity } from './rows.js';
import { sameValue } from './same-value.js';
import { Tally } from './tally.js';

interface Tree {
  readonly roles: Set<string>;
  readonly severities: Tally<Severity>;
}

export class RoleKeeper {
  readonly #trees = new Map<string, Tree>();
  readonly #belowSince = new Map<string, number>();
  readonly #overSince = new Map<string, number>();
  /** Roles below their guarantee by when that is a problem. */
  readonly #starving = new DueQueue();

  constructor(private readonly state: ModelState) {}

  put(role: api.Role): void {
    const { roles } = this.state.tables;
    const old = roles.get(role.name);
    this.#remember(this.#belowSince, role.name, isBelowGuarantee(role));
    this.#remember(this.#overSince, role.name, isOverLimit(role));
    this.#set(old !== undefined && sameValue(old.role, role) ? old.role : role, old);
  }

  remove(key: string): void {
    const old = this.state.tables.roles.remove(key);
    if (old === undefined) return;
    this.#belowSince.delete(key);
    this.#overSince.delete(key);
    this.#starving.delete(key);
    this.state.problems.onRole(key, undefined, 0);
    this.#refreshTree(old, undefined);
  }

  /** Returns whether any row changed. */
  tick(): boolean {
    const { now } = this.state.clock;
    let changed = false;
    for (let key = this.#starving.popDue(now); key !== undefined; key = this.#starving.popDue(now)) {
      const row = this.state.tables.roles.get(key);
      if (row === undefined) continue;
      this.#set(row.role, row);
      changed = true;
    }
    return changed;
  }

  #remember(since: Map<string, number>, key: string, holds: boolean): void {
    if (!holds) since.delete(key);
    else if (!since.has(key)) since.set(key, this.state.clock.now);
  }

  #set(role: api.Role, old: RoleRow | undefined): void {
    const key = role.name;
    const { tables, clock, generation, problems } = this.state;
    const { severity, note, dueAt } = judgeRole(role, this.#belowSince.get(key), clock.now);
    if (dueAt === undefined) this.#starving.delete(key);
    else this.#starving.set(key, dueAt);
    const isSame = old?.role === role && old.severity === severity && old.note === note;
    const treeSeverity = old?.treeSeverity ?? severity;
    const row: RoleRow = isSame ? old : { key, severity, note, role, depth: depthOf(key), treeSeverity };
    tables.roles.put(row, generation);
    if (isSame) return;
    problems.onRole(key, row, this.#overSince.get(key) ?? this.#belowSince.get(key) ?? clock.now);
    if (old?.severity !== severity) this.#refreshTree(old, row);
  }

  /** A role of a tree came, went or got better or worse: all of its rows follow where the worst of them is another. */
  #refreshTree(old: RoleRow | undefined, row: RoleRow | undefined): void {
    const key = (row ?? old)?.key ?? '';
    const name = topLevelOf(key);
    const tree = this.#trees.get(name) ?? { roles: new Set(), severities: new Tally() };
    this.#trees.set(name, tree);
    if (old !== undefined) tree.severities.add(old.severity, -1);
    if (row !== undefined) tree.severities.add(row.severity, 1);
    if (row === undefined) tree.roles.delete(key);
    else tree.roles.add(key);
    if (tree.roles.size === 0) this.#trees.delete(name);
    const worst = SEVERITIES.find((severity) => tree.severities.has(severity)) ?? 'normal';
    for (const each of tree.roles) {
      const member = this.state.tables.roles.get(each);
      if (member !== undefined && member.treeSeverity !== worst)
        this.state.tables.roles.replace({ ...member, treeSeverity: worst });
    }
  }
}

function depthOf(name: string): number {
  return name.split('/').length - 1;
}

function topLevelOf(name: string): string {
  const slash = name.indexOf('/');
  return slash < 0 ? name : name.slice(0, slash);
}
