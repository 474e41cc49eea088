/**
 * Phase one as the coordinator sees it: one proposed cluster, and who has promised to be in it. A proposal is never changed,
 * only given up for another with a new cluster id; that is what makes the order of promises one way (DESIGN.md).
 */
import type { Configuration, Member, MemberId } from '../configuration.js';
import type { KnownPeer } from './peers.js';
import type { BootstrapMessage } from './protocol.js';

export class Proposal {
  readonly configuration: Configuration;
  /** What each other member had promised when this was proposed. */
  readonly #replaces: ReadonlyMap<MemberId, string | undefined>;
  readonly #granted = new Set<MemberId>();

  constructor(
    readonly clusterId: string,
    self: Member,
    peers: readonly KnownPeer[],
  ) {
    const members = [self, ...peers.map(({ introduction }) => introduction.member)];
    this.configuration = { members, voters: members.map(({ id }) => id), outgoing: [], learners: [] };
    this.#replaces = new Map(peers.map(({ introduction }) => [introduction.member.id, introduction.clusterId]));
  }

  prepareFor(id: MemberId): BootstrapMessage {
    const { clusterId, configuration } = this;
    return { kind: 'prepare', clusterId, configuration, replaces: this.#replaces.get(id) };
  }

  hasGranted(id: MemberId): boolean {
    return this.#granted.has(id);
  }

  grant(id: MemberId): void {
    if (this.#replaces.has(id)) this.#granted.add(id);
  }

  get isGranted(): boolean {
    return this.#granted.size === this.#replaces.size;
  }

  /** Whether the peer is still what it was when this was proposed. */
  fits({ introduction }: KnownPeer): boolean {
    const { member, standing, clusterId } = introduction;
    if (standing === 'member' || !this.#replaces.has(member.id)) return false;
    return clusterId === this.clusterId || clusterId === this.#replaces.get(member.id);
  }
}
