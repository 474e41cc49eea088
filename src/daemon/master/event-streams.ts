/**
 * The open event streams of schedulers, operators and watchers (the extension's stream) by connection id: encodes events in
 * each stream's format, once per format for those that share an event, and tells when a stream ended for a reason that was not the core's.
 */
import { assert } from '../../base/assert.js';
import * as master from '../../wire/gen/master.js';
import * as extension from '../../wire/gen/mesoctl-api.js';
import * as scheduler from '../../wire/gen/scheduler.js';
import type { MessageFormat } from '../../wire/media-type.js';
import { CONTENT_TYPE_OF } from '../../wire/media-type.js';
import type { MessageType } from '../../wire/schema.js';
import { encodeEvent } from '../http/api-call.js';
import {
  OPERATOR_STREAM_LIMITS,
  SCHEDULER_STREAM_LIMITS,
  type StreamCloseReason,
  type StreamLimits,
  type StreamWriter,
} from '../http/stream-writer.js';
import type { ConnectionId } from './core/protocol.js';
import type { PendingExchange } from './pending-exchanges.js';

export interface StreamEvents {
  onSchedulerBacklog(connectionId: ConnectionId, high: boolean): void;
  onSchedulerClosed(connectionId: ConnectionId, reason: StreamCloseReason): void;
  onOperatorClosed(connectionId: ConnectionId, reason: StreamCloseReason): void;
  onWatchBacklog(connectionId: ConnectionId, high: boolean): void;
  onWatchClosed(connectionId: ConnectionId, reason: StreamCloseReason): void;
}

interface StreamReports {
  onBacklog?(connectionId: ConnectionId, high: boolean): void;
  onClosed(connectionId: ConnectionId, reason: StreamCloseReason): void;
}

interface OpenStream {
  readonly writer: StreamWriter;
  readonly format: MessageFormat;
}

/** Bounds other than the usual ones; for tests. */
export interface StreamLimitOverrides {
  readonly scheduler?: Partial<StreamLimits> | undefined;
  readonly operator?: Partial<StreamLimits> | undefined;
}

export class EventStreams {
  readonly #events: StreamEvents;
  readonly #schedulerLimits: StreamLimits;
  readonly #operatorLimits: StreamLimits;
  readonly #open = new Map<ConnectionId, OpenStream>();

  constructor(events: StreamEvents, limits: StreamLimitOverrides = {}) {
    this.#events = events;
    this.#schedulerLimits = { ...SCHEDULER_STREAM_LIMITS, ...limits.scheduler };
    this.#operatorLimits = { ...OPERATOR_STREAM_LIMITS, ...limits.operator };
  }

  get size(): number {
    return this.#open.size;
  }

  /** Turns a waiting exchange into a stream. When its client is gone, `events` hears of the closed stream instead. */
  open(connectionId: ConnectionId, { exchange, format, purpose }: PendingExchange): void {
    assert(purpose.kind !== 'call', 'only subscriptions become streams');
    const forScheduler = purpose.kind === 'scheduler-stream';
    const report = this.#reportsOf(purpose.kind);
    const onClosed = (reason: StreamCloseReason) => {
      if (this.#open.delete(connectionId)) report.onClosed(connectionId, reason);
    };
    const onBacklog = (high: boolean) => report.onBacklog?.(connectionId, high);
    const writer = exchange.openStream({
      contentType: CONTENT_TYPE_OF[format],
      headers: forScheduler ? { 'Mesos-Stream-Id': purpose.streamId } : {},
      limits: forScheduler ? this.#schedulerLimits : this.#operatorLimits,
      observer: { onBacklog, onClosed },
    });
    if (writer !== undefined) this.#open.set(connectionId, { writer, format });
    else report.onClosed(connectionId, 'client-closed');
  }

  /** Who hears of the fate of a stream. */
  #reportsOf(kind: Exclude<PendingExchange['purpose']['kind'], 'call'>): StreamReports {
    const events = this.#events;
    switch (kind) {
      case 'scheduler-stream':
        return {
          onBacklog: (id, high) => events.onSchedulerBacklog(id, high),
          onClosed: (id, reason) => events.onSchedulerClosed(id, reason),
        };
      case 'watch-stream':
        return {
          onBacklog: (id, high) => events.onWatchBacklog(id, high),
          onClosed: (id, reason) => events.onWatchClosed(id, reason),
        };
      case 'operator-stream':
        return { onClosed: (id, reason) => events.onOperatorClosed(id, reason) };
    }
  }

  sendToScheduler(connectionId: ConnectionId, event: scheduler.Event): void {
    const stream = this.#open.get(connectionId);
    stream?.writer.write(encodeEvent(stream.format, scheduler.Event, event));
  }

  sendToOperators(connectionIds: readonly ConnectionId[], event: master.Event): void {
    // The snapshot is as large as the cluster is; it must not cut the very subscriber that asked for it.
    const isSnapshot = event.type === 'SUBSCRIBED';
    this.#sendToAll(connectionIds, master.Event, event, (writer, record) => {
      if (isSnapshot) writer.writeSnapshot(record);
      else writer.write(record);
    });
  }

  sendToWatchers(connectionIds: readonly ConnectionId[], event: extension.Event): void {
    // Of an event of a snapshot there is one at a time, but its names and addresses may be as long as their owners like.
    const isSnapshot = event.type === 'SNAPSHOT';
    this.#sendToAll(connectionIds, extension.Event, event, (writer, record) => {
      if (isSnapshot) writer.writeSnapshot(record);
      else writer.write(record);
    });
  }

  /** The same bytes go to all streams of one format. */
  #sendToAll<Event extends object>(
    connectionIds: readonly ConnectionId[],
    type: MessageType<Event>,
    event: Event,
    write: (writer: StreamWriter, record: Buffer) => void,
  ): void {
    const encoded = new Map<MessageFormat, Buffer>();
    for (const connectionId of connectionIds) {
      const stream = this.#open.get(connectionId);
      if (stream === undefined) continue;
      const record = encoded.get(stream.format) ?? encodeEvent(stream.format, type, event);
      encoded.set(stream.format, record);
      write(stream.writer, record);
    }
  }

  /** Ends a stream after what is queued. The core asked for it: it hears nothing more of this connection. */
  end(connectionId: ConnectionId): void {
    const stream = this.#open.get(connectionId);
    this.#open.delete(connectionId);
    stream?.writer.end();
  }

  /** Ends all of them, without telling anybody. */
  endAll(): void {
    for (const connectionId of [...this.#open.keys()]) this.end(connectionId);
  }
}
