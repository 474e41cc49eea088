/**
 * Clients that write and read registers through whatever member they take for the leader, one operation at a time each, and
 * remember what they were told. What they were not told may or may not have happened.
 */
import type { Random } from '../../src/base/random.js';
import type { MemberId } from '../../src/raft/core/configuration.js';
import type { Entry, RaftEffect } from '../../src/raft/core/protocol.js';
import type { Operation } from './linearizability.js';
import type { Member } from './member.js';
import type { Schedule } from './schedule.js';

const CLIENTS = 4;
const PATIENCE_MS = 3_000;
const OPERATIONS_OF_KEY = 24;
const KEYS_AT_ONCE = 3;

interface Call {
  readonly client: number;
  readonly kind: 'write' | 'read';
  readonly key: string;
  readonly value: string | undefined;
  readonly calledAt: number;
  readonly member: Member;
  readonly requestId: number;
  /** Of a write: where it stands in the log. Of a read: where it may be read. */
  index: number | undefined;
  term: number;
}

export class Workload {
  readonly history: Operation[] = [];
  readonly counts = { writes: 0, reads: 0, unknown: 0, refused: 0 };
  /** At most between two operations of a client. */
  pauseMs = 80;
  readonly #open = new Map<number, Call>();
  #requestId = 0;
  #operations = 0;
  #stopped = false;
  #leader: MemberId | undefined;
  /** Who served each client last. */
  readonly #served = new Map<number, Member>();

  constructor(
    private readonly schedule: Schedule,
    private readonly random: Random,
    private readonly members: ReadonlyMap<MemberId, Member>,
  ) {}

  start(): void {
    for (let client = 0; client < CLIENTS; client++) this.#pause(client);
  }

  stop(): void {
    this.#stopped = true;
  }

  nextRequestId(): number {
    this.#requestId += 1;
    return this.#requestId;
  }

  onLeader(member: Member): void {
    this.#leader = member.id;
  }

  onEffect(member: Member, effect: RaftEffect): void {
    if (effect.kind === 'dropped') {
      for (const call of this.#open.values())
        if (call.member === member && call.kind === 'write' && (call.index ?? 0) >= effect.fromIndex)
          this.#end(call, 'unknown');
      return;
    }
    if (!('requestId' in effect)) return;
    const call = this.#open.get(effect.requestId);
    if (call === undefined || call.member !== member) return;
    if (effect.kind === 'refused')
      this.#end(call, call.kind === 'write' && call.index !== undefined ? 'unknown' : 'refused');
    else if (effect.kind === 'proposed') {
      call.index = effect.lastIndex;
      call.term = effect.term;
    } else if (effect.kind === 'read-ready') {
      call.index = effect.index;
      this.#maybeRead(call);
    }
  }

  onApplied(member: Member, entry: Entry): void {
    for (const call of this.#open.values()) {
      if (call.member !== member || call.index === undefined) continue;
      if (call.kind === 'read') this.#maybeRead(call);
      else if (call.index === entry.index) this.#end(call, call.term === entry.term ? 'done' : 'unknown');
    }
  }

  onDown(member: Member): void {
    for (const call of this.#open.values()) if (call.member === member) this.#end(call, 'unknown');
  }

  #maybeRead(call: Call): void {
    if (call.index === undefined || call.member.applied < call.index) return;
    this.#end(call, 'done', call.member.values.get(call.key));
  }

  #pause(client: number): void {
    if (!this.#stopped) this.schedule.after(this.random.next() * this.pauseMs, () => this.#call(client));
  }

  #call(client: number): void {
    const up = [...this.members.values()].filter((member) => member.isMember);
    const known = this.#leader === undefined ? undefined : this.members.get(this.#leader);
    const any = up[Math.floor(this.random.next() * up.length)];
    // Some clients stay where they were served, also when others know of a newer leader.
    const usual = client % 2 === 0 ? known : this.#served.get(client);
    const member = usual?.isMember === true && this.random.next() < 0.8 ? usual : any;
    if (member === undefined) {
      this.#pause(client);
      return;
    }
    this.#operations += 1;
    const generation = Math.floor(this.#operations / (OPERATIONS_OF_KEY * KEYS_AT_ONCE));
    const key = `k${generation}.${Math.floor(this.random.next() * KEYS_AT_ONCE)}`;
    const kind = this.random.next() < 0.6 ? 'write' : 'read';
    const requestId = this.nextRequestId();
    const value = kind === 'write' ? String(requestId) : undefined;
    const calledAt = this.schedule.nowMs;
    const call: Call = { client, kind, key, value, calledAt, member, requestId, index: undefined, term: 0 };
    this.#open.set(requestId, call);
    this.schedule.after(PATIENCE_MS, () => this.#open.get(requestId) === call && this.#end(call, 'unknown'));
    if (kind === 'read') member.step([{ kind: 'read', requestId }]);
    else member.step([{ kind: 'propose', requestId, data: [Buffer.from(`${key}=${value}`)] }]);
  }

  #end(call: Call, outcome: 'done' | 'unknown' | 'refused', value = call.value): void {
    this.#open.delete(call.requestId);
    this.#pause(call.client);
    const { key, kind, calledAt } = call;
    if (outcome === 'done') this.#served.set(call.client, call.member);
    else this.#served.delete(call.client);
    if (outcome === 'refused') this.counts.refused += 1;
    else if (outcome === 'unknown') {
      this.counts.unknown += 1;
      // A read that nobody saw the answer of means nothing.
      if (kind === 'write') this.history.push({ key, kind, value, calledAt, returnedAt: undefined });
    } else {
      this.counts[kind === 'write' ? 'writes' : 'reads'] += 1;
      this.history.push({ key, kind, value, calledAt, returnedAt: this.schedule.nowMs });
    }
  }
}
