/**
 * The books of the extension's event stream: who watches what, what waits to be told as one event, and whose usage changed.
 * Only the functions of this folder touch them. With no watcher of a kind nothing of that kind is in here.
 */
import type { TimerHandle } from '../../../../base/timers.js';
import type * as api from '../../../../wire/gen/mesoctl-api.js';
import type { Job } from '../machine/jobs.js';
import type { ConnectionId } from '../protocol.js';

export type WatchedKind = Exclude<api.Kind, 'UNKNOWN_KIND'>;
/** COUNTED goes to those who take every kind. */
export type Interest = WatchedKind | 'COUNTS';

export const WATCHED_KINDS: readonly WatchedKind[] = ['AGENTS', 'FRAMEWORKS', 'TASKS', 'OFFERS', 'ROLES'];

export interface Watcher {
  readonly connectionId: ConnectionId;
  readonly interests: ReadonlySet<Interest>;
  readonly snapshotOnly: boolean;
  /** What is left of its snapshot; undefined: it has had SNAPSHOT_END. */
  snapshot: Job | undefined;
  /** Its stream's queue is above the limit: the snapshot waits. */
  backlogged: boolean;
  /** When it was last sent an event, monotonic. */
  lastEventMs: number;
  heartbeat: TimerHandle | undefined;
}

/** An event under construction; see broadcast.ts. */
export interface Pending {
  readonly key: string;
  readonly items: Set<unknown>;
  /** Builds and sends. */
  close(): void;
}

export class Watchers {
  /** Oldest first. */
  readonly #open = new Map<ConnectionId, Watcher>();
  readonly #byInterest = new Map<Interest, Set<Watcher>>();
  /** The event under construction. */
  pending: Pending | undefined;
  /** Agents and frameworks whose usage changed since it was last told. */
  dirtyAgents = new Set<string>();
  dirtyFrameworks = new Set<string>();
  /** Roles or counts may have changed since they were last told. */
  dirtySums = false;
  usageTimer: TimerHandle | undefined;
  /** Monotonic. */
  lastUsageMs = Number.NEGATIVE_INFINITY;
  /** As they were last told. */
  readonly toldRoles = new Map<string, api.Role>();
  toldCounts: api.Counts | undefined;

  get size(): number {
    return this.#open.size;
  }

  get all(): Iterable<Watcher> {
    return this.#open.values();
  }

  get(connectionId: ConnectionId): Watcher | undefined {
    return this.#open.get(connectionId);
  }

  of(interest: Interest): ReadonlySet<Watcher> {
    return this.#byInterest.get(interest) ?? NOBODY;
  }

  add(watcher: Watcher): void {
    this.#open.set(watcher.connectionId, watcher);
    for (const interest of watcher.interests) {
      const known = this.#byInterest.get(interest);
      if (known === undefined) this.#byInterest.set(interest, new Set([watcher]));
      else known.add(watcher);
    }
  }

  /** What was kept for kinds that nobody watches any more is forgotten. */
  remove(watcher: Watcher): void {
    this.#open.delete(watcher.connectionId);
    for (const interest of watcher.interests) {
      const others = this.#byInterest.get(interest);
      others?.delete(watcher);
      if (others?.size === 0) {
        this.#byInterest.delete(interest);
        this.#forget(interest);
      }
    }
  }

  #forget(interest: Interest): void {
    if (interest === 'AGENTS') this.dirtyAgents = new Set();
    else if (interest === 'FRAMEWORKS') this.dirtyFrameworks = new Set();
    else if (interest === 'ROLES') this.toldRoles.clear();
    else if (interest === 'COUNTS') this.toldCounts = undefined;
  }
}

const NOBODY: ReadonlySet<Watcher> = new Set();
