/**
 * Who may be in the cluster, as its leader decides it (architecture, section 4): newcomers that operators announced, empty
 * directories that take the place of lost ones, members that leave. One change of membership at a time; learners first,
 * voters once they have caught up. It begins when a leader is ready and ends with the leadership; all that it must know of
 * the past is in the configuration, so a new leader goes on where the old one stopped.
 *
 * It never gives a vote to a directory by its name: a new directory has a new id, and the old id leaves before that learns.
 */
import { unreachable } from '../../../base/assert.js';
import type { Instant } from '../../../base/clock.js';
import type { Core } from '../../../base/core.js';
import { type Rejection, reject } from '../../../base/rejection.js';
import { type Configuration, isJoint, isMember, type Member, type MemberId } from '../configuration.js';
import type { MembershipChange, RefusalReason, RequestId } from '../protocol.js';
import { type KnownPeer, KnownPeers } from './peers.js';
import type { AdmissionEffect, AdmissionEvent, Followers, Peer, RefuseCode } from './protocol.js';

export interface AdmissionTiming {
  /** The longest silence of a member that lives. Ms. */
  readonly electionMaxMs: number;
  /** What has shown no effect is said or tried again after this. Ms. */
  readonly retryMs: number;
  /** A connection outlives its process for at most this long. Ms. */
  readonly duplicateMs: number;
  /** Operators are answered within this. Ms. */
  readonly requestMs: number;
}

export const DEFAULT_ADMISSION_TIMING: AdmissionTiming = {
  electionMaxMs: 1_600,
  retryMs: 500,
  duplicateMs: 20_000,
  requestMs: 60_000,
};

export interface AdmissionOptions {
  /** This member, as it is now. */
  readonly member: Member;
  readonly clusterId: string;
  readonly configuration: Configuration;
  /** Operators' requests that may wait. */
  readonly maxRequests: number;
  readonly timing: AdmissionTiming;
}

export type Admission = Core<AdmissionEvent, AdmissionEffect>;

/** The configuration is committed: of a leader that is ready. */
export function createAdmission(options: AdmissionOptions): Admission {
  return new AdmissionMachine(options);
}

type Request = { readonly requestId: RequestId; readonly deadlineMs: number } & (
  | { readonly kind: 'add'; readonly peer: Peer }
  | { readonly kind: 'remove'; readonly name: string; readonly id: MemberId }
);

class AdmissionMachine implements Admission {
  readonly #options: AdmissionOptions;
  readonly #peers = new KnownPeers();
  #configuration: Configuration;
  #followers: Followers = new Map();
  /** What was said of each follower first: a leader begins as if it had heard of everybody. */
  #firstHeardMs = new Map<MemberId, number>();
  #requests: Request[] = [];
  /** Asked of the Raft core and not answered. */
  #change: readonly MembershipChange[] | undefined;
  #retryAtMs = Number.NEGATIVE_INFINITY;
  /** Learners in turn: when each was tried last. */
  readonly #promotedMs = new Map<MemberId, number>();
  #expected = '';
  #isDeposed = false;
  #nowMs = 0;
  #effects: AdmissionEffect[] = [];

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#configuration = options.configuration;
  }

  step(events: readonly AdmissionEvent[], now: Instant): readonly AdmissionEffect[] {
    this.#nowMs = now.monotonicMs;
    for (const event of events) if (!this.#isDeposed) this.#handle(event);
    if (!this.#isDeposed) this.#advance();
    this.#expect();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  nextDeadlineMs(): number | undefined {
    return this.#isDeposed ? undefined : this.#nowMs + this.#options.timing.retryMs;
  }

  /* ------------------------------------------------------------ events */

  #handle(event: AdmissionEvent): void {
    switch (event.kind) {
      case 'introduction':
        if (event.introduction.member.id !== this.#options.member.id) this.#peers.meet(event.introduction, this.#nowMs);
        return;
      case 'disconnected':
        this.#peers.forget(event.id);
        return;
      case 'configured':
        this.#configuration = event.configuration;
        return;
      case 'followers':
        this.#follow(event.followers);
        return;
      case 'add':
        this.#handleAdd(event.requestId, event.peer);
        return;
      case 'remove':
        this.#handleRemove(event.requestId, event.name);
        return;
      case 'changed':
        this.#change = undefined;
        return;
      case 'refused':
        this.#handleRefused(event.reason);
        return;
      case 'deposed':
        this.#isDeposed = true;
        for (const { requestId } of this.#requests)
          this.#answer(
            requestId,
            reject(
              'unavailable',
              "another master leads now; 'mesoctl master list' shows what was done, then ask again",
            ),
          );
        this.#requests = [];
        return;
      case 'tick':
        return;
      default:
        unreachable(event);
    }
  }

  #follow(followers: Followers): void {
    this.#followers = followers;
    const first = this.#firstHeardMs;
    this.#firstHeardMs = new Map([...followers].map(([id, { heardMs }]) => [id, first.get(id) ?? heardMs]));
  }

  #handleAdd(requestId: RequestId, peer: Peer): void {
    const { members, learners } = this.#configuration;
    const namesake = members.find(({ name }) => name === peer.name);
    const isWaited = this.#requests.some((request) => request.kind === 'add' && request.peer.name === peer.name);
    if (namesake !== undefined && !learners.includes(namesake.id))
      this.#answer(requestId, reject('conflict', `${peer.name} is a member already, at ${namesake.address}`));
    else if (namesake !== undefined)
      this.#answer(
        requestId,
        reject('conflict', `${peer.name} is a member already and catches up; it will vote by itself`),
      );
    else if (isWaited) this.#answer(requestId, reject('conflict', `${peer.name} is being added already`));
    else this.#admitRequest({ kind: 'add', requestId, peer, deadlineMs: this.#deadlineMs });
  }

  #handleRemove(requestId: RequestId, name: string): void {
    const { members, voters } = this.#configuration;
    const member = members.find((known) => known.name === name);
    if (member === undefined) {
      const names = members.map((known) => known.name).sort();
      this.#answer(requestId, reject('not-found', `there is no master ${name}; the members are ${names.join(', ')}`));
      return;
    }
    if (voters.length === 1 && voters[0] === member.id) {
      this.#answer(requestId, reject('conflict', `${name} is the only voter; add another master before it leaves`));
      return;
    }
    const fault = this.#majorityFault(member);
    if (fault !== undefined) {
      this.#answer(requestId, fault);
      return;
    }
    this.#admitRequest({ kind: 'remove', requestId, name, id: member.id, deadlineMs: this.#deadlineMs });
  }

  /** Whether those that stay could go on: a cluster that cannot agree cannot be mended by a change of membership. */
  #majorityFault({ id: leaving, name }: Pick<Member, 'id' | 'name'>): Rejection | undefined {
    const { voters } = this.#configuration;
    const remaining = voters.filter((id) => id !== leaving);
    if (remaining.length === voters.length) return undefined;
    const dead = remaining.filter((id) => !this.#isInTouch(id));
    if (remaining.length - dead.length > remaining.length / 2) return undefined;
    const names = dead.map((id) => this.#nameOf(id)).sort();
    const text = `without ${name} there would be no majority: ${names.join(', ')} cannot be reached; start or remove that first`;
    return reject('conflict', text);
  }

  #admitRequest(request: Request): void {
    if (this.#requests.length < this.#options.maxRequests) this.#requests.push(request);
    else this.#answer(request.requestId, reject('unavailable', 'too many changes of membership wait; try again later'));
  }

  get #deadlineMs(): number {
    return this.#nowMs + this.#options.timing.requestMs;
  }

  #handleRefused(reason: RefusalReason): void {
    if (reason === 'invalid')
      this.#effects.push({
        type: 'now',
        kind: 'log',
        level: 'warn',
        message: 'a change of membership was refused',
        fields: { changes: this.#change },
      });
    this.#change = undefined;
    this.#retryAtMs = this.#nowMs + this.#options.timing.retryMs;
  }

  /* ------------------------------------------------------------ what is due */

  #advance(): void {
    const isSettled = this.#change === undefined && !isJoint(this.#configuration);
    if (isSettled) this.#answerDone();
    this.#answerLate();
    for (const peer of [...this.#peers.all()]) this.#greet(peer, isSettled);
    if (!isSettled || this.#nowMs < this.#retryAtMs) return;
    this.#change =
      this.#nextRemoval() ?? this.#nextNewcomer() ?? this.#nextDescription() ?? this.#nextPromotion() ?? undefined;
    if (this.#change !== undefined)
      this.#effects.push({ type: 'now', kind: 'change-membership', changes: this.#change });
  }

  #answerDone(): void {
    const { members, voters } = this.#configuration;
    this.#requests = this.#requests.filter((request) => {
      const isDone =
        request.kind === 'remove'
          ? !isMember(this.#configuration, request.id)
          : members.some(({ id, name }) => name === request.peer.name && voters.includes(id));
      if (isDone) this.#answer(request.requestId, undefined);
      return !isDone;
    });
  }

  #answerLate(): void {
    this.#requests = this.#requests.filter((request) => {
      if (this.#nowMs < request.deadlineMs) return true;
      this.#answer(request.requestId, reject('timeout', this.#missingFor(request)));
      return false;
    });
  }

  #missingFor(request: Request): string {
    if (request.kind === 'remove')
      return `${request.name} has not left yet: no majority has agreed; 'mesoctl master list' shows who can be reached`;
    const { name, address } = request.peer;
    if (this.#configuration.members.some((member) => member.name === name))
      return `${name} was added and catches up; it will vote by itself, 'mesoctl master list' shows when`;
    return `no master named ${name} has introduced itself at ${address}: start it with --name ${name} --join, then add it again`;
  }

  /** Learners that have not begun are told to; those that cannot be here are told why. */
  #greet(peer: KnownPeer, isSettled: boolean): void {
    const { member, standing, clusterId } = peer.introduction;
    const hasBegun = standing === 'member';
    if (hasBegun && clusterId !== this.#options.clusterId)
      this.#refuse(
        peer,
        'wrong-cluster',
        `${member.name} is in cluster ${clusterId}, this is ${this.#options.clusterId}`,
      );
    else if (!isSettled) return;
    else if (this.#configuration.learners.includes(member.id)) {
      if (!hasBegun) this.#tell(peer, { kind: 'admit', clusterId: this.#options.clusterId });
    } else if (isMember(this.#configuration, member.id)) return;
    else if (hasBegun) this.#refuse(peer, 'removed', `${member.name} was removed from this cluster`);
    else this.#judge(peer);
  }

  /** A directory that has not begun and whose id is in no configuration. */
  #judge(peer: KnownPeer): void {
    const { name } = peer.introduction.member;
    const namesake = this.#configuration.members.find((member) => member.name === name);
    if (namesake === undefined) {
      if (this.#requestFor(name) === undefined)
        this.#refuse(peer, 'not-expected', `no master named ${name} is expected here`);
      return;
    }
    if (this.#isAliveBeside(namesake.id, peer))
      this.#refuse(peer, 'name-in-use', `another master named ${name} is running at ${namesake.address}`);
  }

  /** Both live: more than what a process leaves behind when it ends. */
  #isAliveBeside(id: MemberId, { metMs }: KnownPeer): boolean {
    const { electionMaxMs, duplicateMs } = this.#options.timing;
    if (id === this.#options.member.id) return true;
    const heardMs = this.#followers.get(id)?.heardMs ?? Number.NEGATIVE_INFINITY;
    if (heardMs !== this.#firstHeardMs.get(id) && heardMs - metMs >= electionMaxMs) return true;
    return this.#peers.find(id) !== undefined && this.#nowMs - metMs >= duplicateMs;
  }

  #nextRemoval(): readonly MembershipChange[] | undefined {
    for (const request of this.#requests) {
      if (request.kind !== 'remove') continue;
      const fault = this.#majorityFault(request);
      if (fault === undefined) return [{ kind: 'remove', id: request.id }];
      this.#requests = this.#requests.filter((other) => other !== request);
      this.#answer(request.requestId, fault);
    }
    return undefined;
  }

  /** A member that was announced, or one that takes the place of a lost one. */
  #nextNewcomer(): readonly MembershipChange[] | undefined {
    for (const { introduction } of this.#peers.all()) {
      const { member, standing } = introduction;
      if (standing === 'member' || isMember(this.#configuration, member.id)) continue;
      const namesake = this.#configuration.members.find(({ name }) => name === member.name);
      if (namesake !== undefined) {
        if (!this.#lives(namesake.id))
          return [
            { kind: 'remove', id: namesake.id },
            { kind: 'add-learner', member },
          ];
      } else if (this.#isAnnounced(member)) return [{ kind: 'add-learner', member }];
    }
    return undefined;
  }

  #isAnnounced(member: Member): boolean {
    const request = this.#requestFor(member.name);
    if (request === undefined || request.peer.address === member.address) return request !== undefined;
    this.#requests = this.#requests.filter((other) => other !== request);
    const { requestId, peer } = request;
    this.#answer(
      requestId,
      reject(
        'conflict',
        `${peer.name} says that it is at ${member.address}, not at ${peer.address}: add it with that address`,
      ),
    );
    return false;
  }

  #requestFor(name: string): Extract<Request, { kind: 'add' }> | undefined {
    for (const request of this.#requests) if (request.kind === 'add' && request.peer.name === name) return request;
    return undefined;
  }

  /** A member came back with another name or address; the leader itself is one of them. */
  #nextDescription(): readonly MembershipChange[] | undefined {
    const { members } = this.#configuration;
    const introduced = [...this.#peers.all()].map(({ introduction }) => introduction.member);
    for (const member of [this.#options.member, ...introduced]) {
      const known = members.find(({ id }) => id === member.id);
      if (known === undefined || (known.name === member.name && known.address === member.address)) continue;
      if (!members.some(({ id, name }) => name === member.name && id !== member.id))
        return [{ kind: 'describe', member }];
    }
    return undefined;
  }

  /** Learners that answer take turns; the Raft core refuses those that lag. */
  #nextPromotion(): readonly MembershipChange[] | undefined {
    const triedMs = (id: MemberId) => this.#promotedMs.get(id) ?? Number.NEGATIVE_INFINITY;
    const id = this.#configuration.learners
      .filter((learner) => (this.#followers.get(learner)?.match ?? 0) > 0 && this.#isHeard(learner))
      .sort((a, b) => triedMs(a) - triedMs(b))[0];
    if (id === undefined) return undefined;
    this.#promotedMs.set(id, this.#nowMs);
    return [{ kind: 'promote', id }];
  }

  #isHeard(id: MemberId): boolean {
    const heardMs = this.#followers.get(id)?.heardMs ?? Number.NEGATIVE_INFINITY;
    return this.#nowMs - heardMs < this.#options.timing.electionMaxMs;
  }

  /** Here by all signs. */
  #isInTouch(id: MemberId): boolean {
    return id === this.#options.member.id || (this.#peers.find(id) !== undefined && this.#isHeard(id));
  }

  /** Here by any sign. */
  #lives(id: MemberId): boolean {
    return id === this.#options.member.id || this.#peers.find(id) !== undefined || this.#isHeard(id);
  }

  #nameOf(id: MemberId): string {
    return this.#configuration.members.find((member) => member.id === id)?.name ?? id;
  }

  /* ------------------------------------------------------------ effects */

  #refuse(peer: KnownPeer, code: RefuseCode, message: string): void {
    this.#tell(peer, { kind: 'refuse', code, message });
  }

  #tell(peer: KnownPeer, message: Extract<AdmissionEffect, { kind: 'send' }>['message']): void {
    if (this.#nowMs - peer.toldMs < this.#options.timing.retryMs) return;
    peer.toldMs = this.#nowMs;
    this.#effects.push({ type: 'now', kind: 'send', to: peer.introduction.member.id, message });
  }

  #answer(requestId: RequestId, rejection: Rejection | undefined): void {
    this.#effects.push({ type: 'now', kind: 'answer', requestId, rejection });
  }

  #expect(): void {
    const addresses = this.#requests.flatMap((request) => (request.kind === 'add' ? [request.peer.address] : []));
    const text = addresses.join(' ');
    if (text === this.#expected) return;
    this.#expected = text;
    this.#effects.push({ type: 'now', kind: 'expect', addresses });
  }
}
