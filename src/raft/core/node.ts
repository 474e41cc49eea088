/**
 * What a member knows and remembers, and what it has decided to ask for in this step. The parts of the core (follower,
 * campaign, leader, ...) are functions over this; raft-core.ts dispatches to them.
 *
 * Invariants: the term never goes down; in one term at most one vote is given; `commit` never goes down and never passes
 * the end of the log. Every change of term or vote leaves in the persist batch of its step.
 */
import { assert } from '../../base/assert.js';
import type { Random } from '../../base/random.js';
import { type Configuration, isVoter, type MemberId } from './configuration.js';
import { EntryLog } from './entry-log.js';
import type { LeaderState } from './leader-state.js';
import type { RaftLimits, RaftOptions, RaftTiming } from './options.js';
import type {
  Leadership,
  Message,
  PersistBatch,
  RaftEffect,
  RefusalReason,
  RequestId,
  SnapshotInfo,
} from './protocol.js';

/** Where others still hear of the leader, a member that lost it must not ask them for ever. */
const MAX_URGENT_CAMPAIGNS = 5;

/** A campaign that is under way. */
export interface Campaign {
  readonly kind: 'pre-candidate' | 'candidate';
  readonly votes: Map<MemberId, boolean>;
}

export type Role = { readonly kind: 'follower' } | Campaign | LeaderState;

/** The snapshot that a leader is sending to this member. */
export interface Reception {
  readonly info: SnapshotInfo;
  /** Bytes asked to be written so far. */
  offset: number;
}

type Unsent = Message extends infer M ? (M extends Message ? Omit<M, 'from'> : never) : never;

export class Node {
  readonly id: MemberId;
  readonly random: Random;
  readonly timing: RaftTiming;
  readonly limits: RaftLimits;
  readonly reads: RaftOptions['reads'];
  readonly leaseDrift: number;
  readonly log: EntryLog;
  term: number;
  vote: MemberId | undefined;
  commit: number;
  applied: number;
  role: Role = { kind: 'follower' };
  leader: MemberId | undefined;
  nowMs: number;
  /** When to campaign, unless something is heard of a leader before. */
  electionDeadlineMs = 0;
  /** When a leader was heard of last; within `electionMinMs` of it nobody else is helped to lead (thesis, 4.2.3). */
  leaderHeardMs: number;
  /** The connection with the leader closed: it is gone, whatever was heard of it lately. */
  isLeaderLost = false;
  /** Campaigns since the leader was lost: the first few follow each other quickly. */
  lostCampaigns = 0;
  /** False while whoever drives this member must not lead. */
  mayCampaign = true;
  reception: Reception | undefined;
  /** A transfer that this member asked for as leader, until it is known who leads next. */
  transferAsked: { readonly requestId: RequestId; readonly to: MemberId } | undefined;

  #effects: RaftEffect[] = [];
  #lastBatch = 0;
  #isHardStateDirty = false;
  #chunk: PersistBatch['chunk'];
  #install: SnapshotInfo | undefined;
  #reportedCommit: number;
  #reportedConfiguration: Configuration | undefined;
  #reportedLeadership: Leadership | undefined;
  /** What waits for a batch of this member. */
  readonly #onPersisted: { readonly batch: number; readonly run: () => void }[] = [];

  constructor(options: RaftOptions) {
    const { stored } = options;
    this.id = options.id;
    this.random = options.random;
    this.timing = options.timing;
    this.limits = options.limits;
    this.reads = options.reads;
    this.leaseDrift = options.leaseDrift;
    this.log = new EntryLog(stored, options.limits.maxRecentBytes);
    this.term = stored.hardState.term;
    this.vote = stored.hardState.vote;
    this.applied = stored.applied;
    this.commit = Math.max(stored.hardState.commit, stored.applied, stored.base.index);
    this.#reportedCommit = Math.max(stored.applied, stored.base.index);
    this.nowMs = options.nowMs;
    // Who answered a lease before a restart must honour it after.
    this.leaderHeardMs = options.reads === 'lease' ? options.nowMs : Number.NEGATIVE_INFINITY;
    assert(this.commit <= this.log.lastIndex, 'the log holds everything that was committed');
  }

  get configuration(): Configuration {
    return this.log.configuration;
  }

  /**
   * Whether it may campaign: a voter by the newest configuration in its log, or one that is leaving as long as that is not
   * committed: it may hold the only copy, and nobody with less can be elected without its vote (thesis, 4.2.2).
   */
  get isElectable(): boolean {
    const { configuration, log, commit, id } = this;
    return this.mayCampaign && (isVoter(configuration, id) || isVoter(log.configurationAt(commit), id));
  }

  /** Helps nobody to lead while a leader is there. */
  get isSticky(): boolean {
    if (this.role.kind === 'leader') return true;
    return !this.isLeaderLost && this.nowMs - this.leaderHeardMs < this.timing.electionMinMs;
  }

  setTerm(term: number, vote: MemberId | undefined): void {
    assert(term > this.term || (term === this.term && this.vote === undefined), 'one vote in a term');
    this.term = term;
    this.vote = vote;
    this.#isHardStateDirty = true;
  }

  /** Everything up to `index` is agreed on. */
  commitTo(index: number): void {
    assert(index <= this.log.lastIndex, 'a member does not lose what it acknowledged');
    this.commit = Math.max(this.commit, index);
  }

  setElectionDeadline(): void {
    const { electionMinMs, electionMaxMs, lostMinMs, lostMaxMs } = this.timing;
    const isUrgent = this.isLeaderLost && this.lostCampaigns < MAX_URGENT_CAMPAIGNS;
    const [min, max] = isUrgent ? [lostMinMs, lostMaxMs] : [electionMinMs, electionMaxMs];
    this.electionDeadlineMs = this.nowMs + min + this.random.next() * (max - min);
  }

  /** Leaves at once: what it says does not depend on the disk. */
  send(message: Unsent): void {
    this.#effects.push({ type: 'now', kind: 'send', message: { ...message, from: this.id } as Message });
  }

  /** Leaves when everything decided so far, in this step too, is durable. */
  sendPersisted(message: Unsent): void {
    this.#effects.push({ type: 'afterPersist', kind: 'send', message: { ...message, from: this.id } as Message });
  }

  emit(effect: Exclude<RaftEffect, PersistBatch | { readonly kind: 'send' }>): void {
    this.#effects.push(effect);
  }

  refuse(requestId: RequestId, reason: RefusalReason): void {
    this.emit({ type: 'now', kind: 'refused', requestId, reason, leader: this.leader });
  }

  /** Returns false if this step writes a chunk already: it is dropped, its sender tries again. */
  writeChunk(chunk: NonNullable<PersistBatch['chunk']>): boolean {
    if (this.#chunk !== undefined) return false;
    this.#chunk = chunk;
    return true;
  }

  /** The received snapshot takes the place of log and state machine. */
  install(snapshot: SnapshotInfo): void {
    assert(snapshot.index > this.commit, 'a snapshot brings news');
    this.log.resetTo(snapshot);
    this.#install = snapshot;
    this.commit = snapshot.index;
    this.applied = snapshot.index;
    this.#reportedCommit = snapshot.index;
    this.#isHardStateDirty = true;
  }

  /** Runs when what this step decided so far is durable; the step must have something to persist. */
  whenPersisted(run: () => void): void {
    this.#onPersisted.push({ batch: this.#lastBatch + 1, run });
  }

  handlePersisted(batch: number): void {
    this.log.onPersisted(batch);
    while (this.#onPersisted.length > 0 && (this.#onPersisted[0]?.batch ?? 0) <= batch)
      this.#onPersisted.shift()?.run();
  }

  /** The effects of the step, in the order that protocol.ts promises. */
  takeEffects(): readonly RaftEffect[] {
    this.#reportCommit();
    this.#reportConfiguration();
    this.#reportLeadership();
    const batch = this.#takeBatch();
    const effects = batch === undefined ? this.#effects : [batch, ...this.#effects];
    this.#effects = [];
    return effects;
  }

  #takeBatch(): PersistBatch | undefined {
    const entries = this.log.takeUnhanded();
    const isEmpty = entries.length === 0 && !this.#isHardStateDirty && this.#chunk === undefined;
    if (isEmpty && this.#install === undefined) return undefined;
    this.#lastBatch += 1;
    this.log.onBatch(this.#lastBatch);
    const { term, vote, commit } = this;
    const batch: PersistBatch = {
      type: 'persist',
      kind: 'batch',
      batch: this.#lastBatch,
      hardState: { term, vote, commit },
      chunk: this.#chunk,
      install: this.#install,
      entries,
    };
    this.#isHardStateDirty = false;
    this.#chunk = undefined;
    this.#install = undefined;
    return batch;
  }

  #reportCommit(): void {
    const index = Math.min(this.commit, this.log.stable);
    if (index <= this.#reportedCommit) return;
    this.#reportedCommit = index;
    this.emit({ type: 'now', kind: 'commit', index });
  }

  #reportConfiguration(): void {
    const { configuration, configurationIndex: index } = this.log;
    if (configuration === this.#reportedConfiguration) return;
    this.#reportedConfiguration = configuration;
    this.emit({ type: 'now', kind: 'configured', configuration, index });
  }

  #reportLeadership(): void {
    const { role, term, leader } = this;
    const isReady = role.kind === 'leader' && this.commit >= role.firstIndex;
    const known = this.#reportedLeadership;
    if (known?.role === role.kind && known.term === term && known.leader === leader && known.isReady === isReady)
      return;
    this.#reportedLeadership = { term, role: role.kind, leader, isReady };
    this.emit({ type: 'now', kind: 'leadership', leadership: this.#reportedLeadership });
  }
}
