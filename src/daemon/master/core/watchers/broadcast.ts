/**
 * How happenings become events: those of one sort that follow one another within a step are one event, built when it is closed
 * (by another sort, by its size, by the end of the step). So a thing that changed twice is told once, as it is by then, and the
 * order of sorts is the order in which things happened. Each event goes to all who watch its kind, to be encoded once.
 */
import type * as api from '../../../../wire/gen/mesoctl-api.js';
import { MAX_ITEMS_PER_EVENT } from '../limits.js';
import type { Context } from '../machine/context.js';
import type { Interest, Pending, Watcher } from './watchers.js';

export type EventBody = Omit<api.Event, 'time'>;

/** A sort of happenings. Equal keys mean the same sort. */
export interface Topic<Item> {
  readonly key: string;
  /** Everybody with this interest, or one watcher. */
  readonly to: Interest | Watcher;
  /** undefined: there is nothing to tell after all. */
  build(context: Context, items: readonly Item[]): EventBody | undefined;
}

export function isWatched(context: Context, interest: Interest): boolean {
  return context.watchers.of(interest).size > 0;
}

/** Says `item` with the others of its sort. */
export function join<Item>(context: Context, topic: Topic<Item>, item: Item): void {
  const { watchers } = context;
  if (typeof topic.to === 'string' && watchers.of(topic.to).size === 0) return;
  let { pending } = watchers;
  if (pending?.key !== topic.key || pending.items.size >= MAX_ITEMS_PER_EVENT) {
    closeEvent(context);
    pending = open(context, topic);
    watchers.pending = pending;
  }
  pending.items.add(item);
}

function open<Item>(context: Context, topic: Topic<Item>): Pending {
  const items = new Set<Item>();
  return {
    key: topic.key,
    items,
    close: () => {
      const body = topic.build(context, [...items]);
      if (body !== undefined) send(context, topic.to, body);
    },
  };
}

/** Sends what is under construction. At the end of each step, and before whoever watches changes. */
export function closeEvent(context: Context): void {
  const { watchers } = context;
  const { pending } = watchers;
  if (pending === undefined) return;
  watchers.pending = undefined;
  pending.close();
}

/** An event of its own, after what is under construction. */
export function sendEvent(context: Context, to: Interest | Watcher, body: EventBody): void {
  closeEvent(context);
  send(context, to, body);
}

function send(context: Context, to: Interest | Watcher, body: EventBody): void {
  const receivers = typeof to === 'string' ? [...context.watchers.of(to)] : [to];
  if (receivers.length === 0) return;
  for (const watcher of receivers) watcher.lastEventMs = context.now.monotonicMs;
  const connectionIds = receivers.map(({ connectionId }) => connectionId);
  const event: api.Event = { ...body, time: context.now.unixMs / 1000 };
  context.outbox.push({ type: 'now', kind: 'watch-event', connectionIds, event });
}
