/**
 * What views show, made of the extension API's event stream alone: one model for lists, `top` and the web UI, so that one
 * fact is one number everywhere. Pure: no clock, no I/O; every time comes in. Source: architecture, section 1
 * ("Our extensions live apart"); design/ux, section 3 ("Ink", rules 1 to 7).
 *
 * Costs: applying an event is O(log n) per thing it names; a window is O(log n + rows in it); totals are O(1). Nothing
 * else ever walks a whole table but setting another order or filter.
 */
import type * as api from '../../wire/gen/mesoctl-api.js';
import type { EventRow, RowOf, Severity, TableName } from './rows.js';
import { StreamModel } from './stream-model.js';

export { columnsOf, type ModelColumn } from './columns.js';
export { type EventLine, wordEvent } from './event-words.js';

export interface ClusterModel {
  /** Grows with every change that a view could show. */
  readonly version: number;
  readonly connection: Connection;
  readonly cluster: ClusterFacts;
  readonly totals: Totals;
  readonly history: History;
  /** Newest first, at most 1,000. */
  readonly events: readonly EventRow[];
  readonly tables: { readonly [Name in TableName]: Table<RowOf[Name]> };

  /** Takes in one event of the stream; `nowUnixMs` is this machine's clock. Unknown types are ignored. */
  apply(event: api.Event, nowUnixMs: number): void;
  /** The stream is lost, or was never there; what is known stays, as stale. */
  disconnected(loss: { readonly reason: string; readonly retryAtUnixMs: number }, nowUnixMs: number): void;
  /** Time passed: things that become problems by age, rates, samples of the history. Call at least each second. */
  tick(nowUnixMs: number): void;
  /** The master's clock now, Unix seconds: what ages are measured against. While stale it goes on. */
  masterTime(nowUnixMs: number): number;
  /** What needs attention now, worst first, at most `limit`; `total` counts all. */
  problems(limit: number): { readonly total: number; readonly first: readonly Problem[] };
}

export type Connection =
  | { readonly kind: 'connecting' }
  /** `expected`: tasks that the snapshot is about to hold; `received` so far. */
  | { readonly kind: 'syncing'; readonly received: number; readonly expected: number; readonly sinceUnixMs: number }
  | { readonly kind: 'live'; readonly lastEventUnixMs: number }
  | {
      readonly kind: 'stale';
      readonly reason: string;
      readonly sinceUnixMs: number;
      readonly retryAtUnixMs: number;
    };

export interface ClusterFacts {
  /** Name, or the first characters of the id; '' before the first connection. */
  readonly name: string;
  readonly info: api.Response_Info | undefined;
  /** `host:port` of the leader. */
  readonly leader: string;
  readonly term: number;
}

export interface Amounts {
  readonly cpus: number;
  readonly gpus: number;
  readonly memMb: number;
  readonly diskMb: number;
}

export interface Totals {
  /** Of agents that are ACTIVE, DRAINING, DRAINED, DEACTIVATED or DISCONNECTED. */
  readonly total: Amounts;
  readonly allocated: Amounts;
  readonly offered: Amounts;
  /** total - allocated - offered, never below 0: these four always add up. */
  readonly free: Amounts;
  readonly agents: ReadonlyMap<api.Agent_State, number>;
  readonly agentCount: number;
  readonly frameworks: ReadonlyMap<api.Framework_State, number>;
  readonly frameworkCount: number;
  /** Tasks that are LIVE or UNREACHABLE, by state. */
  readonly tasks: ReadonlyMap<string, number>;
  /** LIVE and UNREACHABLE ones. */
  readonly taskCount: number;
  readonly offerCount: number;
  readonly roleCount: number;
  readonly oldestOffer: { readonly madeAt: number; readonly frameworkName: string } | undefined;
}

/** Series have one point each 5 s, oldest first, at most 120: ten minutes. */
export interface History {
  /** Allocated part of the total, 0 to 1. */
  readonly cpus: readonly number[];
  readonly mem: readonly number[];
  readonly disk: readonly number[];
  readonly gpus: readonly number[];
  readonly launchesPerSecond: readonly number[];
  readonly offersPerSecond: readonly number[];
  /** Over the last 5 minutes, or since the connection if that is shorter. */
  readonly last5Minutes: {
    /** How long that is, whole seconds; 0: nothing was watched yet, the counts say nothing. */
    readonly seconds: number;
    readonly finished: number;
    readonly failed: number;
    readonly lost: number;
    readonly accepted: number;
    readonly declined: number;
  };
  /** Over the last 5 s. */
  readonly now: { readonly launchesPerSecond: number; readonly offersPerSecond: number };
}

export interface Problem {
  readonly severity: Severity;
  /** `node-09 unreachable (31 tasks)`; its age is `since`. */
  readonly text: string;
  /** Unix seconds. */
  readonly since: number;
  /** What to open. */
  readonly table: TableName;
  readonly key: string;
}

export interface Table<R> {
  readonly size: number;
  get(key: string): R | undefined;
  /** A sorted and filtered picture of the table that follows its changes. Close it when it is not shown any more. */
  open(options?: ViewOptions): SortedView<R>;
}

export interface ViewOptions {
  readonly order?: Order | undefined;
  /** What the user typed: words that must all be found, `field=value`, `!not`. '' fits all. See DESIGN.md. */
  readonly filter?: string | undefined;
}

export interface Order {
  /** A column of `columnsOf(table)`; 'problem' (problems first, then newest) is the default of every table. */
  readonly column: string;
  readonly descending: boolean;
}

export interface SortedView<R> {
  /** Grows when any row, or the order of rows, of this view changed. */
  readonly version: number;
  /** Rows that fit the filter. */
  readonly size: number;
  readonly order: Order;
  readonly filter: string;
  /** What is wrong with the filter (`there is no field "stat"`); a word that is not understood fits all. '' if nothing is. */
  readonly filterError: string;
  /** Rows from index `from` on, at most `count`. */
  window(from: number, count: number): readonly R[];
  /** Where the row is now; -1: it does not fit, or is no more. */
  indexOf(key: string): number;
  setOrder(order: Order): void;
  setFilter(filter: string): void;
  close(): void;
}

/** A model that knows nothing yet. */
export function createClusterModel(): ClusterModel {
  return new StreamModel();
}
