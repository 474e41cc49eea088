/**
 * One member of a Raft group as a decision machine: events in, effects out (protocol.ts). Decides elections, replication,
 * commits, reads and membership; does no I/O, reads no clock, draws no randomness of its own.
 *
 * It must be driven so: after each `step` the effects are carried out as protocol.ts says; a `persisted` event follows each
 * batch, in order; `step` is called again at `nextDeadlineMs` at the latest.
 *
 * Invariants (thesis, figure 3.2; checked by the simulator in test/sim after every step): election safety, leader
 * append-only, log matching, leader completeness, state machine safety.
 */
import { assert, unreachable } from '../../base/assert.js';
import type { Instant } from '../../base/clock.js';
import type { Core } from '../../base/core.js';
import { campaign, handleVoteResponse } from './campaign.js';
import { isMember } from './configuration.js';
import { becomeFollower, handleAppend, handleHeartbeat, handleVoteRequest } from './follower.js';
import { handleSnapshotChunk } from './follower-snapshots.js';
import { flushLeader, handleAppendResponse, handleHeartbeatResponse, propose, tickLeader } from './leader.js';
import { beginChange } from './leader-membership.js';
import { addRead } from './leader-reads.js';
import { handleSnapshotOpened, handleSnapshotRead, handleSnapshotResponse } from './leader-snapshots.js';
import type { LeaderState } from './leader-state.js';
import { beginTransfer, resign } from './leader-transfer.js';
import { Node } from './node.js';
import type { RaftOptions } from './options.js';
import type { Message, RaftEffect, RaftEvent } from './protocol.js';
import { handleLogRead } from './replication.js';

export type RaftCore = Core<RaftEvent, RaftEffect> & { readonly status: RaftStatus };

/** What others may read between two steps. */
export interface RaftStatus {
  readonly term: number;
  readonly commit: number;
  readonly lastIndex: number;
  readonly baseIndex: number;
  readonly role: 'follower' | 'pre-candidate' | 'candidate' | 'leader';
  readonly leader: string | undefined;
  /** Of a leader, for each other member; empty for anybody else. */
  readonly followers: ReadonlyMap<
    string,
    { readonly match: number; readonly state: 'probe' | 'replicate' | 'snapshot'; readonly heardMs: number }
  >;
}

export function createRaftCore(options: RaftOptions): RaftCore {
  return new StateMachine(options);
}

class StateMachine implements RaftCore {
  readonly #node: Node;

  constructor(options: RaftOptions) {
    this.#node = new Node(options);
    this.#node.setElectionDeadline();
    // Nobody can object to the only voter.
    const { voters, outgoing } = this.#node.configuration;
    if (voters.length === 1 && voters[0] === options.id && outgoing.length === 0)
      this.#node.electionDeadlineMs = options.nowMs;
  }

  get status(): RaftStatus {
    const { term, commit, log, role, leader } = this.#node;
    const progress = role.kind === 'leader' ? [...role.progress] : [];
    return {
      term,
      commit,
      lastIndex: log.lastIndex,
      baseIndex: log.baseIndex,
      role: role.kind,
      leader,
      followers: new Map(
        progress.map(([id, { match, state, lastHeardMs }]) => [id, { match, state, heardMs: lastHeardMs }]),
      ),
    };
  }

  step(events: readonly RaftEvent[], now: Instant): readonly RaftEffect[] {
    const node = this.#node;
    node.nowMs = now.monotonicMs;
    for (const event of events) this.#handle(event);
    this.#runTimers();
    if (node.role.kind === 'leader') flushLeader(node, node.role);
    return node.takeEffects();
  }

  nextDeadlineMs(): number | undefined {
    const { role, electionDeadlineMs, isElectable } = this.#node;
    if (role.kind !== 'leader') return isElectable ? electionDeadlineMs : undefined;
    return Math.min(role.heartbeatDueMs, role.transfer?.deadlineMs ?? Number.POSITIVE_INFINITY);
  }

  #runTimers(): void {
    const node = this.#node;
    if (node.role.kind === 'leader') tickLeader(node, node.role);
    else if (node.isElectable && node.nowMs >= node.electionDeadlineMs) campaign(node, 'pre-vote');
  }

  get #leader(): LeaderState | undefined {
    return this.#node.role.kind === 'leader' ? this.#node.role : undefined;
  }

  #handle(event: RaftEvent): void {
    const node = this.#node;
    switch (event.kind) {
      case 'message':
        this.#handleMessage(event.message);
        return;
      case 'persisted':
        node.handlePersisted(event.batch);
        return;
      case 'propose':
      case 'change-membership':
      case 'transfer':
        this.#handleRequest(event);
        return;
      case 'read':
        this.#handleRead(event.requestId);
        return;
      case 'candidacy':
        node.mayCampaign = event.isAllowed;
        if (!event.isAllowed && this.#leader !== undefined) resign(node, this.#leader);
        return;
      case 'peer-disconnected':
        this.#handleDisconnected(event.id);
        return;
      case 'applied':
        assert(event.index <= node.commit, 'only what is committed is applied');
        node.applied = Math.max(node.applied, event.index);
        return;
      case 'compacted':
        assert(event.index <= node.applied, 'only what is applied is compacted');
        node.log.compactTo(event.index);
        return;
      case 'log-read':
        if (this.#leader !== undefined) handleLogRead(node, this.#leader, event.to, event.entries);
        return;
      case 'snapshot-opened':
        handleSnapshotOpened(node, this.#leader, event.to, event.snapshot);
        return;
      case 'snapshot-read':
        handleSnapshotRead(node, this.#leader, event);
        return;
      case 'tick':
        return;
      default:
        unreachable(event);
    }
  }

  #handleRequest(event: Extract<RaftEvent, { kind: 'propose' | 'change-membership' | 'transfer' }>): void {
    const leader = this.#leader;
    if (leader === undefined) {
      this.#node.refuse(event.requestId, 'not-leader');
      return;
    }
    if (event.kind === 'propose') propose(this.#node, leader, event.requestId, event.data);
    else if (event.kind === 'transfer') beginTransfer(this.#node, leader, event.requestId, event.to);
    else beginChange(this.#node, leader, event.requestId, event.changes);
  }

  /** A follower asks the leader; the answer, or its absence, is the shell's to wait for. */
  #handleRead(requestId: number): void {
    const node = this.#node;
    if (this.#leader !== undefined) addRead(node, this.#leader, requestId, undefined);
    else if (node.leader === undefined) node.refuse(requestId, 'not-leader');
    else node.send({ kind: 'read-index', to: node.leader, term: node.term, requestId });
  }

  #handleDisconnected(id: string): void {
    const node = this.#node;
    if (node.role.kind === 'leader') {
      // What was on its way is lost: ask anew where the follower stands.
      const progress = node.role.progress.get(id);
      if (progress?.state === 'replicate') progress.becomeProbe();
      return;
    }
    // With leases only silence ends a leadership: a connection can close while both its ends live.
    if (id !== node.leader || node.reads === 'lease') return;
    node.isLeaderLost = true;
    node.lostCampaigns = 0;
    node.leader = undefined;
    node.setElectionDeadline();
  }

  #handleMessage(message: Message): void {
    const node = this.#node;
    assert(message.to === node.id, 'a message reaches the member it is for');
    const isCampaign = message.kind === 'vote' || message.kind === 'pre-vote';
    // Whoever hears of a leader helps nobody to replace it (thesis, 4.2.3), unless the leader itself asked for it.
    if (isCampaign && message.term > node.term && node.isSticky && !message.isTransfer) return;
    if (message.term < node.term) this.#answerStale(message);
    else {
      this.#maybeRaiseTerm(message);
      this.#dispatch(message);
    }
  }

  /** Of an older term: its sender is told, so that it catches up; answers to old questions are void. */
  #answerStale(message: Message): void {
    const node = this.#node;
    const { from: to } = message;
    if (message.kind === 'append' || message.kind === 'heartbeat' || message.kind === 'snapshot-chunk') {
      const nothing = { match: undefined, prevIndex: 0, hintIndex: 0, hintTerm: 0 };
      node.send({ kind: 'append-response', to, term: node.term, ...nothing });
    } else if (message.kind === 'pre-vote')
      node.send({ kind: 'pre-vote-response', to, term: node.term, isGranted: false });
    else if (message.kind === 'vote') node.send({ kind: 'vote-response', to, term: node.term, isGranted: false });
  }

  #maybeRaiseTerm(message: Message): void {
    const node = this.#node;
    if (message.term <= node.term) return;
    // A pre-vote speaks of a term that does not exist yet.
    if (message.kind === 'pre-vote' || (message.kind === 'pre-vote-response' && message.isGranted)) return;
    const isFromLeader = message.kind === 'append' || message.kind === 'heartbeat' || message.kind === 'snapshot-chunk';
    becomeFollower(node, message.term, isFromLeader ? message.from : undefined);
  }

  #dispatch(message: Message): void {
    const node = this.#node;
    const leader = this.#leader;
    switch (message.kind) {
      case 'vote':
      case 'pre-vote':
        handleVoteRequest(node, message);
        return;
      case 'vote-response':
      case 'pre-vote-response':
        handleVoteResponse(node, message);
        return;
      case 'append':
        handleAppend(node, message);
        return;
      case 'heartbeat':
        handleHeartbeat(node, message);
        return;
      case 'snapshot-chunk':
        handleSnapshotChunk(node, message);
        return;
      case 'append-response':
        if (leader !== undefined) handleAppendResponse(node, leader, message);
        return;
      case 'heartbeat-response':
        if (leader !== undefined) handleHeartbeatResponse(node, leader, message);
        return;
      case 'snapshot-response':
        if (leader !== undefined) handleSnapshotResponse(node, leader, message);
        return;
      case 'timeout-now':
        if (leader === undefined && isMember(node.configuration, node.id)) campaign(node, 'vote', true);
        return;
      case 'read-index':
        if (leader !== undefined) addRead(node, leader, message.requestId, message.from);
        else node.send({ ...refusedRead(message.requestId), to: message.from, term: node.term });
        return;
      case 'read-index-response':
        this.#handleReadAnswer(message.requestId, message.index);
        return;
      default:
        unreachable(message);
    }
  }

  #handleReadAnswer(requestId: number, index: number | undefined): void {
    if (index === undefined) this.#node.refuse(requestId, 'not-leader');
    else this.#node.emit({ type: 'now', kind: 'read-ready', requestId, index });
  }
}

function refusedRead(requestId: number) {
  return { kind: 'read-index-response', requestId, index: undefined } as const;
}
