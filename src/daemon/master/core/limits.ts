/** Fixed limits and intervals of the master core, each with its reason. Settings are in options.ts. */

/** Heartbeats of scheduler and operator streams (spec page 01, section 1.1). */
export const HEARTBEAT_INTERVAL_MS = 15_000;

/** Offers in one OFFERS event at most (architecture, section 1). */
export const MAX_OFFERS_PER_EVENT = 500;

/** A framework that the master itself cut off, or that was away when the leader changed, gets at least this. */
export const MIN_GRACE_MS = 60_000;

/** `Filters.refuse_seconds` when unset or negative, and its cap (spec page 01, DECLINE). */
export const DEFAULT_REFUSE_SECONDS = 5;
export const MAX_REFUSE_SECONDS = 365 * 24 * 3600;

/** Longest failover_timeout that is honoured: a duration is 64-bit nanoseconds (spec page 01, SUBSCRIBE). */
export const MAX_FAILOVER_TIMEOUT_SECONDS = 9_223_372_036;

/** Removed frameworks remembered; the registry keeps as many. */
export const MAX_TOMBSTONES = 10_000;

/** Changes of one framework or agent that may wait for an earlier one of the same; more are refused with 503. */
export const MAX_WAITING_CHANGES = 64;

/** Reconciliations of one framework that may be under way; more are refused with 503. */
export const MAX_RECONCILIATIONS = 64;

/** Agents that may share one connection; the frames of more are dropped and their channels closed. */
export const MAX_CHANNELS_PER_CONNECTION = 65_536;

/** Registry operations in one proposal at most, where many are made at once. */
export const MAX_OPERATIONS_PER_PROPOSAL = 1000;

/** Agents in one operation that forgets them: about 50 KB of an entry of the log, which takes 4 MiB. */
export const MAX_AGENTS_PER_PRUNE = 1000;

/** Units of sliced work per step by default; a unit takes 2 to 10 microseconds, so a step stays below 5 ms. */
export const DEFAULT_STEP_BUDGET = 500;

/** (agent, framework) pairs an allocation run looks at in one step. */
export const ALLOCATION_BUDGET = 50_000;

/** Tasks in one ReconcileTasks message, so that no link record grows without bound. */
export const MAX_TASKS_PER_RECONCILE = 1000;

/** Operations of one agent that are under way or not acknowledged; more are refused. */
export const MAX_OPERATIONS_PER_AGENT = 1000;

/** Operations in one ReconcileOperations message. */
export const MAX_OPERATIONS_PER_RECONCILE = 1000;

/** A framework that only its operations remember has this long to return before the master ends them (spec page 01). */
export const ORPHAN_OPERATION_MS = 600_000;

/** Heartbeats of the extension's event stream: a view shows within three seconds that its master is lost. */
export const WATCH_HEARTBEAT_MS = 1000;

/** Usage, roles and counts are told at most this often. */
export const WATCH_USAGE_INTERVAL_MS = 1000;

/** Agents, tasks, offers and so on in one event of the extension's stream at most. */
export const MAX_ITEMS_PER_EVENT = 500;

/** Unreachable agents whose facts are remembered, with about 2 KB each. */
export const MAX_LOST_AGENTS = 10_000;
