/**
 * The operator event stream: a snapshot, a heartbeat at once and then every 15 s, and every change that follows. Beyond
 * the maximum the oldest subscriber is dropped. Source: spec page 03, section 3.2.
 */
import { HEARTBEAT_INTERVAL_MS } from '../limits.js';
import type { Context } from '../machine/context.js';
import { nextPeriodMs } from '../machine/periodic.js';
import type { ConnectionId, MasterEvent } from '../protocol.js';
import { getState } from '../snapshot.js';
import type { MasterView } from '../view.js';
import { snapshotOfTask } from './publish.js';

type SubscribeEvent = Extract<MasterEvent, { kind: 'operator-subscribe' }>;

export function handleOperatorSubscribe(context: Context, view: MasterView, event: SubscribeEvent): void {
  const { requestId, connectionId } = event;
  const { operators } = context.state;
  context.outbox.acceptStream(requestId, connectionId);
  for (const oldest of operators.keys()) {
    if (operators.size < context.config.maxOperatorEventStreamSubscribers) break;
    context.outbox.closeStream(oldest);
    handleOperatorClosed(context, oldest);
  }
  context.outbox.push({
    type: 'now',
    kind: 'operator-event',
    connectionIds: [connectionId],
    event: {
      type: 'SUBSCRIBED',
      subscribed: { get_state: frozenState(view), heartbeat_interval_seconds: HEARTBEAT_INTERVAL_MS / 1000 },
    },
  });
  heartbeat(context, connectionId, context.now.monotonicMs);
}

/** Tasks are records that change on: the event gets copies. */
function frozenState(view: MasterView): ReturnType<typeof getState> {
  const state = getState(view);
  const tasks = state.get_tasks;
  if (tasks === undefined) return state;
  return { ...state, get_tasks: { ...tasks, tasks: tasks.tasks?.map(snapshotOfTask) } };
}

function heartbeat(context: Context, connectionId: ConnectionId, dueMs: number): void {
  const nextMs = nextPeriodMs(dueMs, HEARTBEAT_INTERVAL_MS, context.now.monotonicMs);
  const timer = context.timers.arm(nextMs, () => heartbeat(context, connectionId, nextMs));
  context.state.operators.set(connectionId, { heartbeat: timer });
  const event = { type: 'HEARTBEAT' } as const;
  context.outbox.push({ type: 'now', kind: 'operator-event', connectionIds: [connectionId], event });
}

export function handleOperatorClosed(context: Context, connectionId: ConnectionId): void {
  const subscriber = context.state.operators.get(connectionId);
  if (subscriber === undefined) return;
  context.timers.cancel(subscriber.heartbeat);
  context.state.operators.delete(connectionId);
}
