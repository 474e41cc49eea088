/**
 * How a directory becomes a member (architecture, section 4), and what members say to those that are not members yet.
 *
 * A cluster begins when every listed peer has promised to be in it, and the coordinator, the smallest name, has made itself
 * a member: that is the moment of decision. Promises may be replaced, memberships never; an old proposal never replaces a
 * newer promise. An empty directory becomes a member by its own promise or by a leader's admission, never by its name.
 *
 * It never sends what depends on a standing before that is durable. Why it cannot found two clusters: DESIGN.md.
 */
import { present, unreachable } from '../../../base/assert.js';
import type { Instant } from '../../../base/clock.js';
import type { Core } from '../../../base/core.js';
import { type Configuration, EMPTY_CONFIGURATION, isVoter, type Member, type MemberId } from '../configuration.js';
import { coordinatorOf, type KnownPeer, KnownPeers, peersDigest, peersFault } from './peers.js';
import { Proposal } from './proposal.js';
import type {
  BootstrapEffect,
  BootstrapEvent,
  BootstrapMessage,
  GiveUpCode,
  Introduction,
  Peer,
  Standing,
} from './protocol.js';

export interface BootstrapTiming {
  /** What has shown no effect is said again, and a new proposal follows an old one, after this. Ms. */
  readonly retryMs: number;
  /** Two of one name may be connected for this long: a connection outlives its process for a while. Ms. */
  readonly duplicateMs: number;
}

export const DEFAULT_BOOTSTRAP_TIMING: BootstrapTiming = { retryMs: 500, duplicateMs: 20_000 };

export interface BootstrapOptions {
  readonly member: Member;
  /** `--peers`; undefined: none. */
  readonly peers: readonly Peer[] | undefined;
  /** `--join`: a leader will admit it. */
  readonly isJoining: boolean;
  /** What the disk holds. */
  readonly standing: Standing;
  /** Of a member whose log begins at 0: where it begins; otherwise empty. */
  readonly first: Configuration;
  readonly features: number;
  /** Random, another each time. */
  readonly newClusterId: () => string;
  readonly timing: BootstrapTiming;
}

export type Bootstrap = Core<BootstrapEvent, BootstrapEffect> & {
  /** What this member may say of itself now. */
  readonly introduction: Introduction;
};

export function createBootstrap(options: BootstrapOptions): Bootstrap {
  return new StandingMachine(options);
}

/** A standing that is being written, and what follows once it is durable. */
interface Keeping {
  readonly standing: Standing;
  readonly configuration: Configuration | undefined;
  readonly answer: { readonly to: MemberId; readonly message: BootstrapMessage } | undefined;
}

class StandingMachine implements Bootstrap {
  readonly #self: Member;
  readonly #options: BootstrapOptions;
  readonly #digest: string | undefined;
  readonly #coordinator: string | undefined;
  readonly #peers = new KnownPeers();
  /** Durable. */
  #standing: Standing;
  #keeping: Keeping | undefined;
  #proposal: Proposal | undefined;
  #proposedMs = Number.NEGATIVE_INFINITY;
  /** Of a member: the newest and the first configuration of its log. */
  #configuration: Configuration;
  #first: Configuration;
  #hasBegun = false;
  #isOver = false;
  #nowMs = 0;
  #reported = '';
  #effects: BootstrapEffect[] = [];

  constructor(options: BootstrapOptions) {
    this.#options = options;
    this.#self = options.member;
    this.#standing = options.standing;
    this.#first = options.first;
    this.#configuration = options.first;
    const { peers } = options;
    this.#digest = peers === undefined ? undefined : peersDigest(peers);
    this.#coordinator = peers === undefined ? undefined : coordinatorOf(peers);
  }

  get introduction(): Introduction {
    const { kind: standing } = this.#standing;
    const clusterId = this.#standing.kind === 'empty' ? undefined : this.#standing.clusterId;
    const { features } = this.#options;
    return { member: this.#self, standing, clusterId, peersDigest: this.#digest, features };
  }

  step(events: readonly BootstrapEvent[], now: Instant): readonly BootstrapEffect[] {
    this.#nowMs = now.monotonicMs;
    if (!this.#hasBegun) this.#begin();
    for (const event of events) if (!this.#isOver) this.#handle(event);
    if (!this.#isOver && this.#keeping === undefined) this.#advance();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  nextDeadlineMs(): number | undefined {
    if (this.#isOver || this.#keeping !== undefined) return undefined;
    const isWaited = this.#standing.kind !== 'member' || [...this.#peers.all()].some((peer) => this.#isMissing(peer));
    return isWaited ? this.#nowMs + this.#options.timing.retryMs : undefined;
  }

  /* ------------------------------------------------------------ events */

  #begin(): void {
    this.#hasBegun = true;
    const { peers, isJoining } = this.#options;
    if (this.#standing.kind === 'member') {
      this.#start(this.#standing.clusterId, this.#first);
      return;
    }
    if (peers !== undefined) {
      const fault = peersFault(peers, this.#self.name);
      if (fault !== undefined)
        this.#giveUp('bad-peers', fault, 'use the same --peers on every master, and its own --name on each');
      return;
    }
    if (isJoining) return;
    if (this.#standing.kind === 'promised') {
      const others = this.#standing.configuration.members.map(({ name }) => name).join(', ');
      this.#giveUp(
        'promised',
        `this work directory has agreed to form a cluster of ${others}, and was started without --peers`,
        'start it with the same --peers as before, or with a new --work-dir',
      );
      return;
    }
    const { id } = this.#self;
    const configuration: Configuration = { members: [this.#self], voters: [id], outgoing: [], learners: [] };
    this.#keepMember(this.#options.newClusterId(), configuration);
  }

  #handle(event: BootstrapEvent): void {
    switch (event.kind) {
      case 'introduction':
        this.#meet(event.introduction);
        return;
      case 'disconnected':
        this.#peers.forget(event.id);
        return;
      case 'message':
        this.#meet(event.from);
        if (!this.#isOver) this.#handleMessage(event.from, event.message);
        return;
      case 'standing-kept':
        this.#handleKept();
        return;
      case 'configured':
        this.#configuration = event.configuration;
        this.#warnOfPeers();
        return;
      case 'tick':
        return;
      default:
        unreachable(event);
    }
  }

  #meet(introduction: Introduction): void {
    if (introduction.member.id === this.#self.id) return;
    const { introduction: latest } = this.#peers.meet(introduction, this.#nowMs);
    const isFounding = this.#standing.kind !== 'member' && latest.standing !== 'member';
    if (!isFounding || this.#digest === undefined || latest.peersDigest === undefined) return;
    if (latest.peersDigest === this.#digest) return;
    this.#giveUp(
      'different-peers',
      `--peers differ: ${this.#self.name} was started with ${this.#digest}, ${latest.member.name} with ${latest.peersDigest}`,
      'give every master the same --peers and start them again',
    );
  }

  #handleMessage(from: Introduction, message: BootstrapMessage): void {
    switch (message.kind) {
      case 'prepare':
        this.#handlePrepare(from, message);
        return;
      case 'promise':
        this.#handlePromise(from, message);
        return;
      case 'found':
        this.#handleFound(from, message);
        return;
      case 'admit':
        // The leader has it in its log; what that says of this member comes with the log.
        if (this.#mayJoin) this.#keepMember(message.clusterId, EMPTY_CONFIGURATION);
        return;
      case 'refuse':
        this.#handleRefuse(from, message);
        return;
      default:
        unreachable(message);
    }
  }

  get #mayJoin(): boolean {
    return this.#standing.kind !== 'member' && this.#keeping === undefined;
  }

  get #promised(): string | undefined {
    return this.#standing.kind === 'empty' ? undefined : this.#standing.clusterId;
  }

  #handlePrepare(from: Introduction, prepare: Extract<BootstrapMessage, { kind: 'prepare' }>): void {
    // One at a time: the coordinator asks again.
    if (this.#keeping !== undefined) return;
    const { clusterId, configuration } = prepare;
    const to = from.member.id;
    const granted: BootstrapMessage = { kind: 'promise', clusterId, isGranted: true, promised: clusterId };
    if (this.#standing.kind === 'promised' && this.#standing.clusterId === clusterId) this.#send(to, granted);
    else if (this.#mayPromise(from, prepare))
      this.#keep({
        standing: { kind: 'promised', clusterId, configuration },
        configuration: undefined,
        answer: { to, message: granted },
      });
    else this.#send(to, { kind: 'promise', clusterId, isGranted: false, promised: this.#promised });
  }

  #mayPromise(from: Introduction, prepare: Extract<BootstrapMessage, { kind: 'prepare' }>): boolean {
    const { configuration, replaces } = prepare;
    if (this.#standing.kind === 'member' || replaces !== this.#promised) return false;
    const isCoordinator = from.member.name === this.#coordinator && this.#self.name !== this.#coordinator;
    const isAsListed = this.#digest !== undefined && from.peersDigest === this.#digest;
    return (
      isCoordinator && isAsListed && isVoter(configuration, this.#self.id) && isVoter(configuration, from.member.id)
    );
  }

  #handlePromise(from: Introduction, promise: Extract<BootstrapMessage, { kind: 'promise' }>): void {
    const { id } = from.member;
    if (this.#proposal?.clusterId !== promise.clusterId) return;
    if (promise.isGranted) this.#proposal.grant(id);
    else {
      // What it has promised is newer than its introduction: the next proposal replaces that.
      const known = this.#peers.find(id);
      if (known !== undefined && known.introduction.standing !== 'member' && promise.promised !== undefined)
        known.introduction = { ...known.introduction, standing: 'promised', clusterId: promise.promised };
      this.#proposal = undefined;
    }
  }

  #handleFound(from: Introduction, found: Extract<BootstrapMessage, { kind: 'found' }>): void {
    if (!this.#mayJoin) return;
    if (this.#standing.kind === 'promised') {
      const { clusterId, configuration } = this.#standing;
      if (clusterId === found.clusterId) {
        this.#keepMember(clusterId, configuration);
        return;
      }
      // The sender is in another cluster for good, so what was promised here cannot be granted by everybody any more. Of
      // anybody else it may be a late word from before what was promised here.
      if (isVoter(configuration, from.member.id)) {
        this.#keepMember(
          found.clusterId,
          isVoter(found.configuration, this.#self.id) ? found.configuration : EMPTY_CONFIGURATION,
        );
        return;
      }
    }
    this.#log('warn', 'word of a cluster that this member has not promised to be in', {
      clusterId: found.clusterId,
      from: from.member.name,
    });
  }

  #handleRefuse(from: Introduction, { code, message }: Extract<BootstrapMessage, { kind: 'refuse' }>): void {
    const isMember = this.#standing.kind === 'member';
    // A member is moved by its own cluster only, and only for good.
    if (isMember && (code !== 'removed' || from.clusterId !== this.#promised)) return;
    if (!isMember && from.standing !== 'member' && from.peersDigest !== this.#digest) return;
    this.#giveUp(code, message, suggestionFor(code, this.#self));
  }

  #handleKept(): void {
    const { standing, configuration, answer } = present(this.#keeping, 'a standing is being kept');
    this.#keeping = undefined;
    this.#standing = standing;
    this.#effects.push({ type: 'now', kind: 'introduce', introduction: this.introduction });
    if (answer !== undefined) this.#send(answer.to, answer.message);
    if (standing.kind === 'member') this.#start(standing.clusterId, configuration ?? EMPTY_CONFIGURATION);
  }

  /* ------------------------------------------------------------ what is due */

  #advance(): void {
    if (this.#standing.kind === 'member') this.#inviteMissing();
    else if (this.#options.peers !== undefined) {
      this.#refuseDuplicates(this.#options.peers);
      if (this.#self.name === this.#coordinator) this.#coordinate(this.#options.peers);
    }
    if (this.#standing.kind !== 'member' && this.#keeping === undefined) this.#reportWaiting();
  }

  #coordinate(peers: readonly Peer[]): void {
    const others = peers.filter(({ name }) => name !== this.#self.name);
    const known = others.flatMap(({ name }) => this.#peers.named(name));
    if (this.#proposal !== undefined && !known.every((peer) => this.#proposal?.fits(peer))) this.#proposal = undefined;
    const isEverybodyFree =
      known.length === others.length &&
      others.every(({ name }) => this.#peers.named(name).length === 1) &&
      known.every(
        ({ introduction }) => introduction.standing !== 'member' && introduction.peersDigest === this.#digest,
      );
    const { retryMs } = this.#options.timing;
    if (this.#proposal === undefined && isEverybodyFree && this.#nowMs - this.#proposedMs >= retryMs) {
      this.#proposal = new Proposal(this.#options.newClusterId(), this.#self, known);
      this.#proposedMs = this.#nowMs;
      for (const peer of known) peer.toldMs = Number.NEGATIVE_INFINITY;
    }
    if (this.#proposal !== undefined) this.#pursue(this.#proposal, known);
  }

  #pursue(proposal: Proposal, known: readonly KnownPeer[]): void {
    // A promise is told by the introduction as well, if its message was lost.
    for (const { introduction } of known)
      if (introduction.clusterId === proposal.clusterId) proposal.grant(introduction.member.id);
    if (proposal.isGranted) {
      this.#keepMember(proposal.clusterId, proposal.configuration);
      return;
    }
    for (const peer of known) {
      const { id } = peer.introduction.member;
      if (!proposal.hasGranted(id)) this.#tell(peer, () => proposal.prepareFor(id));
    }
  }

  /** Somebody who is counted as a voter, and does not know yet that the cluster was founded. */
  #isMissing({ introduction }: KnownPeer): boolean {
    return introduction.standing !== 'member' && isVoter(this.#configuration, introduction.member.id);
  }

  #inviteMissing(): void {
    const clusterId = present(this.#promised, 'a member is in a cluster');
    for (const peer of this.#peers.all())
      if (this.#isMissing(peer)) this.#tell(peer, () => ({ kind: 'found', clusterId, configuration: this.#first }));
  }

  /** Of two with one name the later one is refused, by one judge: else both might be. Once there is a cluster its leader is. */
  #refuseDuplicates(peers: readonly Peer[]): void {
    if ([...this.#peers.all()].some(({ introduction }) => introduction.standing === 'member')) return;
    const names = peers.map(({ name }) => name).sort();
    for (const name of names) {
      if (this.#self.name !== names.find((other) => other !== name)) continue;
      const [first, ...later] = this.#peers.named(name);
      if (first === undefined) continue;
      const message = `another master named ${name} is running at ${first.introduction.member.address}`;
      for (const peer of later)
        if (this.#nowMs - peer.metMs >= this.#options.timing.duplicateMs)
          this.#tell(peer, () => ({ kind: 'refuse', code: 'name-in-use', message }));
    }
  }

  /* ------------------------------------------------------------ effects */

  #keepMember(clusterId: string, configuration: Configuration): void {
    this.#proposal = undefined;
    this.#keep({ standing: { kind: 'member', clusterId }, configuration, answer: undefined });
  }

  #keep(keeping: Keeping): void {
    this.#keeping = keeping;
    const { standing, configuration } = keeping;
    this.#effects.push({ type: 'persist', kind: 'keep-standing', standing, configuration });
  }

  #start(clusterId: string, configuration: Configuration): void {
    this.#first = configuration;
    this.#configuration = configuration;
    this.#effects.push({ type: 'now', kind: 'start', clusterId, configuration });
  }

  #send(to: MemberId, message: BootstrapMessage): void {
    this.#effects.push({ type: 'now', kind: 'send', to, message });
  }

  /** Says it now, and not again before `retryMs`. */
  #tell(peer: KnownPeer, message: () => BootstrapMessage): void {
    if (this.#nowMs - peer.toldMs < this.#options.timing.retryMs) return;
    peer.toldMs = this.#nowMs;
    this.#send(peer.introduction.member.id, message());
  }

  #giveUp(code: GiveUpCode, message: string, suggestion: string): void {
    this.#isOver = true;
    this.#effects.push({ type: 'now', kind: 'give-up', code, message, suggestion });
  }

  #log(level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>>): void {
    this.#effects.push({ type: 'now', kind: 'log', level, message, fields });
  }

  /** Says what it waits for whenever that changes. */
  #reportWaiting(): void {
    const { peers } = this.#options;
    const host = [...this.#peers.all()].find(({ introduction }) => introduction.standing === 'member')?.introduction;
    const missing = (peers ?? [])
      .map(({ name }) => name)
      .filter((name) => name !== this.#self.name && this.#peers.named(name).length === 0);
    const duplicates = (peers ?? []).filter(({ name }) => this.#peers.named(name).length > 1).map(({ name }) => name);
    const report =
      host !== undefined || peers === undefined
        ? { message: 'waiting to be admitted to a cluster', fields: { clusterId: host?.clusterId } }
        : { message: 'waiting for peers', fields: { missing, duplicates } };
    const text = JSON.stringify(report);
    if (text === this.#reported) return;
    this.#reported = text;
    this.#log('info', report.message, report.fields);
  }

  /** Once there is a cluster its own configuration rules. */
  #warnOfPeers(): void {
    const { members } = this.#configuration;
    if (this.#digest === undefined || members.length === 0) return;
    // While one takes the place of another there are two of that name.
    const stored = peersDigest([
      ...new Map(members.map((member) => [`${member.name}=${member.address}`, member])).values(),
    ]);
    if (stored === this.#digest || stored === this.#reported) return;
    this.#reported = stored;
    this.#log('warn', '--peers differ from the members of the cluster and are not used', {
      peers: this.#digest,
      members: stored,
    });
  }
}

function suggestionFor(code: GiveUpCode, { name, address }: Member): string {
  switch (code) {
    case 'name-in-use':
      return 'choose another --name, or stop the other one first';
    case 'not-expected':
      return `mesoctl master add ${name}=${address}, and start this master again while that waits`;
    case 'removed':
      return `to bring it back: 'mesoctl master add ${name}=${address}', then start it with --join and a new --work-dir`;
    default:
      return 'start it with the --peers or --join of its own cluster, or with a new --work-dir';
  }
}
