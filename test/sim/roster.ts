/**
 * The machines of a simulated cluster: each has a name and, one after the other, directories with ids of their own. Those
 * of the first hour are started with the list of all, later ones join.
 */
import { assert, present } from '../../src/base/assert.js';
import type { Peer } from '../../src/raft/core/bootstrap/protocol.js';
import type { MemberId } from '../../src/raft/core/configuration.js';
import type { Cluster } from './cluster.js';
import { Disk } from './disk.js';
import { Member } from './member.js';

export class Roster {
  /** Every directory that ever was. */
  readonly members = new Map<MemberId, Member>();
  readonly peers: readonly Peer[];
  readonly #current = new Map<string, Member>();
  readonly #lost = new Set<MemberId>();
  /** They were removed and know it. */
  readonly #left = new Set<Member>();
  readonly #births = new Map<string, number>();

  constructor(
    private readonly cluster: Cluster,
    size: number,
    private readonly wipedKeepsId: boolean,
  ) {
    this.peers = Array.from({ length: size }, (_, i) => ({ name: `n${i + 1}`, address: `n${i + 1}:1` }));
    for (const { name } of this.peers) this.#bear(name, this.peers);
  }

  current(name: string): Member | undefined {
    return this.#current.get(name);
  }

  /** Those that run, in order of their names. */
  running(): readonly Member[] {
    return [...this.#current.values()].filter((member) => member.isUp);
  }

  /** Those that exist, whether they run or not. */
  directories(): readonly Member[] {
    return [...this.#current.values()];
  }

  isLost(id: MemberId): boolean {
    return this.#lost.has(id);
  }

  /** Not the first directory of its machine. */
  isReplacement(id: MemberId): boolean {
    return !id.endsWith('.1');
  }

  onLeft(member: Member): void {
    this.#left.add(member);
  }

  /** Of machines that are not there yet or whose master was removed, or never was a member. */
  freeNames(most: number): readonly string[] {
    return Array.from({ length: most }, (_, i) => `n${i + 1}`).filter((name) => {
      const member = this.#current.get(name);
      return member === undefined || this.#left.has(member) || member.disk.standing.kind !== 'member';
    });
  }

  /** A directory to be added: what is there if it never was a member, otherwise a new one. */
  newcomer(name: string): Member {
    const member = this.#current.get(name);
    if (member === undefined) return this.#bear(name, undefined);
    return this.#left.has(member) ? this.#replace(member, undefined) : member;
  }

  /** Its disk is lost; returns the empty directory that takes its place, and is not started yet. */
  wipe(name: string): Member {
    const member = present(this.#current.get(name), 'a machine');
    // Alone it would found a cluster of one again: who has grown from one joins (DESIGN.md).
    return this.#replace(member, this.peers.length === 1 ? undefined : member.peers);
  }

  /** Unless it runs, or is no more. */
  maybeStart(member: Member): void {
    if (!member.isUp && this.#current.get(member.name) === member) member.start();
  }

  #replace(member: Member, peers: readonly Peer[] | undefined): Member {
    member.crash();
    this.#lost.add(member.id);
    this.cluster.checkers.onWiped(member);
    return this.#bear(member.name, peers);
  }

  #bear(name: string, peers: readonly Peer[] | undefined): Member {
    const birth = (this.#births.get(name) ?? 0) + 1;
    this.#births.set(name, birth);
    const id = this.wipedKeepsId ? name : `${name}.${birth}`;
    assert(this.wipedKeepsId || !this.members.has(id), 'ids are never used again');
    this.#lost.delete(id);
    const member = new Member(id, name, new Disk(), peers, this.cluster);
    this.members.set(id, member);
    this.#current.set(name, member);
    return member;
  }
}
