/**
 * Who is connected: every member with its connections of both directions. Decides which connection carries messages, which
 * ones a restarted member makes stale, and when a member is gone. Opens and closes nothing.
 */
import type { Introduction } from '../core/bootstrap/protocol.js';
import type { MemberId } from '../core/configuration.js';

/** The other end of one connection, after both have introduced themselves. */
export interface Peer<Link> {
  readonly link: Link;
  /** Messages travel from the end that dialled. */
  readonly side: 'dialled' | 'accepted';
  /** Of the process at the other end. */
  readonly instance: string;
  introduction: Introduction;
}

/** Processes of one member whose place others have taken; what is older is forgotten. */
const MAX_REPLACED = 16;
/** Members whose replaced processes are remembered. */
const MAX_MEMBERS = 256;

export class PeerRoster<Link> {
  readonly #peers = new Map<MemberId, readonly Peer<Link>[]>();
  readonly #replaced = new Map<MemberId, readonly string[]>();

  /**
   * Whether another process has taken this one's place before: a process that ended does not come back, so both are running,
   * with the same directory or copies of it.
   */
  isReplaced(id: MemberId, instance: string): boolean {
    return this.#replaced.get(id)?.includes(instance) ?? false;
  }

  /** Answers the connections with earlier processes of that member, which are to be closed. */
  add(peer: Peer<Link>): readonly Peer<Link>[] {
    const { id } = peer.introduction.member;
    const known = this.#peers.get(id) ?? [];
    const stale = known.filter(({ instance }) => instance !== peer.instance);
    this.#peers.set(id, [...known, peer]);
    for (const { instance } of stale) this.#remember(id, instance);
    return stale;
  }

  /** Returns whether it was the last connection with that member. */
  remove(peer: Peer<Link>): boolean {
    const { id } = peer.introduction.member;
    const known = this.#peers.get(id) ?? [];
    if (!known.includes(peer)) return false;
    const left = known.filter((other) => other !== peer);
    if (left.length > 0) this.#peers.set(id, left);
    else this.#peers.delete(id);
    return left.length === 0;
  }

  /** The newest connection that messages to that member can travel on. */
  carrier(id: MemberId): Link | undefined {
    return this.#peers.get(id)?.findLast(({ side }) => side === 'dialled')?.link;
  }

  /** Everybody with a carrier. */
  reachable(): ReadonlySet<MemberId> {
    return new Set([...this.#peers.keys()].filter((id) => this.carrier(id) !== undefined));
  }

  #remember(id: MemberId, instance: string): void {
    const replaced = this.#replaced.get(id) ?? [];
    if (replaced.includes(instance)) return;
    this.#replaced.delete(id);
    this.#replaced.set(id, [...replaced, instance].slice(-MAX_REPLACED));
    if (this.#replaced.size > MAX_MEMBERS) this.#replaced.delete(this.#replaced.keys().next().value as string);
  }
}
