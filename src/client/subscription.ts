/**
 * An event stream that outlives its connections: subscribe, deliver, and after a loss wait and subscribe again. What cannot
 * be mended by trying again (a refused call, a bad request) is thrown.
 *
 * Invariants: at most one connection at a time; waits double and are jittered; the first event after each (re)connection is
 * the server's SUBSCRIBED; the consumer sees every loss as a DISCONNECTED event.
 *
 * Events are handed on in batches, what one read of the connection brought: one by one each would cost a dozen promises.
 */
import { MesoError, type MesoErrorCode } from '../base/error.js';
import { isRejection, type Rejection } from '../base/rejection.js';
import { systemRandom } from '../base/system/random.js';
import { BackOff, type BackOffOptions, pause, RECONNECT_BACK_OFF } from './back-off.js';
import { readRecords } from './event-records.js';
import type { HttpResponse } from './http-request.js';

/** The connection is gone; another attempt follows by itself. */
export interface Disconnected {
  readonly type: 'DISCONNECTED';
  readonly error: MesoError;
  /** Milliseconds until the next attempt. */
  readonly retryInMs: number;
}

export interface SubscriptionSource<Event> {
  /** Sends SUBSCRIBE; resolves with the 200. */
  open(signal: AbortSignal): Promise<HttpResponse>;
  decode(record: Buffer, response: HttpResponse): Event | Rejection;
  /** Looks at each event before the consumer does; returns the heartbeat interval where the event tells it. */
  onEvent(event: Event, response: HttpResponse): number | undefined;
  /** The connection is gone. */
  onClosed(): void;
}

export interface SubscriptionOptions {
  readonly signal: AbortSignal;
  readonly backOff?: BackOffOptions | undefined;
  /** Go on trying although the first attempt found no master; default false. */
  readonly waitForMaster?: boolean | undefined;
  /** When silence makes a connection count as lost; default: what Mesos announces, five missed. */
  readonly heartbeats?: HeartbeatOptions | undefined;
}

export interface HeartbeatOptions {
  /** Used until an event tells the interval. */
  readonly initialMs: number;
  /** So many intervals without a byte, and the connection is gone. */
  readonly maxMissed: number;
}

/** That many heartbeats missed make a partition (spec page 01, section 1.3). */
const MESOS_HEARTBEATS: HeartbeatOptions = { initialMs: 15_000, maxMissed: 5 };

const TRANSIENT: ReadonlySet<MesoErrorCode> = new Set([
  'NO_MASTER',
  'NO_LEADER',
  'NOT_LEADER',
  'CONNECTION_LOST',
  'OUTCOME_UNKNOWN',
  'PROTOCOL',
]);

/** Ends when the signal aborts or the consumer leaves; throws what trying again cannot mend. */
export async function* subscribe<Event>(
  source: SubscriptionSource<Event>,
  options: SubscriptionOptions,
): AsyncGenerator<Event | Disconnected, void> {
  for await (const events of subscribeInBatches(source, options)) for (const event of events) yield event;
}

/** The same, several events at once; no batch is empty, and a loss comes alone. */
export async function* subscribeInBatches<Event>(
  source: SubscriptionSource<Event>,
  options: SubscriptionOptions,
): AsyncGenerator<readonly (Event | Disconnected)[], void> {
  const { signal } = options;
  const backOff = new BackOff(options.backOff ?? RECONNECT_BACK_OFF, systemRandom);
  let hasSubscribed = options.waitForMaster === true;
  while (!signal.aborted) {
    try {
      for await (const events of connection(source, options)) {
        hasSubscribed = true;
        backOff.reset();
        yield events;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof MesoError) || !TRANSIENT.has(error.code) || !hasSubscribed) throw error;
      const retryInMs = backOff.nextMs();
      yield [{ type: 'DISCONNECTED', error, retryInMs }];
      await pause(retryInMs, signal);
    }
  }
}

async function* connection<Event>(
  source: SubscriptionSource<Event>,
  { signal, heartbeats = MESOS_HEARTBEATS }: SubscriptionOptions,
): AsyncGenerator<readonly Event[], void> {
  const response = await source.open(signal);
  let heartbeatMs = heartbeats.initialMs;
  try {
    for await (const records of readRecords(response, {
      silenceTimeoutMs: () => heartbeatMs * heartbeats.maxMissed,
      signal,
    })) {
      const events: Event[] = [];
      for (const record of records) {
        const event = source.decode(record, response);
        if (isRejection(event)) {
          // What came before it counts.
          if (events.length > 0) yield events;
          throw new MesoError('PROTOCOL', `an event that cannot be read: ${event.message}`);
        }
        heartbeatMs = source.onEvent(event, response) ?? heartbeatMs;
        events.push(event);
      }
      yield events;
    }
  } finally {
    source.onClosed();
  }
}
