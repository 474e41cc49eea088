/**
 * Keeps a model fed: subscribes, applies events, and after a loss waits and subscribes again, for ever. A loss is news for
 * the model, never an end: the picture stays and says how old it is.
 *
 * Invariants: one subscription at a time; waits grow from 2 to 30 s and are jittered; `retryNow` ends a wait at once.
 */
import { MesoError } from '../../base/error.js';
import type { Random } from '../../base/random.js';
import { BackOff, pause } from '../../client/back-off.js';
import type { Disconnected } from '../../client/subscription.js';
import type { ClusterModel } from '../../views/model/cluster-model.js';
import type * as api from '../../wire/gen/mesoctl-api.js';

export interface ClusterFeedOptions {
  /** One subscription; ends, throws or says DISCONNECTED when it is lost. */
  readonly watch: (signal: AbortSignal) => AsyncGenerator<readonly (api.Event | Disconnected)[], void>;
  readonly model: ClusterModel;
  readonly unixMs: () => number;
  readonly random: Random;
  /** After some events, and after each loss. */
  readonly onChange: (changes: number) => void;
}

const BACK_OFF = { firstMs: 2_000, maxMs: 30_000 };

export class ClusterFeed {
  readonly #options: ClusterFeedOptions;
  #wake: AbortController | undefined;

  constructor(options: ClusterFeedOptions) {
    this.#options = options;
  }

  /** Runs until the signal aborts. Throws only what is no fault of the network. */
  async run(signal: AbortSignal): Promise<void> {
    const { model, unixMs, random, onChange } = this.#options;
    const backOff = new BackOff(BACK_OFF, random);
    while (!signal.aborted) {
      const loss = await this.#follow(signal, backOff);
      if (signal.aborted) return;
      const waitMs = backOff.nextMs();
      model.disconnected({ reason: reasonOf(loss), retryAtUnixMs: unixMs() + waitMs }, unixMs());
      onChange(1);
      this.#wake = new AbortController();
      await pause(waitMs, AbortSignal.any([signal, this.#wake.signal]));
      this.#wake = undefined;
    }
  }

  /** Subscribes at once if this waits to. */
  retryNow(): void {
    this.#wake?.abort();
  }

  /** Resolves with why it ended. */
  async #follow(signal: AbortSignal, backOff: BackOff): Promise<MesoError> {
    const { watch, model, unixMs, onChange } = this.#options;
    try {
      for await (const events of watch(signal)) {
        const nowUnixMs = unixMs();
        for (const event of events) {
          if (event.type === 'DISCONNECTED') return event.error;
          if (event.type === 'SNAPSHOT_END') backOff.reset();
          model.apply(event, nowUnixMs);
        }
        onChange(events.length);
      }
      return new MesoError('CONNECTION_LOST', 'the event stream ended');
    } catch (error) {
      if (signal.aborted || error instanceof MesoError) return asMesoError(error);
      throw error;
    }
  }
}

function asMesoError(error: unknown): MesoError {
  return error instanceof MesoError ? error : new MesoError('CONNECTION_LOST', 'stopped', { cause: error });
}

/** In a few words, for the first line: `m1:5050 refused`. */
export function reasonOf(error: MesoError): string {
  const tried = error.details.tried;
  if (error.code === 'NO_LEADER') return 'no leader';
  if (error.code !== 'NO_MASTER' || !Array.isArray(tried)) return error.message;
  return tried.map(({ address, reason }: Readonly<Record<string, unknown>>) => `${address} ${reason}`).join(', ');
}
