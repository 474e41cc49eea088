/**
 * What one line of a view is made of: the wire's record and what the model adds to it. Rows are immutable: a change makes
 * a new row with the same key, so `===` tells whether a line must be drawn again. Times are Unix seconds of the
 * master's clock, as on the wire.
 */
import type * as api from '../../wire/gen/mesoctl-api.js';

/** How bad a thing is, worst first: its glyph, its word's colour and its place under "problems first". */
export type Severity = 'bad' | 'unknown' | 'waiting' | 'normal';

interface Row {
  /** Identity for selection: an id, for tasks `frameworkId/taskId`. */
  readonly key: string;
  readonly severity: Severity;
  /** Why it is not normal, in one or two words ("OOM", "agent", "image"); '' when it is. */
  readonly note: string;
}

export interface AgentRow extends Row {
  readonly agent: api.Agent;
  readonly usage: api.AgentUsage;
}

export interface FrameworkRow extends Row {
  readonly framework: api.Framework;
  readonly usage: api.FrameworkUsage;
  /** When the oldest of the offers it holds was made. */
  readonly oldestOfferAt: number | undefined;
}

export interface TaskRow extends Row {
  readonly task: api.Task;
  /** Name of its framework; its id while the framework is not known. */
  readonly frameworkName: string;
  /** Host of its agent; '' while that is not known. */
  readonly hostname: string;
}

export interface OfferRow extends Row {
  readonly offer: api.Offer;
  readonly frameworkName: string;
  readonly hostname: string;
}

export interface RoleRow extends Row {
  readonly role: api.Role;
  /** 0 for a top-level role. */
  readonly depth: number;
  /** The worst of its top-level role and all roles below that: what keeps a tree together when problems come first. */
  readonly treeSeverity: Severity;
}

/** One line of the event log, already worded without any cluster-wide look-up left to do. */
export interface EventRow {
  /** Grows by one with every event. */
  readonly sequence: number;
  /** Unix seconds of the master's clock. */
  readonly time: number;
  readonly severity: Severity;
  readonly kind: 'agent' | 'framework' | 'task' | 'offer' | 'role' | 'master';
  /** What it is about, to open it: a row's key. */
  readonly key: string;
  /** `task web.11d0 FAILED, OOM 512M  node-17`; foreign text in it is sanitized. */
  readonly text: string;
}

export interface RowOf {
  readonly agents: AgentRow;
  readonly frameworks: FrameworkRow;
  readonly tasks: TaskRow;
  readonly offers: OfferRow;
  readonly roles: RoleRow;
}

export type TableName = keyof RowOf;

/** The key of a task's row. */
export function taskKeyOf(frameworkId: string, taskId: string): string {
  return `${frameworkId}/${taskId}`;
}
