/** Events to schedulers. A framework without a stream hears nothing: it reconciles when it is back (spec page 01). */
import type * as mesos from '../../../../wire/gen/mesos.js';
import type * as scheduler from '../../../../wire/gen/scheduler.js';
import type { Context } from '../machine/context.js';
import { EVENT_COUNTS } from '../metrics/framework-counts.js';
import type { FrameworkRecord } from '../model/framework.js';

export function notify(context: Context, framework: FrameworkRecord, event: scheduler.Event): void {
  if (framework.stream === undefined) return;
  framework.count('events');
  if (event.type !== undefined) framework.count(EVENT_COUNTS.get(event.type));
  context.outbox.schedulerEvent(framework.stream.connectionId, event);
}

export function notifyUpdate(context: Context, framework: FrameworkRecord, status: mesos.TaskStatus): void {
  notify(context, framework, { type: 'UPDATE', update: { status } });
}

export function notifyAll(context: Context, event: scheduler.Event): void {
  for (const framework of context.state.frameworksByStream.values()) notify(context, framework, event);
}
