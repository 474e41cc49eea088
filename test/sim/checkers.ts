/**
 * What must hold after every step (thesis, figure 3.2), checked against everything that any member ever did. Each checker
 * looks only at what the step changed; together they are exact:
 *   log matching       an (index, term) names one entry with one predecessor, whoever wrote it
 *   election safety    a term has one leader
 *   leader completeness  who comes to lead holds every entry that was committed
 *   state machine safety  an index is applied with one entry everywhere
 */
import { assert } from '../../src/base/assert.js';
import type { Entry, PersistBatch } from '../../src/raft/core/protocol.js';
import type { Member } from './member.js';

export class Violation extends Error {
  override readonly name = 'Violation';
}

interface Known {
  readonly entry: Entry;
  readonly prevTerm: number | undefined;
}

export class Checkers {
  readonly #leaders = new Map<number, string>();
  readonly #entries = new Map<number, Map<number, Known>>();
  /** Term of the entry at each index that somebody applied. */
  readonly committed: number[] = [0];

  get elections(): number {
    return this.#leaders.size;
  }
  get commits(): number {
    return this.committed.length - 1;
  }

  onBatch(member: Member, { entries }: PersistBatch): void {
    for (const entry of entries) {
      const prevTerm = member.disk.termAt(entry.index - 1);
      const ofTerm = this.#entries.get(entry.term) ?? new Map<number, Known>();
      this.#entries.set(entry.term, ofTerm);
      const known = ofTerm.get(entry.index);
      if (known === undefined) ofTerm.set(entry.index, { entry, prevTerm });
      else if (known.prevTerm !== prevTerm || !isSame(known.entry, entry))
        throw new Violation(`log matching: ${member.id} holds another entry ${entry.index} of term ${entry.term}`);
    }
  }

  onLeader(member: Member, term: number): void {
    const known = this.#leaders.get(term);
    if (known !== undefined && known !== member.id)
      throw new Violation(`election safety: ${known} and ${member.id} both lead term ${term}`);
    if (known !== undefined) return;
    this.#leaders.set(term, member.id);
    for (let index = member.disk.baseIndex + 1; index < this.committed.length; index++)
      if (member.disk.termAt(index) !== this.committed[index])
        throw new Violation(
          `leader completeness: ${member.id} leads term ${term} without entry ${index} of term ${this.committed[index]}`,
        );
  }

  onApplied(member: Member, { index, term }: Entry): void {
    const known = this.committed[index];
    if (known === undefined) {
      assert(index === this.committed.length, 'entries are applied in order');
      this.committed.push(term);
    } else if (known !== term)
      throw new Violation(`state machine safety: ${member.id} applied entry ${index} of term ${term}, not ${known}`);
  }

  onInstalled(member: Member, { applied, term }: { readonly applied: number; readonly term: number }): void {
    if (this.committed[applied] !== term)
      throw new Violation(`state machine safety: ${member.id} installed ${applied} of term ${term}`);
  }
}

function isSame(a: Entry, b: Entry): boolean {
  if (a.body === b.body) return true;
  if (a.body.kind !== b.body.kind) return false;
  if (a.body.kind === 'data' && b.body.kind === 'data') return Buffer.compare(a.body.data, b.body.data) === 0;
  return a.body.kind === 'no-op';
}
