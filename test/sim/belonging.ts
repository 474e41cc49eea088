/**
 * What makes a simulated directory a member: the real Bootstrap of its process and, while it leads, the real Admission, with
 * connections as simple as they can be: everybody can reach everybody, and says who it is until it is a member.
 */
import type { Rejection } from '../../src/base/rejection.js';
import { type Admission, createAdmission } from '../../src/raft/core/bootstrap/admission.js';
import type { Bootstrap, BootstrapOptions } from '../../src/raft/core/bootstrap/bootstrap.js';
import type {
  AdmissionEffect,
  AdmissionEvent,
  BootstrapEffect,
  BootstrapEvent,
  BootstrapMessage,
  GiveUpCode,
  Introduction,
  Peer,
  Standing,
} from '../../src/raft/core/bootstrap/protocol.js';
import type { Configuration, MemberId } from '../../src/raft/core/configuration.js';
import type { Member } from './member.js';

/** What travels besides Raft messages. `process`: which run of its sender; its connections close when that ends. */
export type Packet = { readonly from: MemberId; readonly to: MemberId; readonly process: number } & (
  | { readonly kind: 'introduction'; readonly introduction: Introduction }
  | { readonly kind: 'bootstrap'; readonly introduction: Introduction; readonly message: BootstrapMessage }
);

export interface BelongingHost {
  createBootstrap(options: Omit<BootstrapOptions, 'newClusterId' | 'timing' | 'features'>): Bootstrap;
  /** Everybody that runs, except the one who asks. */
  others(id: MemberId): readonly MemberId[];
  sendPacket(packet: Packet): void;
  /** Leaders find nobody ready to be a voter for now. */
  readonly hidesProgress: boolean;
  onGaveUp(member: Member, code: GiveUpCode): void;
  onAnswer(requestId: number, rejection: Rejection | undefined): void;
  onStanding(member: Member, standing: Standing, configuration: Configuration | undefined): void;
}

/** Of the simulation: short, so that much happens. Connections of the dead linger for less than `duplicateMs`. */
export const LINGER_MS = 3_000;
export const BOOTSTRAP_TIMING = { retryMs: 200, duplicateMs: 6_000 } as const;
export const REQUEST_MS = 3_000;
const ADMISSION_TIMING = { electionMaxMs: 1_600, retryMs: 200, duplicateMs: 6_000, requestMs: REQUEST_MS } as const;

export class Belonging {
  readonly #bootstrap: Bootstrap;
  #admission: Admission | undefined;
  #hasFollowers = false;
  readonly #introductions = new Map<MemberId, { readonly process: number; readonly introduction: Introduction }>();
  readonly #gone = new Set<number>();

  constructor(
    private readonly member: Member,
    private readonly host: BelongingHost,
    private readonly process: number,
    peers: readonly Peer[] | undefined,
  ) {
    const { described, disk } = member;
    const { base } = disk.stored();
    this.#bootstrap = host.createBootstrap({
      member: described,
      peers,
      isJoining: peers === undefined,
      standing: disk.standing,
      first: base.index === 0 ? base.configuration : { members: [], voters: [], outgoing: [], learners: [] },
    });
  }

  start(): void {
    this.step([]);
    this.#greetAll();
    this.#keepTime();
  }

  step(events: readonly BootstrapEvent[]): void {
    const nowMs = this.member.nowMs;
    for (const effect of this.#bootstrap.step(events, { monotonicMs: nowMs, unixMs: nowMs }))
      if (this.member.isUp) this.#perform(effect);
  }

  receive(packet: Packet): void {
    const { from, process, introduction } = packet;
    // What an earlier run of it sent is older than what is known of it.
    if (this.#gone.has(process) || process < (this.#introductions.get(from)?.process ?? 0)) return;
    const isNew = this.#introductions.get(from)?.process !== process;
    this.#introductions.set(from, { process, introduction });
    if (packet.kind === 'bootstrap') {
      this.step([{ kind: 'message', from: introduction, message: packet.message }]);
      return;
    }
    const isAsked = introduction.standing !== 'member' && this.#bootstrap.introduction.standing === 'member';
    if (isNew || isAsked) this.#greet(from);
    this.step([{ kind: 'introduction', introduction }]);
    this.stepAdmission([{ kind: 'introduction', introduction }]);
  }

  /** The connections with that run of a member closed. */
  disconnect(id: MemberId, process: number): void {
    this.#gone.add(process);
    if (this.#introductions.get(id)?.process !== process) return;
    this.#introductions.delete(id);
    this.step([{ kind: 'disconnected', id }]);
    this.stepAdmission([{ kind: 'disconnected', id }]);
  }

  get leads(): boolean {
    return this.#admission !== undefined;
  }

  onLeadership(isReadyLeader: boolean, isLeader: boolean, configuration: Configuration): void {
    if (isReadyLeader && this.#admission === undefined) this.#beginAdmission(configuration);
    else if (!isLeader && this.#admission !== undefined) {
      this.stepAdmission([{ kind: 'deposed' }]);
      this.#admission = undefined;
    }
  }

  onConfigured(configuration: Configuration): void {
    this.step([{ kind: 'configured', configuration }]);
    this.stepAdmission([{ kind: 'configured', configuration }]);
  }

  stepAdmission(events: readonly AdmissionEvent[]): void {
    if (this.#admission === undefined || !this.member.isUp) return;
    const nowMs = this.member.nowMs;
    for (const effect of this.#admission.step(events, { monotonicMs: nowMs, unixMs: nowMs })) this.#carryOut(effect);
  }

  #beginAdmission(configuration: Configuration): void {
    const { disk } = this.member;
    const { member } = this.#bootstrap.introduction;
    const { standing } = disk;
    const clusterId = standing.kind === 'member' ? standing.clusterId : '';
    this.#admission = createAdmission({ member, clusterId, configuration, maxRequests: 8, timing: ADMISSION_TIMING });
    const known = [...this.#introductions.values()];
    this.stepAdmission([
      this.#followers(),
      ...known.map(({ introduction }) => ({ kind: 'introduction', introduction }) as const),
    ]);
    if (!this.#hasFollowers) this.#watchFollowers();
  }

  #followers(): AdmissionEvent {
    const { followers } = this.member.core.status;
    if (!this.host.hidesProgress) return { kind: 'followers', followers };
    return { kind: 'followers', followers: new Map([...followers].map(([id, known]) => [id, { ...known, match: 0 }])) };
  }

  #watchFollowers(): void {
    this.#hasFollowers = this.#admission !== undefined;
    if (!this.#hasFollowers) return;
    this.member.later(ADMISSION_TIMING.retryMs, () => {
      this.stepAdmission([this.#followers(), { kind: 'tick' }]);
      this.#watchFollowers();
    });
  }

  #keepTime(): void {
    this.member.later(BOOTSTRAP_TIMING.retryMs * (0.5 + this.member.random.next()), () => {
      this.step([{ kind: 'tick' }]);
      if (!this.member.isUp) return;
      // Connections bring introductions by themselves; here they may be lost and are said again.
      if (this.#bootstrap.introduction.standing !== 'member' || this.member.random.next() < 0.1) this.#greetAll();
      this.#keepTime();
    });
  }

  #greetAll(): void {
    for (const to of this.host.others(this.member.id)) this.#greet(to);
  }

  #greet(to: MemberId): void {
    const { introduction } = this.#bootstrap;
    this.host.sendPacket({ kind: 'introduction', from: this.member.id, to, process: this.process, introduction });
  }

  #send(to: MemberId, message: BootstrapMessage): void {
    const { introduction } = this.#bootstrap;
    this.host.sendPacket({ kind: 'bootstrap', from: this.member.id, to, process: this.process, introduction, message });
  }

  #perform(effect: BootstrapEffect): void {
    switch (effect.kind) {
      case 'keep-standing':
        this.#keepStanding(effect.standing, effect.configuration);
        return;
      case 'send':
        this.#send(effect.to, effect.message);
        return;
      case 'introduce':
        this.#greetAll();
        return;
      case 'start':
        this.member.startCore();
        return;
      case 'give-up':
        this.member.crash();
        this.host.onGaveUp(this.member, effect.code);
        return;
      case 'log':
        return;
    }
  }

  #keepStanding(standing: Standing, configuration: Configuration | undefined): void {
    this.member.disk.submitStanding(standing, configuration);
    this.member.later(this.member.diskDelayMs(), () => {
      this.member.disk.syncStanding();
      this.host.onStanding(this.member, standing, configuration);
      this.step([{ kind: 'standing-kept' }]);
    });
  }

  #carryOut(effect: AdmissionEffect): void {
    switch (effect.kind) {
      case 'change-membership':
        this.member.changeMembership(effect.changes);
        return;
      case 'send':
        this.#send(effect.to, effect.message);
        return;
      case 'answer':
        this.host.onAnswer(effect.requestId, effect.rejection);
        return;
      case 'expect':
      case 'log':
        return;
    }
  }
}
