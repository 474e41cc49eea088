/**
 * Plays a script on a few Raft cores and writes down all they do, in the manner of etcd's datadriven tests. Time stands still
 * unless a command moves it; messages and disks wait until they are told to go on. See the scripts.
 *
 *   members a b c [learners d] [lease] [one-by-one]   a new cluster; everybody starts with this configuration;
 *                          one-by-one: an append carries one entry
 *   log a 1 1 2 3          before its start: a's log, by terms; with `term=T`, `vote=X`, `commit=N`
 *   start [a ...]          all, or those named
 *   campaign a             time passes for a alone until its election time is over
 *   elapse MS [a ...]      time passes for all, or for those named
 *   deliver [a>b ...] [drop]   messages of these links (all links), once; with `drop`, they are lost
 *   persist [a ...]        everything these disks were asked for is durable
 *   stabilize              deliver and persist until nothing is left
 *   propose a WORD ...     one proposal, an entry for each word
 *   read a | transfer a b | compact a INDEX | disconnect a b | crash a
 *   change a [+d] [^d] [-c] ...   add learner, promote, remove
 *   show [a ...]           role, term, vote, log
 */
import { assert, present } from '../../../src/base/assert.js';
import { type Configuration, EMPTY_CONFIGURATION } from '../../../src/raft/core/configuration.js';
import { DEFAULT_LIMITS, DEFAULT_TIMING } from '../../../src/raft/core/options.js';
import type {
  Entry,
  MembershipChange,
  Message,
  PersistBatch,
  RaftEffect,
  RaftEvent,
} from '../../../src/raft/core/protocol.js';
import { createRaftCore, type RaftCore } from '../../../src/raft/core/raft-core.js';
import { Disk } from '../../sim/disk.js';

interface Peer {
  readonly id: string;
  disk: Disk;
  core: RaftCore | undefined;
  nowMs: number;
  readonly batches: PersistBatch[];
  readonly held: { readonly batch: number; readonly message: Message }[];
  lastBatch: number;
  applied: number;
  snapshot: Uint8Array | undefined;
}

const NO_RANDOM = { next: () => 0.5 };

export class Script {
  readonly #peers = new Map<string, Peer>();
  #queue: Message[] = [];
  #lines: string[] = [];
  #configuration: Configuration = EMPTY_CONFIGURATION;
  #reads: 'quorum' | 'lease' = 'quorum';
  #isOneByOne = false;
  #requestId = 0;

  /** Performs one command; returns the trace. */
  run(command: string): string[] {
    this.#lines = [];
    const [verb = '', ...words] = command.trim().split(/\s+/);
    this.#perform(verb, words);
    return this.#lines.length === 0 ? ['ok'] : this.#lines;
  }

  #perform(verb: string, words: readonly string[]): void {
    const [first = '', ...rest] = words;
    switch (verb) {
      case 'members':
        this.#create(words);
        return;
      case 'log':
        this.#writeLog(first, rest);
        return;
      case 'start':
        for (const peer of this.#named(words)) this.#start(peer);
        return;
      case 'campaign': {
        const peer = this.#peer(first);
        peer.nowMs = Math.max(peer.nowMs, this.#coreOf(peer).nextDeadlineMs() ?? 0);
        this.#step(peer, [{ kind: 'tick' }]);
        return;
      }
      case 'elapse':
        for (const peer of this.#named(rest)) {
          peer.nowMs += Number(first);
          if (peer.core !== undefined) this.#step(peer, [{ kind: 'tick' }]);
        }
        return;
      case 'deliver':
        this.#deliver(words);
        return;
      case 'persist':
        for (const peer of this.#named(words)) this.#persist(peer);
        return;
      case 'stabilize':
        this.#stabilize();
        return;
      case 'propose': {
        const data = rest.map((word) => Buffer.from(word));
        this.#step(this.#peer(first), [{ kind: 'propose', requestId: ++this.#requestId, data }]);
        return;
      }
      case 'read':
        this.#step(this.#peer(first), [{ kind: 'read', requestId: ++this.#requestId }]);
        return;
      case 'transfer':
        this.#step(this.#peer(first), [{ kind: 'transfer', requestId: ++this.#requestId, to: rest[0] ?? '' }]);
        return;
      case 'change':
        this.#step(this.#peer(first), [
          { kind: 'change-membership', requestId: ++this.#requestId, changes: rest.map((word) => this.#change(word)) },
        ]);
        return;
      case 'compact':
        this.#compact(this.#peer(first), Number(rest[0]));
        return;
      case 'disconnect':
        this.#step(this.#peer(first), [{ kind: 'peer-disconnected', id: rest[0] ?? '' }]);
        return;
      case 'crash':
        this.#crash(this.#peer(first));
        return;
      case 'show':
        for (const peer of this.#named(words)) this.#show(peer);
        return;
      default:
        throw new Error(`unknown command ${verb}`);
    }
  }

  #create(words: readonly string[]): void {
    this.#reads = words.includes('lease') ? 'lease' : 'quorum';
    this.#isOneByOne = words.includes('one-by-one');
    const ids = words.filter((word) => word !== 'lease' && word !== 'one-by-one');
    const at = ids.indexOf('learners');
    const voters = at < 0 ? ids : ids.slice(0, at);
    const learners = at < 0 ? [] : ids.slice(at + 1);
    this.#configuration = { members: [...voters, ...learners].map(memberOf), voters, outgoing: [], learners };
    for (const id of [...voters, ...learners]) this.#peers.set(id, newPeer(id, new Disk(this.#configuration)));
  }

  #writeLog(id: string, words: readonly string[]): void {
    const peer = this.#peer(id);
    const settings = new Map(
      words.filter((word) => word.includes('=')).map((word) => word.split('=') as [string, string]),
    );
    const terms = words.filter((word) => !word.includes('=')).map(Number);
    const entries = terms.map(
      (term, i): Entry => ({ index: i + 1, term, body: { kind: 'data', data: Buffer.from(`t${term}`) } }),
    );
    const hardState = {
      term: Number(settings.get('term') ?? terms.at(-1) ?? 0),
      vote: settings.get('vote'),
      commit: Number(settings.get('commit') ?? 0),
    };
    peer.disk.submit({ type: 'persist', kind: 'batch', batch: 1, hardState, entries });
    peer.disk.sync();
  }

  #start(peer: Peer): void {
    peer.core = createRaftCore({
      id: peer.id,
      stored: peer.disk.stored(),
      random: NO_RANDOM,
      timing: DEFAULT_TIMING,
      limits: this.#isOneByOne ? { ...DEFAULT_LIMITS, maxAppendBytes: 1 } : DEFAULT_LIMITS,
      reads: this.#reads,
      leaseDrift: 0.2,
      nowMs: peer.nowMs,
    });
    peer.applied = peer.disk.machine.applied;
    this.#step(peer, [{ kind: 'tick' }]);
  }

  #step(peer: Peer, events: readonly RaftEvent[]): void {
    if (peer.core === undefined) {
      this.#lines.push(`${peer.id} is down`);
      return;
    }
    for (const effect of peer.core.step(events, { monotonicMs: peer.nowMs, unixMs: peer.nowMs }))
      this.#take(peer, effect);
  }

  #take(peer: Peer, effect: RaftEffect): void {
    this.#lines.push(`${peer.id} ${describeEffect(effect)}`);
    switch (effect.kind) {
      case 'batch':
        peer.disk.submit(effect);
        peer.batches.push(effect);
        peer.lastBatch = effect.batch;
        return;
      case 'send':
        if (effect.type === 'afterPersist' && peer.batches.length > 0)
          peer.held.push({ batch: peer.lastBatch, message: effect.message });
        else this.#queue.push(effect.message);
        return;
      case 'commit':
        peer.applied = effect.index;
        return;
      case 'read-log': {
        const entries: Entry[] = [];
        for (let at = effect.fromIndex; at <= effect.toIndex; at++)
          entries.push(present(peer.disk.entryAt(at), 'in log'));
        this.#step(peer, [{ kind: 'log-read', to: effect.to, entries }]);
        return;
      }
      case 'open-snapshot': {
        const opened = peer.disk.snapshot(`${peer.id}/1`);
        peer.snapshot = opened?.data;
        this.#step(peer, [{ kind: 'snapshot-opened', to: effect.to, snapshot: opened?.info }]);
        return;
      }
      case 'read-snapshot': {
        const { to, snapshotId, offset, maxBytes } = effect;
        const data = present(peer.snapshot, 'it is open').subarray(offset, offset + maxBytes);
        this.#step(peer, [{ kind: 'snapshot-read', to, snapshotId, offset, data }]);
        return;
      }
      default:
        return;
    }
  }

  #deliver(words: readonly string[]): void {
    const isDropped = words.includes('drop');
    const links = words.filter((word) => word !== 'drop');
    const matches = ({ from, to }: Message) =>
      links.length === 0 || links.some((link) => link === `${from}>${to}` || link === `${from}>` || link === `>${to}`);
    const now = this.#queue.filter(matches);
    this.#queue = this.#queue.filter((message) => !matches(message));
    for (const message of now) {
      const peer = this.#peers.get(message.to);
      if (isDropped || peer?.core === undefined) this.#lines.push(`lost: ${describeMessage(message)}`);
      else this.#step(peer, [{ kind: 'message', message }]);
    }
  }

  #persist(peer: Peer): void {
    const events: RaftEvent[] = [];
    for (const { batch } of peer.batches.splice(0)) {
      const { installed } = peer.disk.sync();
      if (installed !== undefined) peer.applied = installed.applied;
      events.push({ kind: 'persisted', batch });
    }
    for (const { message } of peer.held.splice(0)) this.#queue.push(message);
    if (events.length > 0) this.#step(peer, events);
  }

  #stabilize(): void {
    for (let round = 0; round < 200; round++) {
      const isBusy = [...this.#peers.values()].some((peer) => peer.core !== undefined && peer.batches.length > 0);
      if (this.#queue.length === 0 && !isBusy) return;
      for (const peer of this.#peers.values()) if (peer.core !== undefined) this.#persist(peer);
      this.#deliver([]);
    }
    throw new Error('it does not come to rest');
  }

  #compact(peer: Peer, index: number): void {
    const term = present(peer.disk.termAt(index), 'it is in the log');
    peer.disk.checkpoint({ applied: index, term, values: new Map([['upTo', String(index)]]) });
    assert(peer.disk.compact(index), 'it can be compacted');
    this.#step(peer, [
      { kind: 'applied', index: peer.applied },
      { kind: 'compacted', index },
    ]);
  }

  /** What was not durable is lost. */
  #crash(peer: Peer): void {
    peer.core = undefined;
    peer.batches.length = 0;
    peer.held.length = 0;
    peer.disk.crash({ next: () => 0 });
  }

  #change(word: string): MembershipChange {
    const id = word.slice(1);
    if (word.startsWith('-')) return { kind: 'remove', id };
    if (word.startsWith('^')) return { kind: 'promote', id };
    if (!this.#peers.has(id)) this.#peers.set(id, newPeer(id, new Disk()));
    return { kind: 'add-learner', member: memberOf(id) };
  }

  #show({ id, core, disk }: Peer): void {
    const terms: string[] = [];
    for (let at = disk.baseIndex + 1; at <= disk.lastIndex; at++) terms.push(String(disk.termAt(at)));
    const from = disk.baseIndex === 0 ? '' : `(${disk.baseIndex}) `;
    const { role, term, commit, leader } = core?.status ?? { role: 'down', term: 0, commit: 0, leader: undefined };
    this.#lines.push(
      `${id} ${role} term=${term} leader=${leader ?? '-'} commit=${commit} log: ${from}${terms.join(' ')}`,
    );
  }

  #named(ids: readonly string[]): Peer[] {
    return ids.length === 0 ? [...this.#peers.values()] : ids.map((id) => this.#peer(id));
  }

  #peer(id: string): Peer {
    return present(this.#peers.get(id), `there is no member ${id}`);
  }

  #coreOf(peer: Peer): RaftCore {
    return present(peer.core, `${peer.id} is down`);
  }
}

function newPeer(id: string, disk: Disk): Peer {
  return { id, disk, core: undefined, nowMs: 0, batches: [], held: [], lastBatch: 0, applied: 0, snapshot: undefined };
}

function memberOf(id: string): Configuration['members'][number] {
  return { id, name: id, address: `${id}:5060` };
}

function describeEffect(effect: RaftEffect): string {
  switch (effect.kind) {
    case 'batch':
      return describeBatch(effect);
    case 'send':
      return `${effect.type === 'now' ? 'sends' : 'sends after persist'} ${describeMessage(effect.message)}`;
    case 'leadership': {
      const { role, term, leader, isReady } = effect.leadership;
      return `is ${role} in term ${term}${leader === undefined ? '' : `, leader ${leader}`}${isReady ? ', ready' : ''}`;
    }
    case 'configured':
      return `configured at ${effect.index}: ${describeConfiguration(effect.configuration)}`;
    default: {
      const { type: _type, kind, ...fields } = effect;
      return `${kind} ${Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(' ')}`.trim();
    }
  }
}

function describeBatch({ batch, hardState, chunk, install, entries }: PersistBatch): string {
  const parts = [`persists #${batch}`];
  if (hardState !== undefined)
    parts.push(`term=${hardState.term} vote=${hardState.vote ?? '-'} commit=${hardState.commit}`);
  if (chunk !== undefined) parts.push(`chunk ${chunk.snapshot.id}@${chunk.offset}+${chunk.data.length}`);
  if (install !== undefined) parts.push(`install ${install.id} index=${install.index} term=${install.term}`);
  if (entries.length > 0) parts.push(`entries ${entries.map(describeEntry).join(' ')}`);
  return parts.join(' ');
}

function describeEntry({ index, term, body }: Entry): string {
  if (body.kind === 'data') return `${index}/${term}:${Buffer.from(body.data).toString()}`;
  return body.kind === 'no-op'
    ? `${index}/${term}:-`
    : `${index}/${term}:{${describeConfiguration(body.configuration)}}`;
}

function describeConfiguration({ voters, outgoing, learners }: Configuration): string {
  const parts = [`voters ${voters.join(' ') || '-'}`];
  if (outgoing.length > 0) parts.push(`outgoing ${outgoing.join(' ')}`);
  if (learners.length > 0) parts.push(`learners ${learners.join(' ')}`);
  return parts.join(' | ');
}

function describeMessage(message: Message): string {
  const { kind, from, to, term, ...fields } = message;
  const words = Object.entries(fields).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    if (name === 'entries') return (value as readonly Entry[]).map(describeEntry);
    if (name === 'snapshot') return [`snapshot=${(value as { readonly id: string }).id}`];
    if (name === 'data') return [`bytes=${(value as Uint8Array).length}`];
    return [value === true ? name : `${name}=${String(value)}`];
  });
  return [`${from}>${to}`, kind, `term=${term}`, ...words].join(' ');
}
