/**
 * SUBSCRIBE of the extension API: SUBSCRIBED, the snapshot, and from then on whatever happens, with a heartbeat in each second
 * without another event. Beyond the maximum the oldest watcher is dropped. Source: mesoctl/api.proto, `Event`.
 */
import type * as api from '../../../../wire/gen/mesoctl-api.js';
import { WATCH_HEARTBEAT_MS } from '../limits.js';
import type { Context } from '../machine/context.js';
import type { ConnectionId, MasterEvent } from '../protocol.js';
import { closeEvent, sendEvent } from './broadcast.js';
import { continueSnapshot, snapshotFor } from './snapshot-stream.js';
import { type Interest, WATCHED_KINDS, type Watcher } from './watchers.js';

type WatchEvent = Extract<MasterEvent, { kind: 'watch' }>;

export function handleWatch(context: Context, { requestId, connectionId, subscribe, info }: WatchEvent): void {
  closeEvent(context);
  context.outbox.acceptStream(requestId, connectionId);
  makeRoom(context);
  const watcher: Watcher = {
    connectionId,
    interests: interestsOf(subscribe),
    snapshotOnly: subscribe.snapshot_only ?? false,
    snapshot: undefined,
    backlogged: false,
    lastEventMs: context.now.monotonicMs,
    heartbeat: undefined,
  };
  context.watchers.add(watcher);
  sendEvent(context, watcher, { type: 'SUBSCRIBED', subscribed: subscribed(context, info) });
  watcher.snapshot = snapshotFor(context, watcher, () => endSnapshot(context, watcher));
  continueSnapshot(context, watcher);
  awaitSilence(context, watcher);
}

/** Every kind there is takes the counts too. */
function interestsOf({ kinds = [] }: api.Call_Subscribe): ReadonlySet<Interest> {
  const wanted = WATCHED_KINDS.filter((kind) => kinds.length === 0 || kinds.includes(kind));
  return new Set<Interest>(wanted.length === WATCHED_KINDS.length ? [...wanted, 'COUNTS'] : wanted);
}

function makeRoom(context: Context): void {
  for (const oldest of context.watchers.all) {
    if (context.watchers.size < context.config.maxOperatorEventStreamSubscribers) return;
    endWatch(context, oldest);
  }
}

function subscribed({ state }: Context, info: api.Response_Info): api.Event_Subscribed {
  const { frameworks, completedFrameworks } = state;
  let tasks = 0;
  for (const books of [frameworks, completedFrameworks])
    for (const { tasks: live, unreachableTasks, completedTasks } of books.values())
      tasks += live.size + unreachableTasks.size + completedTasks.size;
  return {
    info,
    heartbeat_interval_seconds: WATCH_HEARTBEAT_MS / 1000,
    agents: state.agents.size + state.recoveredAgents.size + state.unreachableAgents.size,
    frameworks: frameworks.size + completedFrameworks.size,
    tasks,
    offers: state.offers.size,
  };
}

function endSnapshot(context: Context, watcher: Watcher): void {
  watcher.snapshot = undefined;
  if (watcher.snapshotOnly) endWatch(context, watcher);
}

function endWatch(context: Context, watcher: Watcher): void {
  forget(context, watcher);
  context.outbox.closeStream(watcher.connectionId);
}

/** The stream ended, from either side. */
export function handleWatchClosed(context: Context, connectionId: ConnectionId): void {
  const watcher = context.watchers.get(connectionId);
  if (watcher !== undefined) forget(context, watcher);
}

function forget(context: Context, watcher: Watcher): void {
  closeEvent(context);
  context.watchers.remove(watcher);
  watcher.snapshot = undefined;
  context.timers.cancel(watcher.heartbeat);
  if (context.watchers.size > 0) return;
  context.timers.cancel(context.watchers.usageTimer);
  context.watchers.usageTimer = undefined;
}

/** `high`: the reader is behind; its snapshot waits for it. */
export function handleWatchBacklog(context: Context, connectionId: ConnectionId, high: boolean): void {
  const watcher = context.watchers.get(connectionId);
  if (watcher === undefined || watcher.backlogged === high) return;
  watcher.backlogged = high;
  continueSnapshot(context, watcher);
}

/** A heartbeat when it has heard nothing for the interval; the timer is only moved on when it comes. */
function awaitSilence(context: Context, watcher: Watcher): void {
  const dueMs = watcher.lastEventMs + WATCH_HEARTBEAT_MS;
  watcher.heartbeat = context.timers.arm(dueMs, () => {
    if (watcher.lastEventMs + WATCH_HEARTBEAT_MS <= context.now.monotonicMs)
      sendEvent(context, watcher, { type: 'HEARTBEAT' });
    awaitSilence(context, watcher);
  });
}
