/**
 * The shell of one simulated member: drives a real Raft core, carries its effects out on a simulated disk and network, applies
 * what is committed to a map of registers. It keeps the promises of core/protocol.ts and does nothing else.
 */
import { assert, present } from '../../src/base/assert.js';
import type { Random } from '../../src/base/random.js';
import type { Peer } from '../../src/raft/core/bootstrap/protocol.js';
import { type Configuration, EMPTY_CONFIGURATION, type MemberId } from '../../src/raft/core/configuration.js';
import type { RaftOptions } from '../../src/raft/core/options.js';
import type {
  Entry,
  MembershipChange,
  Message,
  PersistBatch,
  RaftEffect,
  RaftEvent,
} from '../../src/raft/core/protocol.js';
import type { RaftCore } from '../../src/raft/core/raft-core.js';
import { Belonging, type BelongingHost } from './belonging.js';
import type { Disk, MachineState } from './disk.js';
import type { Schedule } from './schedule.js';

/** What the rest of the simulation hears of a member, and gives to it. */
export interface MemberHost extends BelongingHost {
  readonly schedule: Schedule;
  readonly random: Random;
  createCore(options: Omit<RaftOptions, 'timing' | 'limits' | 'reads' | 'leaseDrift'>): RaftCore;
  send(message: Message): void;
  /** A planted bug: what should wait for the disk does not. */
  readonly acknowledgesEarly: boolean;
  /** How long a transaction takes now. Ms. */
  diskDelayMs(): number;
  nextProcess(): number;
  nextRequestId(): number;
  onStep(member: Member): void;
  onBatch(member: Member, batch: PersistBatch): void;
  onEffect(member: Member, effect: RaftEffect): void;
  onApplied(member: Member, entry: Entry): void;
  onInstalled(member: Member, machine: MachineState): void;
  onDown(member: Member): void;
}

const CHECKPOINT_INTERVAL = 40;

/** One directory: a name, an id of its own, a disk. */
export class Member {
  /** Of the run that is under way, or of the last one. */
  process = 0;
  #belonging: Belonging | undefined;
  #configuration: Configuration = EMPTY_CONFIGURATION;
  /** The change of membership that the Raft core was asked for by this member's Admission. */
  #change: number | undefined;
  #core: RaftCore | undefined;
  #lastBatch = 0;
  #durableBatch = 0;
  #isSyncing = false;
  #waiting: { readonly batch: number; readonly message: Message }[] = [];
  #timerMs = Number.POSITIVE_INFINITY;
  #incarnation = 0;
  #snapshots = new Map<string, Uint8Array>();
  #snapshotCount = 0;
  #values = new Map<string, string>();
  #applied = 0;
  #appliedTerm = 0;
  /** Its monotonic clock: `skewMs + rate * simulated time`. */
  #rate = 1;
  #skewMs = 0;
  steps = 0;

  constructor(
    readonly id: MemberId,
    readonly name: string,
    readonly disk: Disk,
    /** undefined: it joins a cluster that is there. */
    readonly peers: readonly Peer[] | undefined,
    private readonly host: MemberHost,
  ) {}

  get described(): { readonly id: MemberId; readonly name: string; readonly address: string } {
    return { id: this.id, name: this.name, address: `${this.name}:1` };
  }
  get random(): Random {
    return this.host.random;
  }
  get isUp(): boolean {
    return this.#belonging !== undefined;
  }
  /** Its Raft core runs. */
  get isMember(): boolean {
    return this.#core !== undefined;
  }
  /** The newest in its log. */
  get configuration(): Configuration {
    return this.#configuration;
  }
  get belonging(): Belonging {
    return present(this.#belonging, 'the member is up');
  }
  get core(): RaftCore {
    return present(this.#core, 'the member is up');
  }
  get applied(): number {
    return this.#applied;
  }
  get values(): ReadonlyMap<string, string> {
    return this.#values;
  }

  start(): void {
    assert(!this.isUp, 'a member runs once');
    this.#incarnation += 1;
    this.process = this.host.nextProcess();
    this.#belonging = new Belonging(this, this.host, this.process, this.peers);
    this.#belonging.start();
  }

  /** It is a member now: its Raft core begins. */
  startCore(): void {
    this.host.onStanding(this, this.disk.standing, this.disk.stored().base.configuration);
    this.#lastBatch = 0;
    this.#durableBatch = 0;
    this.#waiting = [];
    this.#isSyncing = false;
    this.#timerMs = Number.POSITIVE_INFINITY;
    this.#snapshots = new Map();
    const { machine } = this.disk;
    this.#values = new Map(machine.values);
    this.#applied = machine.applied;
    this.#appliedTerm = machine.term;
    this.#core = this.host.createCore({
      id: this.id,
      stored: this.disk.stored(),
      random: this.host.random,
      nowMs: this.nowMs,
    });
    this.later(0, () => this.step([{ kind: 'tick' }]));
  }

  /** Power fails. */
  crash(): void {
    if (!this.isUp) return;
    this.#core = undefined;
    this.#belonging = undefined;
    this.#change = undefined;
    this.#incarnation += 1;
    this.disk.crash(this.host.random);
    this.host.onDown(this);
  }

  /** Asked for by its Admission. */
  changeMembership(changes: readonly MembershipChange[]): void {
    this.later(0, () => {
      const requestId = this.host.nextRequestId();
      this.#change = requestId;
      this.step([{ kind: 'change-membership', requestId, changes }]);
    });
  }

  diskDelayMs(): number {
    return this.host.diskDelayMs();
  }

  /** The connections with that run of a member closed. */
  disconnect(id: MemberId, process: number): void {
    this.#belonging?.disconnect(id, process);
  }

  /** Its clock runs at another speed from now on, and may jump ahead, as after a suspension. */
  disturbClock(rate: number, jumpMs: number): void {
    const nowMs = this.nowMs;
    this.#rate = rate;
    this.#skewMs = nowMs + jumpMs - rate * this.host.schedule.nowMs;
    this.step([{ kind: 'tick' }]);
  }

  step(events: readonly RaftEvent[]): void {
    if (this.#core === undefined) return;
    this.steps += 1;
    const nowMs = this.nowMs;
    const effects = this.#core.step(events, { monotonicMs: nowMs, unixMs: nowMs });
    for (const effect of effects) if (this.isMember) this.#perform(effect);
    if (!this.isMember) return;
    this.#followDeadline();
    this.host.onStep(this);
  }

  get nowMs(): number {
    return this.#skewMs + this.#rate * this.host.schedule.nowMs;
  }

  /** Unless its process ends before. */
  later(delayMs: number, action: () => void): void {
    const incarnation = this.#incarnation;
    this.host.schedule.after(delayMs, () => {
      if (incarnation === this.#incarnation) action();
    });
  }

  #followDeadline(): void {
    const deadlineMs = this.core.nextDeadlineMs();
    if (deadlineMs === undefined) return;
    const atMs = Math.max(this.host.schedule.nowMs, (deadlineMs - this.#skewMs) / this.#rate);
    if (atMs >= this.#timerMs) return;
    this.#timerMs = atMs;
    const incarnation = this.#incarnation;
    this.host.schedule.at(atMs + 0.01, () => {
      if (incarnation !== this.#incarnation || this.#timerMs !== atMs) return;
      this.#timerMs = Number.POSITIVE_INFINITY;
      this.step([{ kind: 'tick' }]);
    });
  }

  #perform(effect: RaftEffect): void {
    switch (effect.kind) {
      case 'batch':
        this.#persist(effect);
        return;
      case 'send':
        if (effect.type === 'afterPersist' && this.#durableBatch < this.#lastBatch && !this.host.acknowledgesEarly)
          this.#waiting.push({ batch: this.#lastBatch, message: effect.message });
        else this.host.send(effect.message);
        return;
      case 'commit':
        this.#apply(effect.index);
        return;
      case 'read-log':
        this.later(0.1 + this.host.random.next(), () => this.#readLog(effect));
        return;
      case 'open-snapshot':
        this.later(this.host.diskDelayMs(), () => this.#openSnapshot(effect.to));
        return;
      case 'read-snapshot':
        this.later(0.1 + this.host.random.next(), () => this.#readSnapshot(effect));
        return;
      case 'close-snapshot':
        this.#snapshots.delete(effect.snapshotId);
        return;
      case 'configured':
        this.#configuration = effect.configuration;
        this.host.onEffect(this, effect);
        this.#belonging?.onConfigured(effect.configuration);
        return;
      case 'leadership': {
        const { role, isReady } = effect.leadership;
        this.host.onEffect(this, effect);
        if (role !== 'leader') this.#change = undefined;
        this.#belonging?.onLeadership(isReady, role === 'leader', this.#configuration);
        return;
      }
      case 'changed':
      case 'refused':
        if (effect.requestId === this.#change) this.#onChange(effect);
        else this.host.onEffect(this, effect);
        return;
      default:
        this.host.onEffect(this, effect);
    }
  }

  #onChange(effect: Extract<RaftEffect, { kind: 'changed' | 'refused' }>): void {
    this.#change = undefined;
    const event =
      effect.kind === 'changed'
        ? ({ kind: 'changed' } as const)
        : ({ kind: 'refused', reason: effect.reason } as const);
    this.later(0, () => this.#belonging?.stepAdmission([event]));
  }

  #persist(batch: PersistBatch): void {
    this.#lastBatch = batch.batch;
    this.disk.submit(batch);
    this.host.onBatch(this, batch);
    if (!this.#isSyncing) this.#syncNext();
  }

  /** Everything that waits becomes durable together (group commit). */
  #syncNext(): void {
    this.#isSyncing = this.disk.hasPending;
    if (!this.#isSyncing) return;
    const upTo = this.#lastBatch;
    this.later(this.host.diskDelayMs(), () => {
      const events: RaftEvent[] = [];
      while (this.#durableBatch < upTo) {
        const { batch, installed } = this.disk.sync();
        this.#durableBatch = batch.batch;
        events.push({ kind: 'persisted', batch: batch.batch });
        if (installed !== undefined) this.#install(installed);
      }
      const released = this.#waiting.filter(({ batch }) => batch <= this.#durableBatch);
      this.#waiting = this.#waiting.filter(({ batch }) => batch > this.#durableBatch);
      for (const { message } of released) this.host.send(message);
      this.#syncNext();
      this.step(events);
    });
  }

  #install(machine: MachineState): void {
    this.#values = new Map(machine.values);
    this.#applied = machine.applied;
    this.#appliedTerm = machine.term;
    this.host.onInstalled(this, machine);
  }

  #apply(index: number): void {
    for (let at = this.#applied + 1; at <= index; at++) {
      const entry = present(this.disk.entryAt(at), 'what is committed is in the log');
      if (entry.body.kind === 'data') {
        const [key = '', value = ''] = Buffer.from(entry.body.data).toString().split('=');
        this.#values.set(key, value);
      }
      this.#applied = at;
      this.#appliedTerm = entry.term;
      this.host.onApplied(this, entry);
    }
    if (this.#applied - this.disk.machine.applied >= CHECKPOINT_INTERVAL) {
      this.disk.checkpoint({ applied: this.#applied, term: this.#appliedTerm, values: new Map(this.#values) });
      this.later(0, () => this.step([{ kind: 'applied', index: this.#applied }]));
    }
  }

  /** Drops most of what the last checkpoint made superfluous. */
  compact(): void {
    const keep = Math.floor(this.host.random.next() * 20);
    const index = this.disk.machine.applied - keep;
    if (!this.isMember || !this.disk.compact(index)) return;
    this.step([
      { kind: 'applied', index: this.#applied },
      { kind: 'compacted', index },
    ]);
  }

  #readLog({ to, fromIndex, toIndex }: Extract<RaftEffect, { kind: 'read-log' }>): void {
    const entries: Entry[] = [];
    for (let at = fromIndex; at <= Math.min(toIndex, fromIndex + 20); at++) {
      const entry = this.disk.entryAt(at);
      if (entry === undefined) break;
      entries.push(entry);
    }
    this.step([{ kind: 'log-read', to, entries }]);
  }

  #openSnapshot(to: MemberId): void {
    this.#snapshotCount += 1;
    const opened = this.disk.snapshot(`${this.id}/${this.#incarnation}/${this.#snapshotCount}`);
    if (opened !== undefined) this.#snapshots.set(opened.info.id, opened.data);
    this.step([{ kind: 'snapshot-opened', to, snapshot: opened?.info }]);
  }

  #readSnapshot({ to, snapshotId, offset, maxBytes }: Extract<RaftEffect, { kind: 'read-snapshot' }>): void {
    const data = this.#snapshots.get(snapshotId)?.subarray(offset, offset + maxBytes);
    if (data !== undefined) this.step([{ kind: 'snapshot-read', to, snapshotId, offset, data }]);
  }
}
