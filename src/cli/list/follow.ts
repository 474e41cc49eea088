/**
 * The event stream into a model, for as long as the user watches. The first picture has the command's deadline; after it a
 * lost master is talk on stderr, and the stream goes on by itself.
 */
import type { ClusterModel } from '../../views/model/cluster-model.js';
import { createClusterModel } from '../../views/model/cluster-model.js';
import type { Event, Kind } from '../../wire/gen/mesoctl-api.js';
import { type Session, tooLate } from '../cluster/session.js';

export interface FollowOptions {
  readonly kinds: readonly Kind[];
  /** For the error when it does not come: "the list of tasks". */
  readonly what: string;
  /** Ends the following, not as an error. */
  readonly signal: AbortSignal;
  /** Before the model takes it in: what changes can be told against what was. */
  beforeEvent?(event: Event, model: ClusterModel, isLive: boolean): void;
  /** After the model has taken it in. `isLive`: after the first picture, so it is a change. */
  onEvent(event: Event, model: ClusterModel, isLive: boolean): Promise<void> | void;
  /** The stream is lost; it tries again. */
  onLost(reason: string, retryInMs: number): void;
}

export async function follow(
  { client, timeoutMs, nowMs }: Pick<Session, 'client' | 'timeoutMs' | 'nowMs'>,
  options: FollowOptions,
): Promise<void> {
  const model = createClusterModel();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(tooLate(options.what, timeoutMs)), timeoutMs);
  let isLive = false;
  try {
    const signal = AbortSignal.any([options.signal, late.signal]);
    for await (const event of client.watch({ kinds: [...options.kinds] }, signal)) {
      if (event.type === 'DISCONNECTED') {
        model.disconnected({ reason: event.error.message, retryAtUnixMs: nowMs() + event.retryInMs }, nowMs());
        options.onLost(event.error.message, event.retryInMs);
        continue;
      }
      options.beforeEvent?.(event, model, isLive);
      model.apply(event, nowMs());
      // Things that become problems by age alone; the stream says something each second.
      model.tick(nowMs());
      await options.onEvent(event, model, isLive);
      if (event.type !== 'SNAPSHOT_END') continue;
      isLive = true;
      clearTimeout(timer);
    }
    late.signal.throwIfAborted();
  } finally {
    clearTimeout(timer);
  }
}

/** `mesoctl: lost the master (...), trying again in 3s` */
export function lostText(reason: string, retryInMs: number): string {
  return `mesoctl: ${reason}; trying again in ${Math.max(1, Math.round(retryInMs / 1000))}s`;
}
