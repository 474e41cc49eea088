/**
 * One member of a Raft group as a running thing: log worker, transport, core and membership put together; lives in
 * the Raft worker. Carries effects and events between them and answers the main thread. Decides nothing itself.
 *
 * Invariants: every request of the host is answered once, or has an unknown outcome after `ended`; no message of Raft leaves
 * before the directory belongs to a cluster; after the first failure nothing is sent, written or answered any more.
 */
import { present, unreachable } from '../../base/assert.js';
import type { Clock } from '../../base/clock.js';
import { MesoError, messageOf } from '../../base/error.js';
import { flattenError, restoreError } from '../../base/plain-error.js';
import type { Random } from '../../base/random.js';
import type { Configuration, Member } from '../core/configuration.js';
import type { Leadership, StoredState } from '../core/protocol.js';
import { createRaftCore, type RaftCore } from '../core/raft-core.js';
import type { Identity, LogReply, LogRequest, Notice } from '../sqlite/protocol.js';
import type { Transport, TransportObserver, TransportTrouble } from '../transport/transport.js';
import { CoreDriver, type NewsEffect } from './core-driver.js';
import { describeMembers } from './members-picture.js';
import { Membership } from './membership.js';
import { Proposals } from './proposals.js';
import type { HostReply, HostRequest } from './protocol.js';
import { errorOfRefusal } from './refusals.js';
import type { RaftSettings } from './settings.js';
import { PING_INTERVAL_MS, Watchdog, type WatchdogAction } from './watchdog.js';

export interface RaftNodeOptions {
  readonly settings: RaftSettings;
  readonly clock: Clock;
  readonly random: Random;
  newId(): string;
  askLog(request: LogRequest): void;
  createTransport(observer: TransportObserver): Transport;
  tellHost(reply: HostReply): void;
  /** The main thread hangs for good. */
  endProcess(): void;
}

/** At closing: longest wait for somebody else to take leadership over. Ms. */
const HANDOVER_TIMEOUT_MS = 1_000;
/** Part of the election timeout that leases leave unused. */
const LEASE_DRIFT = 0.1;
/** What every build that can replicate at all can apply. */
const FIRST_FEATURES = 1;

export class RaftNode {
  readonly #options: RaftNodeOptions;
  readonly #transport: Transport;
  readonly #membership: Membership;
  readonly #proposals = new Proposals();
  readonly #watchdog: Watchdog;
  readonly #watchdogTimer: NodeJS.Timeout;
  #identity: Identity | undefined;
  #stored: StoredState | undefined;
  #self: Member | undefined;
  #core: RaftCore | undefined;
  #driver: CoreDriver | undefined;
  #clusterId: string | undefined;
  #leadership: Leadership = { term: 0, role: 'follower', leader: undefined, isReady: false };
  #notice: Notice;
  #handover: NodeJS.Timeout | undefined;
  #isClosing = false;
  #isEnded = false;

  constructor(options: RaftNodeOptions) {
    this.#options = options;
    this.#transport = options.createTransport({
      onIntroduction: (introduction) => this.#membership.onIntroduction(introduction),
      onMessage: (message) => this.#driver?.post({ kind: 'message', message }),
      onBootstrapMessage: (from, message) => this.#membership.onBootstrapMessage(from, message),
      onDisconnected: (id) => {
        this.#driver?.post({ kind: 'peer-disconnected', id });
        this.#membership.onDisconnected(id);
      },
      onTrouble: (trouble) => this.#onTrouble(trouble),
    });
    this.#membership = new Membership({
      settings: options.settings,
      clock: options.clock,
      transport: this.#transport,
      newId: options.newId,
      keepStanding: (standing, configuration) => options.askLog({ kind: 'keep-standing', standing, configuration }),
      start: (clusterId, configuration) => this.#start(clusterId, configuration),
      changeMembership: (requestId, changes) => this.#driver?.post({ kind: 'change-membership', requestId, changes }),
      followers: () => this.#core?.status.followers ?? new Map(),
      answer: (requestId, error) => {
        if (error === undefined) options.tellHost({ kind: 'done', requestId });
        else this.#refuse(requestId, error);
      },
      log: (level, fields, message) => this.#log(level, fields, message),
      onFailed: (error) => this.#fail(error),
    });
    this.#watchdog = new Watchdog(this.#nowMs);
    this.#watchdogTimer = setInterval(() => this.#actAll(this.#watchdog.tick(this.#nowMs)), PING_INTERVAL_MS);
  }

  /* ------------------------------------------------------------ the main thread */

  onRequest(request: HostRequest): void {
    if (this.#isEnded) return;
    switch (request.kind) {
      case 'propose':
        this.#propose(request);
        return;
      case 'read-barrier':
        this.#whenStarted(request.requestId, (driver) => driver.post({ kind: 'read', requestId: request.requestId }));
        return;
      case 'read-state':
      case 'save-snapshot':
        this.#options.askLog(request);
        return;
      case 'members':
        this.#answerMembers(request.requestId);
        return;
      case 'add-member': {
        const { requestId, name, address } = request;
        this.#membership.add(requestId, { name, address });
        return;
      }
      case 'remove-member':
        this.#membership.remove(request.requestId, request.name);
        return;
      case 'transfer':
        this.#transfer(request.requestId, request.name);
        return;
      case 'pong':
        this.#actAll(this.#watchdog.onPong(this.#nowMs));
        return;
      case 'close':
        this.#close();
        return;
      default:
        unreachable(request);
    }
  }

  #propose({ requestId, data, features }: Extract<HostRequest, { kind: 'propose' }>): void {
    const behind = this.#membership.configuration.members.find(
      ({ id }) => id !== this.#self?.id && (this.#membership.features.get(id) ?? FIRST_FEATURES) < features,
    );
    if (behind !== undefined) {
      const what = `master ${behind.name} runs a version that does not know this operation: upgrade it first`;
      this.#refuse(requestId, new MesoError('REFUSED', what));
      return;
    }
    this.#whenStarted(requestId, (driver) => driver.post({ kind: 'propose', requestId, data: [data] }));
  }

  #answerMembers(requestId: number): void {
    const members = describeMembers({
      configuration: this.#membership.configuration,
      status: this.#core?.status,
      selfId: this.#self?.id ?? '',
      clusterId: this.#clusterId,
      connected: this.#transport.connected(),
      features: this.#membership.features,
      nowMs: this.#nowMs,
    });
    this.#options.tellHost({ kind: 'members', requestId, members });
  }

  #transfer(requestId: number, name: string): void {
    const target = this.#membership.configuration.members.find((member) => member.name === name);
    if (target === undefined) {
      const names = this.#membership.configuration.members.map((member) => member.name).sort();
      const message = `there is no master ${name}; the members are ${names.join(', ')}`;
      this.#refuse(requestId, new MesoError('NOT_FOUND', message));
      return;
    }
    this.#whenStarted(requestId, (driver) => driver.post({ kind: 'transfer', requestId, to: target.id }));
  }

  #whenStarted(requestId: number, act: (driver: CoreDriver) => void): void {
    if (this.#driver === undefined) this.#refuse(requestId, errorOfRefusal('not-leader'));
    else act(this.#driver);
  }

  #refuse(requestId: number, error: MesoError): void {
    this.#options.tellHost({ kind: 'refused', requestId, error: flattenError(error) });
  }

  #tellLeadership(): void {
    const { memberId = '' } = this.#identity ?? {};
    const { voters } = this.#membership.configuration;
    const about = { memberId, clusterId: this.#clusterId, voters: voters.length, notice: this.#notice };
    this.#options.tellHost({ kind: 'leadership', picture: { ...this.#leadership, ...about } });
  }

  #log(level: 'debug' | 'info' | 'warn' | 'error', fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#options.tellHost({ kind: 'log', level, message, fields });
  }

  /* ------------------------------------------------------------ the log worker */

  onLog(reply: LogReply): void {
    if (this.#isEnded) return;
    switch (reply.kind) {
      case 'opened':
        this.#onOpened(reply);
        return;
      case 'persisted':
        this.#driver?.onPersisted(reply.batch);
        return;
      case 'applied':
        this.#onApplied(reply);
        return;
      case 'installed':
        this.#notice = reply.notice;
        this.#tellLeadership();
        return;
      case 'standing-kept':
        this.#membership.onStandingKept();
        return;
      case 'log-read':
      case 'snapshot-opened':
      case 'snapshot-read':
      case 'compacted':
        this.#driver?.post(reply);
        return;
      case 'state':
        this.#options.tellHost(reply);
        return;
      case 'snapshot-saved':
        this.#onSnapshotSaved(reply);
        return;
      case 'closed':
        this.#finish(undefined);
        return;
      case 'failed':
        this.#finish(restoreError(reply.error));
        return;
      default:
        unreachable(reply);
    }
  }

  /** The log thread is gone; what it did not say is not known. */
  onLogClosed(): void {
    this.#finish(new MesoError('INTERNAL', 'the log thread ended without a word'));
  }

  #onApplied({ index, results, notice }: Extract<LogReply, { kind: 'applied' }>): void {
    const { tellHost } = this.#options;
    for (const outcome of this.#proposals.applied(index, results)) {
      const { requestId } = outcome;
      if (outcome.kind === 'applied')
        tellHost({ kind: 'result', requestId, index: outcome.index, result: outcome.result });
      else this.#refuse(requestId, new MesoError('NOT_LEADER', 'another leader took its place in the log'));
    }
    for (const requestId of this.#proposals.takeReads()) tellHost({ kind: 'done', requestId });
    this.#driver?.post({ kind: 'applied', index });
    if (notice === undefined) return;
    this.#notice = notice;
    this.#tellLeadership();
  }

  #onSnapshotSaved({ requestId, snapshot, error }: Extract<LogReply, { kind: 'snapshot-saved' }>): void {
    if (snapshot === undefined)
      this.#refuse(requestId, error === undefined ? new MesoError('DISK', 'no snapshot') : restoreError(error));
    else {
      const { index, sizeBytes } = snapshot;
      this.#options.tellHost({ kind: 'snapshot-saved', requestId, index, sizeBytes });
    }
  }

  /* ------------------------------------------------------------ becoming a member */

  #onOpened({ identity, stored, notice }: Extract<LogReply, { kind: 'opened' }>): void {
    this.#identity = identity;
    this.#stored = stored;
    this.#notice = notice;
    this.#listen(identity, stored).catch((error: unknown) => this.#fail(error));
  }

  async #listen(identity: Identity, stored: StoredState): Promise<void> {
    const { settings } = this.#options;
    const standing = identity.standing.kind;
    const clusterId = identity.standing.kind === 'empty' ? undefined : identity.standing.clusterId;
    const unbound = { id: identity.memberId, name: settings.name, address: '' };
    const peersDigest = undefined;
    this.#transport.introduce({ member: unbound, standing, clusterId, peersDigest, features: settings.features });
    const { ip, port } = await this.#transport.listen();
    if (this.#isEnded) return;
    const listed = settings.peers?.find(({ name }) => name === settings.name)?.address;
    const address = listed ?? hostAndPort(settings.advertisedHost ?? ip, port);
    this.#self = { ...unbound, address };
    if (identity.name !== settings.name) this.#options.askLog({ kind: 'keep-name', name: settings.name });
    this.#membership.begin(identity, stored, this.#self);
    this.#options.tellHost({ kind: 'opened', memberId: identity.memberId, raftAddress: address });
  }

  /** The directory belongs to a cluster: Raft begins. */
  #start(clusterId: string, first: Configuration): void {
    const { settings, clock, random } = this.#options;
    const identity = present(this.#identity, 'it is open');
    const found = present(this.#stored, 'it is open');
    // What the disk held when it was opened, unless it became a member since.
    const stored = identity.standing.kind === 'member' ? found : newLog(first);
    this.#clusterId = clusterId;
    const core = createRaftCore({
      id: identity.memberId,
      stored,
      random,
      timing: settings.timing,
      limits: settings.limits,
      reads: settings.reads,
      leaseDrift: LEASE_DRIFT,
      nowMs: this.#nowMs,
    });
    this.#core = core;
    this.#stored = undefined;
    this.#driver = new CoreDriver({
      core,
      clock,
      askLog: (request) => this.#options.askLog(request),
      send: (message) => this.#transport.send(message),
      onNews: (effect) => this.#onNews(effect),
      onFatal: (error) => this.#fail(error),
    });
    this.#tellLeadership();
  }

  /* ------------------------------------------------------------ the Raft core */

  #onNews(effect: NewsEffect): void {
    switch (effect.kind) {
      case 'proposed':
        this.#proposals.proposed(effect.requestId, effect.term, effect.firstIndex);
        return;
      case 'dropped':
        for (const requestId of this.#proposals.dropped(effect.fromIndex))
          this.#refuse(requestId, new MesoError('OUTCOME_UNKNOWN', 'leadership ended before a majority had it'));
        return;
      case 'refused':
        if (!this.#membership.onRefused(effect.requestId, effect.reason))
          this.#refuse(effect.requestId, errorOfRefusal(effect.reason));
        return;
      case 'read-ready':
        if (this.#proposals.addRead(effect.requestId, effect.index))
          this.#options.tellHost({ kind: 'done', requestId: effect.requestId });
        return;
      case 'changed':
        this.#membership.onChanged(effect.requestId);
        return;
      case 'transferred':
        this.#options.tellHost({ kind: 'done', requestId: effect.requestId });
        return;
      case 'leadership':
        this.#onLeadership(effect.leadership);
        return;
      case 'configured':
        this.#membership.onConfigured(effect.configuration);
        this.#tellLeadership();
        return;
      default:
        unreachable(effect);
    }
  }

  #onLeadership(leadership: Leadership): void {
    this.#leadership = leadership;
    this.#membership.onLeadership(leadership);
    if (leadership.role !== 'leader' && this.#handover !== undefined) this.#closeLog();
    this.#tellLeadership();
  }

  #onTrouble({ address, code, detail }: TransportTrouble): void {
    const level = code === 'unreachable' || code === 'queue-full' ? 'info' : 'warn';
    this.#log(level, { address, code, detail }, 'trouble with another master');
  }

  /* ------------------------------------------------------------ the watchdog, and the end */

  #actAll(actions: readonly WatchdogAction[]): void {
    for (const action of actions) this.#act(action);
  }

  #act(action: WatchdogAction): void {
    switch (action.kind) {
      case 'ping':
        this.#options.tellHost({ kind: 'ping', ping: action.ping });
        return;
      case 'resign':
        this.#log('error', {}, 'the main thread does not answer: this master gives leadership away');
        this.#driver?.post({ kind: 'candidacy', isAllowed: false });
        return;
      case 'recovered':
        if (!this.#isClosing) this.#driver?.post({ kind: 'candidacy', isAllowed: true });
        return;
      case 'end':
        this.#options.endProcess();
        return;
      default:
        unreachable(action);
    }
  }

  #close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.#leadership.role !== 'leader') {
      this.#closeLog();
      return;
    }
    this.#handover = setTimeout(() => this.#closeLog(), HANDOVER_TIMEOUT_MS);
    this.#driver?.post({ kind: 'candidacy', isAllowed: false });
  }

  #closeLog(): void {
    clearTimeout(this.#handover);
    this.#handover = undefined;
    this.#options.askLog({ kind: 'close' });
  }

  #fail(error: unknown): void {
    this.#finish(error instanceof MesoError ? error : new MesoError('INTERNAL', messageOf(error), { cause: error }));
  }

  /** Stops everything at once; the host ends the threads. */
  #finish(error: MesoError | undefined): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearInterval(this.#watchdogTimer);
    clearTimeout(this.#handover);
    this.#driver?.stop();
    this.#membership.stop();
    const tell = () =>
      this.#options.tellHost({ kind: 'ended', error: error === undefined ? undefined : flattenError(error) });
    this.#transport.close().then(tell, tell);
  }

  get #nowMs(): number {
    return this.#options.clock.now().monotonicMs;
  }
}

function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The log of a member that has just become one. */
function newLog(configuration: Configuration): StoredState {
  return {
    hardState: { term: 0, vote: undefined, commit: 0 },
    base: { index: 0, term: 0, configuration },
    terms: [],
    lastIndex: 0,
    configurations: [],
    recent: [],
    applied: 0,
  };
}
