/**
 * Refuse filters (spec page 06, 6.5): "do not offer client C anything on agent A that these resources contain, until t".
 * A client is a framework under one role. Columns of typed arrays with a hash over (client, agent), a list per client and a
 * heap by end: a large cluster with long filters holds millions, and objects would cost ten times the memory.
 *
 * Invariant: a live filter is in one bucket, in the list of its client and in the heap. A removed one leaves bucket and list
 * at once, the heap when it is popped or when the dead outnumber the living.
 */
import type { Resources } from '../resources/resources.js';

const NONE = -1;
const INITIAL_CAPACITY = 256;

/** By which decline a filter came: only for whoever asks why. */
export interface Decline {
  readonly atMs: number;
  /** Number of the declined offer, as the caller counts them. */
  readonly offer: number;
}

/** A filter that keeps something from being offered. */
export interface BlockingFilter {
  readonly untilMs: number;
  /** undefined: it was not recorded. */
  readonly decline: Decline | undefined;
}

export class RefuseFilters {
  #client = new Int32Array(INITIAL_CAPACITY);
  #agent = new Int32Array(INITIAL_CAPACITY);
  #untilMs = new Float64Array(INITIAL_CAPACITY);
  /** When and what was declined, at 2i and 2i + 1; an offer of -1 is not known. There is none until one is recorded. */
  #declines: Float64Array<ArrayBuffer> | undefined;
  #refused: (Resources | undefined)[] = [];
  #nextInBucket = new Int32Array(INITIAL_CAPACITY);
  #nextOfClient = new Int32Array(INITIAL_CAPACITY);
  #previousOfClient = new Int32Array(INITIAL_CAPACITY);
  #buckets = new Int32Array(INITIAL_CAPACITY).fill(NONE);
  readonly #firstOfClient: number[] = [];
  readonly #countOfAgent: number[] = [];
  #heap = new Int32Array(INITIAL_CAPACITY);
  #heapSize = 0;
  #free: number[] = [];
  #used = 0;
  #live = 0;

  /** Live filters. */
  get size(): number {
    return this.#live;
  }

  /** Filters the columns have room for: what memory use follows. */
  get capacity(): number {
    return this.#client.length;
  }

  /** A filter that a longer and wider one covers is not kept twice. */
  add(client: number, agent: number, refused: Resources, untilMs: number, decline?: Decline): void {
    for (let id = this.#first(client, agent); id !== NONE; ) {
      const next = this.#nextMatch(id, client, agent);
      if ((this.#untilMs[id] ?? 0) <= untilMs && refused.contains(this.#resourcesOf(id))) this.#remove(id);
      else if ((this.#untilMs[id] ?? 0) >= untilMs && this.#resourcesOf(id).contains(refused)) return;
      id = next;
    }
    const id = this.#insert(client, agent, refused, untilMs);
    if (decline !== undefined || this.#declines !== undefined) this.#record(id, decline);
  }

  /** Whether a filter of `client` on `agent` contains `candidate`. Expired filters must have been dropped before. */
  blocks(client: number, agent: number, candidate: Resources): boolean {
    for (let id = this.#first(client, agent); id !== NONE; id = this.#nextMatch(id, client, agent))
      if (this.#resourcesOf(id).contains(candidate)) return true;
    return false;
  }

  /** The filter of `client` on `agent` that keeps `candidate` away longest after `nowMs`; undefined: none does. */
  findBlocking(client: number, agent: number, candidate: Resources, nowMs: number): BlockingFilter | undefined {
    let longest = NONE;
    for (let id = this.#first(client, agent); id !== NONE; id = this.#nextMatch(id, client, agent)) {
      const isLonger = this.#endOf(id) > (longest === NONE ? nowMs : this.#endOf(longest));
      if (isLonger && this.#resourcesOf(id).contains(candidate)) longest = id;
    }
    return longest === NONE ? undefined : { untilMs: this.#endOf(longest), decline: this.#declineOf(longest) };
  }

  /** Drops the filters that ended by `nowMs`, at most `limit` of them, and names them. Returns whether all are dropped. */
  expire(nowMs: number, onExpired: (client: number, agent: number) => void, limit = Number.POSITIVE_INFINITY): boolean {
    for (let dropped = 0; this.#heapSize > 0; dropped++) {
      const id = this.#heap[0] ?? 0;
      const isLive = this.#refused[id] !== undefined;
      if (isLive && (this.#untilMs[id] ?? 0) > nowMs) return true;
      if (dropped >= limit) return false;
      this.#popHeap();
      if (isLive) {
        onExpired(this.#client[id] ?? 0, this.#agent[id] ?? 0);
        this.#unlink(id);
      }
      this.#free.push(id);
    }
    return true;
  }

  removeClient(client: number): void {
    for (let id = this.#firstOfClient[client] ?? NONE; id !== NONE; ) {
      const next = this.#nextOfClient[id] ?? NONE;
      this.#remove(id);
      id = next;
    }
  }

  /** `clients` is an upper bound of the client numbers in use. */
  removeAgent(agent: number, clients: number): void {
    for (let client = 0; client < clients && this.#isFiltered(agent); client++) {
      if ((this.#firstOfClient[client] ?? NONE) === NONE) continue;
      for (let id = this.#first(client, agent); id !== NONE; ) {
        const next = this.#nextMatch(id, client, agent);
        this.#remove(id);
        id = next;
      }
    }
  }

  #isFiltered(agent: number): boolean {
    return (this.#countOfAgent[agent] ?? 0) > 0;
  }

  #resourcesOf(id: number): Resources {
    return this.#refused[id] as Resources;
  }

  #endOf(id: number): number {
    return this.#untilMs[id] ?? 0;
  }

  #record(id: number, decline: Decline | undefined): void {
    this.#declines ??= new Float64Array(2 * this.#client.length).fill(NONE);
    this.#declines[2 * id] = decline?.atMs ?? NONE;
    this.#declines[2 * id + 1] = decline?.offer ?? NONE;
  }

  #declineOf(id: number): Decline | undefined {
    const offer = this.#declines?.[2 * id + 1] ?? NONE;
    return offer === NONE ? undefined : { atMs: this.#declines?.[2 * id] ?? 0, offer };
  }

  #bucketOf(client: number, agent: number): number {
    let hash = Math.imul(client + 1, 0x9e3779b1) ^ Math.imul(agent + 1, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return (hash ^ (hash >>> 13)) & (this.#buckets.length - 1);
  }

  #first(client: number, agent: number): number {
    return this.#match(this.#buckets[this.#bucketOf(client, agent)] ?? NONE, client, agent);
  }

  #nextMatch(id: number, client: number, agent: number): number {
    return this.#match(this.#nextInBucket[id] ?? NONE, client, agent);
  }

  #match(from: number, client: number, agent: number): number {
    let id = from;
    while (id !== NONE && (this.#client[id] !== client || this.#agent[id] !== agent))
      id = this.#nextInBucket[id] ?? NONE;
    return id;
  }

  #insert(client: number, agent: number, refused: Resources, untilMs: number): number {
    const id = this.#free.pop() ?? this.#used++;
    if (id >= this.#client.length) this.#grow();
    this.#client[id] = client;
    this.#agent[id] = agent;
    this.#untilMs[id] = untilMs;
    this.#refused[id] = refused;
    this.#linkBucket(id);
    const first = this.#firstOfClient[client] ?? NONE;
    this.#nextOfClient[id] = first;
    this.#previousOfClient[id] = NONE;
    if (first !== NONE) this.#previousOfClient[first] = id;
    this.#firstOfClient[client] = id;
    this.#countOfAgent[agent] = (this.#countOfAgent[agent] ?? 0) + 1;
    this.#live++;
    this.#pushHeap(id);
    return id;
  }

  #linkBucket(id: number): void {
    const bucket = this.#bucketOf(this.#client[id] ?? 0, this.#agent[id] ?? 0);
    this.#nextInBucket[id] = this.#buckets[bucket] ?? NONE;
    this.#buckets[bucket] = id;
  }

  /** Leaves its heap place behind, dead. */
  #remove(id: number): void {
    this.#unlink(id);
    if (this.#heapSize > 2 * this.#live + INITIAL_CAPACITY) this.#dropDead();
  }

  #unlink(id: number): void {
    const client = this.#client[id] ?? 0;
    const agent = this.#agent[id] ?? 0;
    const bucket = this.#bucketOf(client, agent);
    const after = this.#nextInBucket[id] ?? NONE;
    if (this.#buckets[bucket] === id) this.#buckets[bucket] = after;
    else {
      let before = this.#buckets[bucket] ?? NONE;
      while (this.#nextInBucket[before] !== id) before = this.#nextInBucket[before] ?? NONE;
      this.#nextInBucket[before] = after;
    }
    const next = this.#nextOfClient[id] ?? NONE;
    const previous = this.#previousOfClient[id] ?? NONE;
    if (previous === NONE) this.#firstOfClient[client] = next;
    else this.#nextOfClient[previous] = next;
    if (next !== NONE) this.#previousOfClient[next] = previous;
    this.#refused[id] = undefined;
    this.#countOfAgent[agent] = (this.#countOfAgent[agent] ?? 0) - 1;
    this.#live--;
  }

  #grow(): void {
    const capacity = this.#client.length * 2;
    this.#client = grown(this.#client, capacity);
    this.#agent = grown(this.#agent, capacity);
    this.#nextInBucket = grown(this.#nextInBucket, capacity);
    this.#nextOfClient = grown(this.#nextOfClient, capacity);
    this.#previousOfClient = grown(this.#previousOfClient, capacity);
    this.#heap = grown(this.#heap, capacity);
    const untilMs = new Float64Array(capacity);
    untilMs.set(this.#untilMs);
    this.#untilMs = untilMs;
    if (this.#declines !== undefined) {
      const declines = new Float64Array(2 * capacity).fill(NONE);
      declines.set(this.#declines);
      this.#declines = declines;
    }
    this.#buckets = new Int32Array(capacity).fill(NONE);
    for (let id = 0; id < this.#refused.length; id++) if (this.#refused[id] !== undefined) this.#linkBucket(id);
  }

  #pushHeap(id: number): void {
    let place = this.#heapSize++;
    const untilMs = this.#untilMs[id] ?? 0;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.#heap[parent] ?? 0;
      if ((this.#untilMs[above] ?? 0) <= untilMs) break;
      this.#heap[place] = above;
      place = parent;
    }
    this.#heap[place] = id;
  }

  #popHeap(): void {
    const last = this.#heap[--this.#heapSize] ?? 0;
    if (this.#heapSize > 0) this.#sink(0, last);
  }

  #sink(from: number, id: number): void {
    let place = from;
    const untilMs = this.#untilMs[id] ?? 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#heapSize) break;
      if (child + 1 < this.#heapSize && this.#endAt(child + 1) < this.#endAt(child)) child++;
      if (this.#endAt(child) >= untilMs) break;
      this.#heap[place] = this.#heap[child] ?? 0;
      place = child;
    }
    this.#heap[place] = id;
  }

  #endAt(place: number): number {
    return this.#untilMs[this.#heap[place] ?? 0] ?? 0;
  }

  #dropDead(): void {
    let kept = 0;
    for (let place = 0; place < this.#heapSize; place++) {
      const id = this.#heap[place] ?? 0;
      if (this.#refused[id] === undefined) this.#free.push(id);
      else this.#heap[kept++] = id;
    }
    this.#heapSize = kept;
    for (let place = (kept >> 1) - 1; place >= 0; place--) this.#sink(place, this.#heap[place] ?? 0);
  }
}

function grown(column: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const out = new Int32Array(length);
  out.set(column);
  return out;
}
