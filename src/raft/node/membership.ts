/**
 * Who belongs to the group, around the Raft core: how this directory becomes a member, whom a leader admits, whom to be
 * connected with. Carries effects and events of the two machines of core/bootstrap; decides nothing itself.
 *
 * Invariants: `start` is called once; the requests of this part count down from -1, so that they are nobody else's.
 */
import { present, unreachable } from '../../base/assert.js';
import type { Clock } from '../../base/clock.js';
import { MesoError } from '../../base/error.js';
import { createAdmission, DEFAULT_ADMISSION_TIMING } from '../core/bootstrap/admission.js';
import { createBootstrap, DEFAULT_BOOTSTRAP_TIMING } from '../core/bootstrap/bootstrap.js';
import type {
  AdmissionEffect,
  AdmissionEvent,
  BootstrapEffect,
  BootstrapEvent,
  BootstrapMessage,
  Followers,
  Introduction,
  Standing,
} from '../core/bootstrap/protocol.js';
import {
  type Configuration,
  EMPTY_CONFIGURATION,
  isMember,
  type Member,
  type MemberId,
} from '../core/configuration.js';
import type { Leadership, MembershipChange, RefusalReason, StoredState } from '../core/protocol.js';
import type { Identity } from '../sqlite/protocol.js';
import type { Transport } from '../transport/transport.js';
import { CoreLoop } from './core-loop.js';
import { errorOfRefusal, errorOfRejection } from './refusals.js';
import type { NamedAddress, RaftSettings } from './settings.js';

const MAX_REQUESTS = 100;
/** Directories that are answered at a time although they are no members. */
const MAX_STRANGERS = 16;

export interface MembershipOptions {
  readonly settings: RaftSettings;
  readonly clock: Clock;
  readonly transport: Pick<Transport, 'introduce' | 'sendBootstrap' | 'setAddresses'>;
  /** A new id for a cluster. */
  newId(): string;
  /** Answered by `onStandingKept`. */
  keepStanding(standing: Standing, configuration: Configuration | undefined): void;
  /** The directory belongs to a cluster: the core begins. */
  start(clusterId: string, configuration: Configuration): void;
  /** Answered by `onChanged` or `onRefused`. */
  changeMembership(requestId: number, changes: readonly MembershipChange[]): void;
  followers(): Followers;
  /** To an operator's `add` or `remove`; undefined: it is done. */
  answer(requestId: number, error: MesoError | undefined): void;
  log(level: 'info' | 'warn', fields: Readonly<Record<string, unknown>>, message: string): void;
  onFailed(error: unknown): void;
}

export class Membership {
  readonly #options: MembershipOptions;
  /** Of those that are connected. */
  readonly #introductions = new Map<MemberId, Introduction>();
  readonly #features = new Map<MemberId, number>();
  #self: Member | undefined;
  #clusterId: string | undefined;
  #bootstrap: CoreLoop<BootstrapEvent, BootstrapEffect> | undefined;
  #admission: CoreLoop<AdmissionEvent, AdmissionEffect> | undefined;
  #changeRequest = 0;
  #isLeader = false;
  #expected: readonly string[] = [];
  #configuration: Configuration = EMPTY_CONFIGURATION;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** The newest in the log. */
  get configuration(): Configuration {
    return this.#configuration;
  }

  /** What each member said last that it can apply. */
  get features(): ReadonlyMap<MemberId, number> {
    return this.#features;
  }

  begin({ standing }: Identity, stored: StoredState, member: Member): void {
    const { settings, clock, newId, transport } = this.#options;
    this.#self = member;
    const core = createBootstrap({
      member,
      peers: settings.peers,
      isJoining: settings.join !== undefined,
      standing,
      first: stored.base.index === 0 ? stored.base.configuration : EMPTY_CONFIGURATION,
      features: settings.features,
      newClusterId: newId,
      timing: DEFAULT_BOOTSTRAP_TIMING,
    });
    transport.introduce(core.introduction);
    this.#bootstrap = new CoreLoop<BootstrapEvent, BootstrapEffect>({
      core,
      clock,
      ticks: () => [{ kind: 'tick' }],
      perform: (effect) => this.#performBootstrap(effect),
      onFatal: (error) => this.#options.onFailed(error),
    });
    for (const introduction of this.#introductions.values())
      this.#bootstrap.post({ kind: 'introduction', introduction });
    this.#followAddresses();
  }

  stop(): void {
    this.#bootstrap?.stop();
    this.#admission?.stop();
  }

  /* ------------------------------------------------------------ operators */

  add(requestId: number, peer: NamedAddress): void {
    this.#ask({ kind: 'add', requestId, peer });
  }

  remove(requestId: number, name: string): void {
    this.#ask({ kind: 'remove', requestId, name });
  }

  #ask(event: Extract<AdmissionEvent, { readonly requestId: number }>): void {
    if (this.#admission !== undefined) this.#admission.post(event);
    else this.#options.answer(event.requestId, errorOfRefusal(this.#isLeader ? 'busy' : 'not-leader'));
  }

  /* ------------------------------------------------------------ what the rest of the member hears */

  onIntroduction(introduction: Introduction): void {
    const { id } = introduction.member;
    this.#introductions.set(id, introduction);
    this.#features.set(id, introduction.features);
    this.#followAddresses();
    this.#bootstrap?.post({ kind: 'introduction', introduction });
    this.#admission?.post({ kind: 'introduction', introduction });
  }

  onBootstrapMessage(from: Introduction, message: BootstrapMessage): void {
    this.#bootstrap?.post({ kind: 'message', from, message });
  }

  onDisconnected(id: MemberId): void {
    this.#introductions.delete(id);
    this.#followAddresses();
    this.#bootstrap?.post({ kind: 'disconnected', id });
    this.#admission?.post({ kind: 'disconnected', id });
  }

  onStandingKept(): void {
    this.#bootstrap?.post({ kind: 'standing-kept' });
  }

  onConfigured(configuration: Configuration): void {
    this.#configuration = configuration;
    this.#bootstrap?.post({ kind: 'configured', configuration });
    this.#admission?.post({ kind: 'configured', configuration });
    this.#followAddresses();
  }

  onLeadership({ role, isReady }: Leadership): void {
    this.#isLeader = role === 'leader';
    if (this.#isLeader && isReady) this.#admission ??= this.#beginAdmission();
    if (this.#isLeader) return;
    // The last event: its requests are answered in the step that takes it.
    this.#admission?.post({ kind: 'deposed' });
    this.#admission = undefined;
  }

  onChanged(requestId: number): void {
    if (requestId === this.#changeRequest) this.#admission?.post({ kind: 'changed' });
  }

  /** Returns whether it was a request of this part. */
  onRefused(requestId: number, reason: RefusalReason): boolean {
    if (requestId === this.#changeRequest) this.#admission?.post({ kind: 'refused', reason });
    return requestId < 0;
  }

  /* ------------------------------------------------------------ the two machines */

  #performBootstrap(effect: BootstrapEffect): void {
    const options = this.#options;
    switch (effect.kind) {
      case 'keep-standing':
        options.keepStanding(effect.standing, effect.configuration);
        return;
      case 'send':
        options.transport.sendBootstrap(effect.to, effect.message);
        return;
      case 'introduce':
        options.transport.introduce(effect.introduction);
        return;
      case 'start':
        this.#clusterId = effect.clusterId;
        options.start(effect.clusterId, effect.configuration);
        return;
      case 'give-up':
        options.onFailed(new MesoError('REFUSED', effect.message, { suggestions: [effect.suggestion] }));
        return;
      case 'log':
        options.log(effect.level, effect.fields, effect.message);
        return;
      default:
        unreachable(effect);
    }
  }

  #beginAdmission(): CoreLoop<AdmissionEvent, AdmissionEffect> {
    const { settings, clock, followers, onFailed } = this.#options;
    const core = createAdmission({
      member: present(this.#self, 'a leader has begun'),
      clusterId: present(this.#clusterId, 'a leader is in a cluster'),
      configuration: this.#configuration,
      maxRequests: MAX_REQUESTS,
      timing: { ...DEFAULT_ADMISSION_TIMING, electionMaxMs: settings.timing.electionMaxMs },
    });
    const admission = new CoreLoop<AdmissionEvent, AdmissionEffect>({
      core,
      clock,
      ticks: () => [{ kind: 'followers', followers: followers() }, { kind: 'tick' }],
      perform: (effect) => this.#performAdmission(effect),
      onFatal: (error) => onFailed(error),
    });
    for (const introduction of this.#introductions.values()) admission.post({ kind: 'introduction', introduction });
    return admission;
  }

  #performAdmission(effect: AdmissionEffect): void {
    const options = this.#options;
    switch (effect.kind) {
      case 'change-membership':
        this.#changeRequest -= 1;
        options.log('info', { changes: effect.changes }, 'the members of the cluster change');
        options.changeMembership(this.#changeRequest, effect.changes);
        return;
      case 'send':
        options.transport.sendBootstrap(effect.to, effect.message);
        return;
      case 'expect':
        this.#expected = effect.addresses;
        this.#followAddresses();
        return;
      case 'answer':
        options.answer(
          effect.requestId,
          effect.rejection === undefined ? undefined : errorOfRejection(effect.rejection),
        );
        return;
      case 'log':
        options.log(effect.level, effect.fields, effect.message);
        return;
      default:
        unreachable(effect);
    }
  }

  /* ------------------------------------------------------------ addresses */

  /**
   * Members, those that want to be answered although they are none, and whom this one may learn of the cluster from until it
   * is a member itself. (A connection carries messages in one direction: that of whoever dialled.)
   */
  #followAddresses(): void {
    const { settings, transport } = this.#options;
    const self = this.#self;
    const addresses = new Set(this.#configuration.members.map(({ address }) => address));
    for (const address of this.#expected) addresses.add(address);
    if (self === undefined || !isMember(this.#configuration, self.id)) {
      for (const { address } of settings.peers ?? []) addresses.add(address);
      if (settings.join !== undefined) addresses.add(settings.join);
    }
    for (const address of this.#strangers()) addresses.add(address);
    addresses.delete(self?.address ?? '');
    transport.setAddresses([...addresses].filter((address) => address !== ''));
  }

  /** Also those that were removed, or come from another cluster: they are told so. */
  #strangers(): readonly string[] {
    return [...this.#introductions.values()]
      .filter(({ member }) => !isMember(this.#configuration, member.id))
      .map(({ member }) => member.address)
      .slice(0, MAX_STRANGERS);
  }
}
