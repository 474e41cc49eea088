/**
 * What must hold after every step (thesis, figure 3.2), checked against everything that any member ever did. Each checker
 * looks only at what the step changed; together they are exact:
 *   log matching       an (index, term) names one entry with one predecessor, whoever wrote it
 *   election safety    a term has one leader
 *   leader completeness  who comes to lead holds every entry that was committed
 *   state machine safety  an index is applied with one entry everywhere
 *   one vote           an id votes once in a term, and never before a configuration named it a voter
 *   one cluster        no two directories that exist are members of different clusters, and only one cluster ever commits
 */
import { assert } from '../../src/base/assert.js';
import type { Standing } from '../../src/raft/core/bootstrap/protocol.js';
import type { Configuration } from '../../src/raft/core/configuration.js';
import type { Entry, PersistBatch, VoteResponse } from '../../src/raft/core/protocol.js';
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
  /** Of the directories that exist. */
  readonly #memberships = new Map<Member, string>();
  /** Every id that any configuration ever named a voter. */
  readonly #voters = new Set<string>();
  readonly #votes = new Map<string, string>();
  #committedCluster: string | undefined;
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
      if (entry.body.kind === 'configuration') this.#nameVoters(entry.body.configuration);
      const prevTerm = member.disk.termAt(entry.index - 1);
      const ofTerm = this.#entries.get(entry.term) ?? new Map<number, Known>();
      this.#entries.set(entry.term, ofTerm);
      const known = ofTerm.get(entry.index);
      if (known === undefined) ofTerm.set(entry.index, { entry, prevTerm });
      else if (known.prevTerm !== prevTerm || !isSame(known.entry, entry))
        throw new Violation(`log matching: ${member.id} holds another entry ${entry.index} of term ${entry.term}`);
    }
  }

  /** A directory is what it says from now on, whatever happens, short of its loss. */
  onStanding(member: Member, standing: Standing, configuration: Configuration | undefined): void {
    if (standing.kind !== 'member') return;
    for (const [other, clusterId] of this.#memberships)
      if (clusterId !== standing.clusterId)
        throw new Violation(`one cluster: ${member.id} is in ${standing.clusterId}, ${other.id} in ${clusterId}`);
    this.#memberships.set(member, standing.clusterId);
    if (configuration !== undefined) this.#nameVoters(configuration);
  }

  onWiped(member: Member): void {
    this.#memberships.delete(member);
  }

  onVote({ from, to, term }: VoteResponse): void {
    const key = `${from} ${term}`;
    const earlier = this.#votes.get(key) ?? to;
    if (earlier !== to) throw new Violation(`one vote: ${from} votes for ${earlier} and ${to} in term ${term}`);
    this.#votes.set(key, to);
    if (!this.#voters.has(from)) throw new Violation(`one vote: ${from} votes, and no configuration lets it`);
  }

  #nameVoters({ voters }: Configuration): void {
    for (const id of voters) this.#voters.add(id);
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
    const clusterId = this.#memberships.get(member);
    this.#committedCluster ??= clusterId;
    if (clusterId !== this.#committedCluster)
      throw new Violation(`one cluster: both ${this.#committedCluster} and ${clusterId} commit`);
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
