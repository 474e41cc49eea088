/**
 * A simulated cluster: real Raft cores on simulated clocks, disks and network, clients, faults, and checkers after every step.
 * Everything follows from the seed. `run` throws a Violation, or what a core asserted.
 */
import { assert, present } from '../../src/base/assert.js';
import { type Random, seededRandom } from '../../src/base/random.js';
import type { Configuration, MemberId } from '../../src/raft/core/configuration.js';
import type { RaftLimits, RaftOptions, RaftTiming } from '../../src/raft/core/options.js';
import type { MembershipChange, RaftEffect } from '../../src/raft/core/protocol.js';
import { createRaftCore, type RaftCore } from '../../src/raft/core/raft-core.js';
import { Checkers, Violation } from './checkers.js';
import { Disk } from './disk.js';
import { findViolation } from './linearizability.js';
import { Member, type MemberHost } from './member.js';
import { Nemesis } from './nemesis.js';
import { Network } from './network.js';
import { Schedule } from './schedule.js';
import { Workload } from './workload.js';

export interface ClusterOptions {
  readonly seed: number;
  /** Steps of all cores together. */
  readonly steps: number;
  /** The core that is tested; planted bugs bring another one. */
  readonly createCore?: ((options: RaftOptions) => RaftCore) | undefined;
  /** What a wiped member does: a new member takes its place (undefined), or it returns as if nothing had happened. */
  readonly wipedReturns?: boolean | undefined;
  /** Acknowledges before the disk has it. */
  readonly acknowledgesEarly?: boolean | undefined;
}

export interface Report {
  readonly seed: number;
  readonly steps: number;
  readonly faults: number;
  readonly elections: number;
  readonly commits: number;
  readonly writes: number;
  readonly reads: number;
  readonly snapshots: number;
  readonly memberships: number;
  readonly simulatedMs: number;
}

const TIMING: RaftTiming = { heartbeatMs: 150, electionMinMs: 800, electionMaxMs: 1600, lostMinMs: 5, lostMaxMs: 105 };
/** Small, so that every bound is met often. */
const LIMITS: RaftLimits = {
  maxEntryBytes: 1_000,
  maxUncommittedBytes: 4_000,
  maxLogEntries: 5_000,
  maxAppendBytes: 60,
  maxInflightMessages: 3,
  maxInflightBytes: 1_000,
  maxRecentBytes: 4_000,
  snapshotChunkBytes: 256,
  maxWaitingReads: 50,
  maxPromotionLag: 20,
};
const MAX_MEMBERS = 6;
const SETTLE_MS = 60_000;

export class Cluster implements MemberHost {
  readonly schedule = new Schedule();
  readonly random: Random;
  readonly members = new Map<MemberId, Member>();
  readonly network: Network;
  readonly checkers = new Checkers();
  readonly workload: Workload;
  readonly nemesis: Nemesis;
  readonly #options: ClusterOptions;
  readonly #reads: RaftOptions['reads'];
  #configuration: Configuration;
  #configurationIndex = 0;
  #diskDelayMs = 1;
  #steps = 0;
  #born = 0;
  #snapshots = 0;
  #memberships = 0;
  /** Faults that were aimed. */
  #targeted = 0;
  readonly #malice: number;
  readonly #isAboutElections: boolean;
  readonly #usualDelayMs: number;
  #leaders = new Set<MemberId>();
  /** Members that are no more: their disks are gone. */
  readonly #lost = new Set<MemberId>();

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.random = seededRandom(options.seed);
    this.network = new Network(this.schedule, this.random, (message) => {
      this.members.get(message.to)?.step([{ kind: 'message', message }]);
    });
    this.workload = new Workload(this.schedule, this.random, this.members);
    this.nemesis = new Nemesis(this, this.random);
    // A quarter of the seeds are about elections: few clients, and hardly a leader that is left in peace.
    this.#isAboutElections = this.random.next() < 0.25;
    this.#malice = this.#isAboutElections ? 1.2 : this.random.next();
    this.workload.pauseMs = this.#isAboutElections ? 1_500 : 80;
    this.#usualDelayMs = 1 + this.random.next() ** 3 * 30;
    this.#calmNetwork();
    this.#reads = this.random.next() < 0.5 ? 'quorum' : 'lease';
    const size = [1, 3, 3, 3, 5, 5][Math.floor(this.random.next() * 6)] ?? 3;
    const ids = Array.from({ length: size }, () => this.#newId());
    this.#configuration = { members: ids.map(describe), voters: ids, outgoing: [], learners: [] };
    for (const id of ids) this.members.set(id, new Member(id, new Disk(this.#configuration), this));
  }

  run(): Report {
    for (const member of this.members.values()) member.start();
    this.workload.start();
    this.nemesis.start();
    while (this.#steps < this.#options.steps && this.schedule.run()) {}
    this.#settle();
    const violation = findViolation(this.workload.history);
    if (violation !== undefined)
      throw new Violation(`linearizability of ${violation.key}: ${JSON.stringify(violation.operations)}`);
    return this.#report();
  }

  /** All faults end: the cluster must agree again, and everything committed must be everywhere. */
  #settle(): void {
    this.nemesis.stop();
    this.workload.stop();
    this.network.heal();
    this.#calmNetwork();
    this.#diskDelayMs = 1;
    this.schedule.after(5_000, () => {
      for (const member of this.members.values()) if (!member.isUp && !this.#lost.has(member.id)) member.start();
    });
    const untilMs = this.schedule.nowMs + SETTLE_MS;
    let isSettled = false;
    while (!isSettled && this.schedule.nowMs < untilMs && this.schedule.run())
      isSettled = this.schedule.nowMs > untilMs - SETTLE_MS + 10_000 && this.#isSettled();
    if (!isSettled)
      throw new Violation(`liveness: the members do not agree ${SETTLE_MS / 1000} s after the last fault`);
  }

  #isSettled(): boolean {
    const leader = [...this.#leaders].map((id) => this.members.get(id)).find((member) => member?.isUp === true);
    const { configurations, base } = leader?.disk.stored() ?? {};
    const configuration = configurations?.at(-1)?.configuration ?? base?.configuration ?? this.#configuration;
    const voters = configuration.voters.map((id) => present(this.members.get(id), 'a voter is a member'));
    const alive = voters.filter((member) => member.isUp);
    if (alive.length <= voters.length / 2) return true;
    const { commits } = this.checkers;
    return (
      alive.every((member) => member.applied === commits) && alive.some(({ core }) => core.status.role === 'leader')
    );
  }

  #report(): Report {
    return {
      seed: this.#options.seed,
      steps: this.#steps,
      faults: this.nemesis.total + this.#targeted,
      elections: this.checkers.elections,
      commits: this.checkers.commits,
      writes: this.workload.counts.writes,
      reads: this.workload.counts.reads,
      snapshots: this.#snapshots,
      memberships: this.#memberships,
      simulatedMs: Math.round(this.schedule.nowMs),
    };
  }

  /* ------------------------------------------------------------ host */

  createCore(options: Omit<RaftOptions, 'timing' | 'limits' | 'reads' | 'leaseDrift'>): RaftCore {
    const create = this.#options.createCore ?? createRaftCore;
    return create({ ...options, timing: TIMING, limits: LIMITS, reads: this.#reads, leaseDrift: 0.2 });
  }

  send(message: Parameters<MemberHost['send']>[0]): void {
    if (message.kind === 'vote-response' && message.isGranted) this.#strike(message.from, 0.2 * this.#malice, 3);
    this.network.send(message);
  }

  /** The moments that matter most: a vote was just given, a leader was just elected. */
  #strike(id: MemberId, probability: number, withinMs: number): void {
    if (this.nemesis.isStopped || this.random.next() >= probability) return;
    const isCrash = this.random.next() < (this.#isAboutElections ? 0.2 : 0.4);
    const durationMs = isCrash ? this.random.next() ** 2 * 400 : this.random.next() * 3_000;
    this.schedule.after(this.random.next() ** 3 * withinMs, () => {
      const member = this.members.get(id);
      if (member?.isUp !== true) return;
      this.#targeted += 1;
      if (isCrash) this.#crash(member, durationMs);
      else this.#isolate(id, durationMs);
    });
  }

  get acknowledgesEarly(): boolean {
    return this.#options.acknowledgesEarly ?? false;
  }

  diskDelayMs(): number {
    return this.#diskDelayMs * (0.2 + this.random.next() * 1.6);
  }

  onStep(): void {
    this.#steps += 1;
  }

  onBatch(member: Member, batch: Parameters<MemberHost['onBatch']>[1]): void {
    this.checkers.onBatch(member, batch);
  }

  onEffect(member: Member, effect: RaftEffect): void {
    if (effect.kind === 'leadership') {
      const { role, term } = effect.leadership;
      if (role === 'leader') {
        this.checkers.onLeader(member, term);
        if (!this.#leaders.has(member.id)) this.#strike(member.id, 0.8 * this.#malice, 60);
        this.#leaders.add(member.id);
        this.workload.onLeader(member);
      } else this.#leaders.delete(member.id);
    } else if (effect.kind === 'configured') this.#onConfigured(member, effect.configuration, effect.index);
    else this.workload.onEffect(member, effect);
  }

  onApplied(member: Member, entry: Parameters<MemberHost['onApplied']>[1]): void {
    this.checkers.onApplied(member, entry);
    this.workload.onApplied(member, entry);
  }

  onInstalled(member: Member, machine: Parameters<MemberHost['onInstalled']>[1]): void {
    this.#snapshots += 1;
    this.checkers.onInstalled(member, machine);
  }

  onDown(member: Member): void {
    this.#leaders.delete(member.id);
    this.workload.onDown(member);
    for (const other of this.members.values())
      if (other.isUp && this.random.next() < 0.7)
        this.schedule.after(this.random.next() * 2, () => other.step([{ kind: 'peer-disconnected', id: member.id }]));
  }

  /* ------------------------------------------------------------ faults; each returns whether it happened */

  crashOne(durationMs: number): boolean {
    const member = this.#anyUp();
    if (member === undefined) return false;
    this.#crash(member, durationMs);
    return true;
  }

  crashLeader(durationMs: number): boolean {
    const leader = this.#anyOf(this.#leaders);
    const member = leader === undefined ? undefined : this.members.get(leader);
    if (member?.isUp !== true) return false;
    this.#crash(member, durationMs);
    return true;
  }

  crashAll(durationMs: number): boolean {
    for (const member of this.members.values()) if (member.isUp) this.#crash(member, durationMs * this.random.next());
    return true;
  }

  partition(durationMs: number, isOneWay: boolean): boolean {
    const ids = [...this.members.keys()];
    const untilMs = this.schedule.nowMs + durationMs;
    const side = new Set(ids.filter(() => this.random.next() < 0.5));
    for (const from of ids)
      for (const to of ids) {
        if (side.has(from) === side.has(to)) continue;
        if (!isOneWay || side.has(from)) this.network.cut(from, to, untilMs);
      }
    return side.size > 0 && side.size < ids.length;
  }

  isolateLeader(durationMs: number, isOneWay: boolean): boolean {
    const leader = this.#anyOf(this.#leaders);
    if (leader !== undefined) this.#isolate(leader, durationMs, isOneWay);
    return leader !== undefined;
  }

  #isolate(leader: MemberId, durationMs: number, isOneWay = false): void {
    const isDeaf = this.random.next() < 0.5;
    const isReset = this.random.next() < 0.5;
    const untilMs = this.schedule.nowMs + durationMs;
    for (const other of this.members.keys()) {
      if (other === leader) continue;
      if (!isOneWay || isDeaf) this.network.cut(other, leader, untilMs);
      if (!isOneWay || !isDeaf) this.network.cut(leader, other, untilMs);
      // As where a firewall resets connections: the others know at once, the leader does not.
      if (isReset) this.members.get(other)?.step([{ kind: 'peer-disconnected', id: leader }]);
    }
  }

  clog(durationMs: number): boolean {
    const from = this.#anyOf(this.members.keys());
    const to = this.#anyOf(this.members.keys());
    if (from === undefined || to === undefined || from === to) return false;
    this.network.clog(from, to, this.schedule.nowMs + durationMs);
    return true;
  }

  spoilNetwork(durationMs: number): boolean {
    this.network.faults = {
      loss: this.random.next() * 0.3,
      duplication: this.random.next() * 0.3,
      minDelayMs: 0.1,
      maxDelayMs: 1 + this.random.next() ** 3 * 400,
    };
    this.schedule.after(durationMs, () => this.#calmNetwork());
    return true;
  }

  slowDisk(durationMs: number): boolean {
    this.#diskDelayMs = 1 + this.random.next() ** 2 * 300;
    this.schedule.after(durationMs, () => {
      this.#diskDelayMs = 1;
    });
    return true;
  }

  disturbClock(): boolean {
    const member = this.#anyUp();
    if (member === undefined) return false;
    // Within what leases are promised: two clocks differ by less than a fifth.
    const rate = 0.92 + this.random.next() * 0.16;
    const jumpMs = this.#reads === 'quorum' && this.random.next() < 0.3 ? this.random.next() * 5_000 : 0;
    member.disturbClock(rate, jumpMs);
    return true;
  }

  /** A connection closes although both its ends live. */
  disconnect(): boolean {
    const member = this.#anyUp();
    const id = this.#anyOf(this.members.keys());
    if (member === undefined || id === undefined || id === member.id) return false;
    member.step([{ kind: 'peer-disconnected', id }]);
    return true;
  }

  compactOne(): boolean {
    const member = this.#anyUp();
    member?.compact();
    return member !== undefined;
  }

  transfer(): boolean {
    const leader = this.#anyOf(this.#leaders);
    const to = this.#anyOf(this.#configuration.voters);
    if (leader === undefined || to === undefined) return false;
    const requestId = this.workload.nextRequestId();
    this.members.get(leader)?.step([{ kind: 'transfer', requestId, to }]);
    return true;
  }

  changeMembership(): boolean {
    const leader = this.#anyOf(this.#leaders);
    if (leader === undefined) return false;
    const change = this.#drawChange();
    const requestId = this.workload.nextRequestId();
    this.members.get(leader)?.step([{ kind: 'change-membership', requestId, changes: change }]);
    return true;
  }

  /** A disk is lost. The member never returns; a new one with an empty disk and another id may be asked to take its place. */
  wipe(): boolean {
    const { voters, outgoing } = this.#configuration;
    const member = this.#anyUp();
    // A cluster that lost a majority of its disks is lost: that is not what is tested here.
    const isSafe = voters.length >= 3 && outgoing.length === 0 && this.#lostVoters() + 1 < voters.length / 2;
    if (member === undefined || !isSafe) return false;
    member.crash();
    if (this.#options.wipedReturns === true) {
      const reborn = new Member(member.id, new Disk(this.#configuration), this);
      this.members.set(member.id, reborn);
      this.schedule.after(this.random.next() * 500, () => reborn.start());
      return true;
    }
    this.#lost.add(member.id);
    return true;
  }

  /* ------------------------------------------------------------ details */

  #lostVoters(): number {
    return this.#configuration.voters.filter((id) => this.#lost.has(id)).length;
  }

  #drawChange(): readonly MembershipChange[] {
    const { voters, learners, members } = this.#configuration;
    const lost = members.find(({ id }) => this.#lost.has(id));
    const draw = this.random.next();
    if (lost !== undefined && draw < 0.5) return [{ kind: 'remove', id: lost.id }];
    if (members.length < MAX_MEMBERS && draw < 0.65) return [this.#newLearner()];
    const swap = this.random.next() < 0.3 ? this.#drawSwap() : [];
    if (swap.length > 0) return swap;
    const learner = this.#anyOf(learners);
    if (learner !== undefined) return [{ kind: 'promote', id: learner }];
    const voter = this.#anyOf(voters.filter((id) => !this.#lost.has(id)));
    if (voter === undefined || voters.length - this.#lostVoters() * 2 <= 2) return [this.#newLearner()];
    // One leaves and one comes: the two majorities of the joint configuration differ.
    return this.random.next() < 0.5
      ? [{ kind: 'remove', id: voter }]
      : [{ kind: 'remove', id: voter }, this.#newLearner()];
  }

  /** All learners become voters, and as many voters leave: the two majorities may have nobody in common. */
  #drawSwap(): readonly MembershipChange[] {
    const { voters, learners } = this.#configuration;
    if (this.#lostVoters() > 0) return [];
    const leaving = voters.filter(() => this.random.next() < 0.6).slice(0, learners.length);
    return [
      ...learners.map((id) => ({ kind: 'promote', id }) as const),
      ...leaving.map((id) => ({ kind: 'remove', id }) as const),
    ];
  }

  #newLearner(): MembershipChange {
    const id = this.#newId();
    const member = new Member(id, new Disk(), this);
    this.members.set(id, member);
    member.start();
    return { kind: 'add-learner', member: describe(id) };
  }

  /** What leaders hold counts: others may hold what is taken back. */
  #onConfigured(member: Member, configuration: Configuration, index: number): void {
    const isLeader = member.core.status.role === 'leader';
    if (!isLeader && index < this.#configurationIndex) return;
    this.#configurationIndex = index;
    this.#configuration = configuration;
    this.#memberships += 1;
  }

  #crash(member: Member, durationMs: number): void {
    member.crash();
    this.schedule.after(durationMs, () => {
      if (!member.isUp && !this.#lost.has(member.id) && this.members.get(member.id) === member) member.start();
    });
  }

  #calmNetwork(): void {
    this.network.faults = { loss: 0, duplication: 0, minDelayMs: 0.1, maxDelayMs: this.#usualDelayMs };
  }

  #newId(): MemberId {
    this.#born += 1;
    return `m${this.#born}`;
  }

  #anyUp(): Member | undefined {
    return this.#anyOf([...this.members.values()].filter((member) => member.isUp));
  }

  #anyOf<T>(items: Iterable<T>): T | undefined {
    const all = [...items];
    assert(all.length < 1_000, 'a cluster is small');
    return all[Math.floor(this.random.next() * all.length)];
  }
}

function describe(id: MemberId): { id: MemberId; name: string; address: string } {
  return { id, name: id, address: `${id}:1` };
}
