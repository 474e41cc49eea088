/**
 * A simulated cluster: real Raft cores on simulated clocks, disks and network, clients, faults, and checkers after every step.
 * Everything follows from the seed. `run` throws a Violation, or what a core asserted.
 */
import { assert, present } from '../../src/base/assert.js';
import { type Random, seededRandom } from '../../src/base/random.js';
import type { Rejection } from '../../src/base/rejection.js';
import { type Bootstrap, type BootstrapOptions, createBootstrap } from '../../src/raft/core/bootstrap/bootstrap.js';
import type { GiveUpCode, Standing } from '../../src/raft/core/bootstrap/protocol.js';
import { type Configuration, EMPTY_CONFIGURATION, type MemberId } from '../../src/raft/core/configuration.js';
import type { RaftLimits, RaftOptions, RaftTiming } from '../../src/raft/core/options.js';
import type { MembershipChange, Message, RaftEffect } from '../../src/raft/core/protocol.js';
import { createRaftCore, type RaftCore } from '../../src/raft/core/raft-core.js';
import { BOOTSTRAP_TIMING, LINGER_MS, type Packet, REQUEST_MS } from './belonging.js';
import { Checkers, Violation } from './checkers.js';
import { Founding } from './founding.js';
import { findViolation } from './linearizability.js';
import type { Member, MemberHost } from './member.js';
import { Nemesis } from './nemesis.js';
import { Network } from './network.js';
import { Roster } from './roster.js';
import { Schedule } from './schedule.js';
import { Workload } from './workload.js';

export interface ClusterOptions {
  readonly seed: number;
  /** Steps of all cores together. */
  readonly steps: number;
  /** The core that is tested; planted bugs bring another one. */
  readonly createCore?: ((options: RaftOptions) => RaftCore) | undefined;
  readonly createBootstrap?: ((options: BootstrapOptions) => Bootstrap) | undefined;
  /** An empty directory gets the id of the one that was lost, as if ids were made of names. */
  readonly wipedKeepsId?: boolean | undefined;
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
  /** Requests of operators that were done, and directories that took the place of lost ones. */
  readonly requests: number;
  readonly replacements: number;
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
/** An operator never has more. */
const MAX_MEMBERS = 6;
/** Longer than an operator's request waits. */
const SHRINK_MS = REQUEST_MS + 1_000;
/** How long members whose cluster lost a majority of its disks are watched. */
const DOOM_MS = 15_000;
const SETTLE_MS = 60_000;

export class Cluster implements MemberHost {
  readonly schedule = new Schedule();
  readonly random: Random;
  readonly roster: Roster;
  readonly network: Network<Message | Packet>;
  readonly checkers = new Checkers();
  readonly workload: Workload;
  readonly nemesis: Nemesis;
  readonly #options: ClusterOptions;
  readonly #reads: RaftOptions['reads'];
  #configuration: Configuration;
  #diskDelayMs = 1;
  #steps = 0;
  #processes = 0;
  #snapshots = 0;
  #memberships = 0;
  #requests = 0;
  /** When a disk was lost, and when somebody was asked to leave, last. */
  #wipedMs = Number.NEGATIVE_INFINITY;
  #shrunkMs = Number.NEGATIVE_INFINITY;
  /** Voters that took the place of a lost directory. */
  readonly #replacements = new Set<MemberId>();
  #clusterIds = 0;
  /** Faults that were aimed. */
  #targeted = 0;
  /** When runs of members ended: their connections linger. */
  readonly #ended = new Map<number, number>();
  readonly #malice: number;
  readonly #isAboutElections: boolean;
  /** Learners gather, and become voters together when several change at once. */
  readonly #keepsLearners: boolean;
  readonly #usualDelayMs: number;
  #leaders = new Set<MemberId>();
  readonly #founding: Founding;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.random = seededRandom(options.seed);
    this.network = new Network(this.schedule, this.random, (packet) => this.#deliver(packet));
    const size = [1, 3, 3, 3, 5, 5][Math.floor(this.random.next() * 6)] ?? 3;
    this.roster = new Roster(this, size, options.wipedKeepsId ?? false);
    this.workload = new Workload(this.schedule, this.random, this.roster.members);
    this.nemesis = new Nemesis(this, this.random);
    // A third of the seeds are about elections: few clients, and hardly a leader that is left in peace.
    this.#isAboutElections = this.random.next() < 0.35;
    this.#keepsLearners = this.random.next() < 0.4;
    this.#malice = this.#isAboutElections ? 1.2 : this.random.next();
    this.workload.pauseMs = this.#isAboutElections ? 1_500 : 80;
    this.#usualDelayMs = 1 + this.random.next() ** 3 * 30;
    this.#calmNetwork();
    this.#reads = this.random.next() < 0.5 ? 'quorum' : 'lease';
    this.#configuration = EMPTY_CONFIGURATION;
    this.#founding = new Founding(this, this.random);
  }

  run(): Report {
    this.#founding.run(() => this.#leaders.size > 0);
    this.workload.start();
    this.nemesis.start();
    while (this.#steps < this.#options.steps && this.schedule.run()) {}
    this.#settle();
    this.#doom();
    const violation = findViolation(this.workload.history);
    if (violation !== undefined)
      throw new Violation(`linearizability of ${violation.key}: ${JSON.stringify(violation.operations)}`);
    return this.#report();
  }

  /** All faults end: the cluster must agree again, and everything committed must be everywhere. */
  #settle(): void {
    this.nemesis.stop();
    this.workload.stop();
    this.calm();
    this.schedule.after(5_000, () => {
      for (const { name } of this.#configuration.members) {
        const member = this.roster.current(name);
        if (member?.isUp === false) member.start();
      }
    });
    const untilMs = this.schedule.nowMs + SETTLE_MS;
    let isSettled = false;
    while (!isSettled && this.schedule.nowMs < untilMs && this.schedule.run())
      isSettled = this.schedule.nowMs > untilMs - SETTLE_MS + 10_000 && this.#isSettled();
    if (!isSettled)
      throw new Violation(`liveness: the members do not agree ${SETTLE_MS / 1000} s after the last fault`);
  }

  /** Everybody that counts is there, votes and holds everything; who lost a disk has been replaced. */
  #isSettled(): boolean {
    const id = [...this.#leaders][0];
    const leader = id === undefined ? undefined : this.roster.members.get(id);
    if (leader?.isMember !== true || leader.core.status.role !== 'leader') return false;
    const { voters, outgoing, learners } = leader.configuration;
    const { commits } = this.checkers;
    return (
      outgoing.length === 0 &&
      learners.length === 0 &&
      voters.every((voter) => {
        const member = this.roster.members.get(voter);
        return member?.isMember === true && !this.roster.isLost(voter) && member.applied === commits;
      })
    );
  }

  /**
   * The end of some clusters: a majority of the listed members loses its disks at once, the coordinator among them. What is
   * left must wait for people; it must not found another cluster.
   */
  #doom(): void {
    const survivor = this.roster.peers.find(({ name }) => {
      const member = this.roster.current(name);
      return name !== this.roster.peers[0]?.name && member !== undefined && member.disk.standing.kind === 'member';
    });
    if (survivor === undefined || this.roster.peers.length < 3) return;
    for (const { name } of this.roster.peers) if (name !== survivor.name) this.wipeNode(name, 3_000);
    const left = this.roster.current(survivor.name);
    if (left?.isUp === true && this.random.next() < 0.5) this.crash(left, 5_000);
    const untilMs = this.schedule.nowMs + DOOM_MS;
    while (this.schedule.nowMs < untilMs && this.schedule.run()) {}
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
      requests: this.#requests,
      replacements: this.#replacements.size,
      simulatedMs: Math.round(this.schedule.nowMs),
    };
  }

  /* ------------------------------------------------------------ host */

  createCore(options: Omit<RaftOptions, 'timing' | 'limits' | 'reads' | 'leaseDrift'>): RaftCore {
    const create = this.#options.createCore ?? createRaftCore;
    return create({ ...options, timing: TIMING, limits: LIMITS, reads: this.#reads, leaseDrift: 0.2 });
  }

  createBootstrap(options: Omit<BootstrapOptions, 'newClusterId' | 'timing' | 'features'>): Bootstrap {
    const create = this.#options.createBootstrap ?? createBootstrap;
    const newClusterId = () => `c${++this.#clusterIds}`;
    return create({ ...options, newClusterId, features: 1, timing: BOOTSTRAP_TIMING });
  }

  others(id: MemberId): readonly MemberId[] {
    return this.roster.running().flatMap((member) => (member.id === id ? [] : [member.id]));
  }

  sendPacket(packet: Packet): void {
    if (packet.kind === 'bootstrap') this.#founding.onMessage(packet.from, packet.message);
    this.network.send(packet);
  }

  #deliver(packet: Message | Packet): void {
    const member = this.roster.members.get(packet.to);
    if (member?.isUp !== true) return;
    if (!('process' in packet)) {
      member.step([{ kind: 'message', message: packet }]);
      return;
    }
    const endedMs = this.#ended.get(packet.process);
    if (endedMs === undefined || this.schedule.nowMs < endedMs + LINGER_MS) member.belonging.receive(packet);
  }

  get hidesProgress(): boolean {
    return this.#keepsLearners && !this.nemesis.isStopped && this.random.next() < 0.98;
  }

  nextProcess(): number {
    this.#processes += 1;
    return this.#processes;
  }

  nextRequestId(): number {
    return this.workload.nextRequestId();
  }

  onStanding(member: Member, standing: Standing, configuration: Configuration | undefined): void {
    if (standing.kind === 'member' && this.checkers.commits === 0 && (configuration?.voters.length ?? 0) > 0)
      this.#configuration = present(configuration, 'a first configuration');
    this.checkers.onStanding(member, standing, configuration);
    if (standing.kind === 'member') this.#founding.onMember(member);
  }

  onGaveUp(member: Member, code: GiveUpCode): void {
    if (code === 'removed') this.roster.onLeft(member);
    else if (code !== 'not-expected') throw new Violation(`liveness: ${member.id} gives up with ${code}`);
    else
      this.schedule.after(500 + this.random.next() * 2_000, () => {
        if (!member.isUp && !this.nemesis.isStopped && this.roster.current(member.name) === member) member.start();
      });
  }

  onAnswer(_requestId: number, rejection: Rejection | undefined): void {
    if (rejection === undefined) this.#requests += 1;
  }

  send(message: Message): void {
    if (message.kind === 'vote-response' && message.isGranted) this.checkers.onVote(message);
    if (message.kind === 'vote-response' && message.isGranted) this.#strike(message.from, 0.2 * this.#malice, 3);
    this.network.send(message);
  }

  /** The moments that matter most: a vote was just given, a leader was just elected. */
  #strike(id: MemberId, probability: number, withinMs: number): void {
    if (this.nemesis.isStopped || this.random.next() >= probability) return;
    const isCrash = this.random.next() < (this.#isAboutElections ? 0.2 : 0.4);
    const durationMs = isCrash ? this.random.next() ** 2 * 400 : this.random.next() * 3_000;
    this.schedule.after(this.random.next() ** 3 * withinMs, () => {
      const member = this.roster.members.get(id);
      if (member?.isUp !== true) return;
      this.#targeted += 1;
      if (isCrash) this.crash(member, durationMs);
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
        this.#configuration = member.configuration;
        this.workload.onLeader(member);
      } else this.#leaders.delete(member.id);
    } else if (effect.kind === 'configured') this.#onConfigured(member, effect.configuration);
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
    const { id, process } = member;
    this.#ended.set(process, this.schedule.nowMs);
    // Most connections close at once, some only when nothing comes any more.
    for (const { id: other } of this.roster.running()) {
      const isReset = this.random.next() < 0.7;
      this.schedule.after(isReset ? this.random.next() * 2 : this.random.next() * LINGER_MS, () => {
        this.roster.members.get(other)?.disconnect(id, process);
        if (isReset) this.roster.members.get(other)?.step([{ kind: 'peer-disconnected', id }]);
      });
    }
    this.schedule.after(LINGER_MS, () => {
      for (const other of this.roster.running()) other.disconnect(id, process);
    });
  }

  /* ------------------------------------------------------------ faults; each returns whether it happened */

  crashOne(durationMs: number): boolean {
    const member = this.#anyUp();
    if (member === undefined) return false;
    this.crash(member, durationMs);
    return true;
  }

  crashLeader(durationMs: number): boolean {
    const leader = this.#anyOf(this.#leaders);
    const member = leader === undefined ? undefined : this.roster.members.get(leader);
    if (member?.isUp !== true) return false;
    this.crash(member, durationMs);
    return true;
  }

  crashAll(durationMs: number): boolean {
    for (const member of this.roster.running()) if (member.isUp) this.crash(member, durationMs * this.random.next());
    return true;
  }

  partition(durationMs: number, isOneWay: boolean): boolean {
    const ids = this.roster.running().map(({ id }) => id);
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
    for (const { id: other } of this.roster.running()) {
      if (other === leader) continue;
      if (!isOneWay || isDeaf) this.network.cut(other, leader, untilMs);
      if (!isOneWay || !isDeaf) this.network.cut(leader, other, untilMs);
      // As where a firewall resets connections: the others know at once, the leader does not.
      if (isReset) this.roster.members.get(other)?.step([{ kind: 'peer-disconnected', id: leader }]);
    }
  }

  clog(durationMs: number): boolean {
    const from = this.#anyUp()?.id;
    const to = this.#anyUp()?.id;
    if (from === undefined || to === undefined || from === to) return false;
    this.clogLink(from, to, durationMs);
    return true;
  }

  clogLink(from: MemberId, to: MemberId, durationMs: number): void {
    this.network.clog(from, to, this.schedule.nowMs + durationMs);
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
    const id = this.#anyUp()?.id;
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
    this.roster.members.get(leader)?.step([{ kind: 'transfer', requestId, to }]);
    return true;
  }

  /** Several come and go at once: the two majorities may have nobody in common. */
  changeMembership(): boolean {
    const leader = this.#anyOf(this.#leaders);
    const { voters, learners } = this.#configuration;
    if (leader === undefined || voters.some((id) => this.roster.isLost(id)) || !this.#mayShrink()) return false;
    const spare = Math.max(0, voters.length + learners.length - 2);
    const most = Math.min(spare, Math.max(learners.length, Math.ceil(voters.length / 2)));
    const leaving = voters.filter(() => this.random.next() < 0.6).slice(0, most);
    const changes: readonly MembershipChange[] = [
      ...learners
        .filter((id) => this.roster.members.get(id)?.isMember === true)
        .map((id) => ({ kind: 'promote', id }) as const),
      ...leaving.map((id) => ({ kind: 'remove', id }) as const),
    ];
    const requestId = this.workload.nextRequestId();
    this.roster.members.get(leader)?.step([{ kind: 'change-membership', requestId, changes }]);
    return true;
  }

  /** As `mesoctl master add`; the new master is started before or after. */
  add(): boolean {
    const leader = this.#leading();
    const members = new Set(this.#configuration.members.map(({ name }) => name));
    const name = this.#anyOf(this.roster.freeNames(MAX_MEMBERS).filter((free) => !members.has(free)));
    if (leader === undefined || name === undefined) return false;
    const member = this.roster.newcomer(name);
    const requestId = this.workload.nextRequestId();
    const delayMs = this.random.next() < 0.5 ? 0 : this.random.next() * 2_000;
    this.schedule.after(this.random.next() * 1_000, () => this.roster.maybeStart(member));
    this.schedule.after(delayMs, () => {
      if (leader.isUp)
        leader.belonging.stepAdmission([{ kind: 'add', requestId, peer: { name, address: `${name}:1` } }]);
    });
    return true;
  }

  /** As `mesoctl master remove`. */
  remove(): boolean {
    const leader = this.#leading();
    const { members, voters } = this.#configuration;
    const name = this.#anyOf(members)?.name;
    if (leader === undefined || name === undefined || voters.length < 3 || !this.#mayShrink()) return false;
    const requestId = this.workload.nextRequestId();
    leader.belonging.stepAdmission([{ kind: 'remove', requestId, name }]);
    return true;
  }

  /** Nobody shrinks a cluster in the very moment in which it loses a disk; a leader notices only after a while. */
  #mayShrink(): boolean {
    if (this.schedule.nowMs - this.#wipedMs < SHRINK_MS) return false;
    this.#shrunkMs = this.schedule.nowMs;
    return true;
  }

  #leading(): Member | undefined {
    const id = this.#anyOf(this.#leaders);
    const leader = id === undefined ? undefined : this.roster.members.get(id);
    return leader?.isUp === true && leader.belonging.leads ? leader : undefined;
  }

  /** A disk is lost. An empty directory of the same name takes its place. */
  wipe(): boolean {
    const member = this.#anyUp();
    if (member === undefined || !this.#maySpare(member)) return false;
    this.wipeNode(member.name, 3_000);
    return true;
  }

  /**
   * A cluster that loses a majority of its disks is lost, whatever it does: that comes at the end only. Whichever
   * configuration of those in the logs prevails, a majority must be left; and none that shrinks may be on its way.
   */
  #maySpare(member: Member): boolean {
    if (this.schedule.nowMs - this.#shrunkMs < SHRINK_MS) return false;
    const isLost = (id: MemberId) => id === member.id || this.roster.isLost(id);
    const remains = (ids: readonly MemberId[]) => {
      const lost = ids.filter(isLost);
      return lost.length === 0 || (ids.length >= 3 && lost.length < ids.length / 2);
    };
    const all = this.roster.directories().flatMap(({ disk }) => disk.configurations());
    return [this.#configuration, ...all].every(
      ({ voters, outgoing, learners }) => remains([...voters, ...learners.filter(isLost)]) && remains(outgoing),
    );
  }

  wipeNode(name: string, withinMs: number): void {
    this.#wipedMs = this.schedule.nowMs;
    const member = this.roster.wipe(name);
    this.schedule.after(this.random.next() ** 2 * withinMs, () => this.roster.maybeStart(member));
  }

  /* ------------------------------------------------------------ details */

  /** What leaders hold counts: others may hold what is taken back. */
  #onConfigured(member: Member, configuration: Configuration): void {
    if (member.core.status.role !== 'leader') return;
    this.#configuration = configuration;
    this.#memberships += 1;
    for (const id of configuration.voters) if (this.roster.isReplacement(id)) this.#replacements.add(id);
  }

  crash(member: Member, durationMs: number): void {
    member.crash();
    this.schedule.after(durationMs, () => this.roster.maybeStart(member));
  }

  /** Calm again, as far as it is up to the world. */
  calm(): void {
    this.network.heal();
    this.#calmNetwork();
    this.#diskDelayMs = 1;
  }

  #calmNetwork(): void {
    this.network.faults = { loss: 0, duplication: 0, minDelayMs: 0.1, maxDelayMs: this.#usualDelayMs };
  }

  #anyUp(): Member | undefined {
    return this.#anyOf(this.roster.running());
  }

  #anyOf<T>(items: Iterable<T>): T | undefined {
    const all = [...items];
    assert(all.length < 1_000, 'a cluster is small');
    return all[Math.floor(this.random.next() * all.length)];
  }
}
