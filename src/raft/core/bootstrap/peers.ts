/**
 * What a member knows of those it is connected with, by their introductions. Pure state, no decisions.
 *
 * Invariant: of one id the standing only moves forward: introductions travel over several connections, and an older one
 * may come last.
 */
import type { MemberId } from '../configuration.js';
import type { Introduction, Peer, Standing } from './protocol.js';

export interface KnownPeer {
  introduction: Introduction;
  /** When it was met first since it was connected. Monotonic ms. */
  readonly metMs: number;
  /** When it was told something last that is repeated until it shows effect. Monotonic ms. */
  toldMs: number;
}

const RANK: Readonly<Record<Standing['kind'], number>> = { empty: 0, promised: 1, member: 2 };

export class KnownPeers {
  readonly #peers = new Map<MemberId, KnownPeer>();

  meet(introduction: Introduction, nowMs: number): KnownPeer {
    const { id } = introduction.member;
    const known = this.#peers.get(id);
    if (known === undefined) {
      const peer = { introduction, metMs: nowMs, toldMs: Number.NEGATIVE_INFINITY };
      this.#peers.set(id, peer);
      return peer;
    }
    if (RANK[introduction.standing] >= RANK[known.introduction.standing]) known.introduction = introduction;
    return known;
  }

  /** Another introduction will come with its next connection: nothing is kept. */
  forget(id: MemberId): void {
    this.#peers.delete(id);
  }

  find(id: MemberId): KnownPeer | undefined {
    return this.#peers.get(id);
  }

  all(): IterableIterator<KnownPeer> {
    return this.#peers.values();
  }

  /** In the order in which they were met. */
  named(name: string): readonly KnownPeer[] {
    return [...this.#peers.values()]
      .filter(({ introduction }) => introduction.member.name === name)
      .sort((a, b) => a.metMs - b.metMs);
  }
}

/** Equal for equal lists, in whatever order they were written; readable, since errors show it. */
export function peersDigest(peers: readonly Peer[]): string {
  return peers
    .map(({ name, address }) => `${name}=${address}`)
    .sort()
    .join(',');
}

/** Who proposes: the smallest name. */
export function coordinatorOf(peers: readonly Peer[]): string | undefined {
  return peers.map(({ name }) => name).sort()[0];
}

/** Why nobody of that name can be started with this list; undefined: it is fine. */
export function peersFault(peers: readonly Peer[], name: string): string | undefined {
  const names = peers.map((peer) => peer.name);
  const twice = names.find((one, i) => names.indexOf(one) !== i);
  if (twice !== undefined) return `the name ${twice} is in --peers twice`;
  if (names.includes(name)) return undefined;
  return `the name ${name} is not among --peers ${peersDigest(peers)}`;
}
