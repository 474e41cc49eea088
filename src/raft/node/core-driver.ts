/**
 * Drives the Raft core of this member: carries its effects to the disk, the transport and whoever asked. Decides nothing.
 *
 * Invariants (core/protocol.ts): batches go to the log worker in their order; what is `afterPersist` leaves when every batch
 * asked for before it is durable; steps never nest; after `stop` nothing is stepped or performed.
 */
import type { Clock } from '../../base/clock.js';
import type { Message, PersistBatch, RaftEffect, RaftEvent } from '../core/protocol.js';
import type { RaftCore } from '../core/raft-core.js';
import type { LogRequest } from '../sqlite/protocol.js';
import { CoreLoop } from './core-loop.js';

/** Effects that are answers and news, not work of the disk or the transport. */
export type NewsEffect = Extract<
  RaftEffect,
  { kind: 'proposed' | 'dropped' | 'refused' | 'read-ready' | 'changed' | 'transferred' | 'leadership' | 'configured' }
>;

export interface CoreDriverOptions {
  readonly core: RaftCore;
  readonly clock: Clock;
  askLog(request: LogRequest): void;
  send(message: Message): void;
  onNews(effect: NewsEffect): void;
  /** The core broke: a bug of ours, the member ends. */
  onFatal(error: unknown): void;
}

export class CoreDriver {
  readonly #options: CoreDriverOptions;
  readonly #loop: CoreLoop<RaftEvent, RaftEffect>;
  #waiting: { readonly batch: number; readonly message: Message }[] = [];
  #askedBatch = 0;
  #durableBatch = 0;

  constructor(options: CoreDriverOptions) {
    this.#options = options;
    const { core, clock } = options;
    this.#loop = new CoreLoop({
      core,
      clock,
      ticks: () => [{ kind: 'tick' }],
      perform: (effect) => this.#perform(effect),
      onFatal: (error) => options.onFatal(error),
    });
  }

  /** With the rest of this turn. */
  post(event: RaftEvent): void {
    this.#loop.post(event);
  }

  /** The log worker's word that everything up to `batch` is durable. */
  onPersisted(batch: number): void {
    this.#durableBatch = batch;
    this.post({ kind: 'persisted', batch });
    let released = 0;
    while (released < this.#waiting.length && (this.#waiting[released]?.batch ?? 0) <= batch) released += 1;
    for (const { message } of this.#waiting.splice(0, released)) this.#options.send(message);
  }

  stop(): void {
    this.#loop.stop();
    this.#waiting = [];
  }

  #perform(effect: RaftEffect): void {
    switch (effect.kind) {
      case 'batch':
        this.#persist(effect);
        return;
      case 'send':
        this.#send(effect);
        return;
      case 'commit':
        this.#options.askLog({ kind: 'apply', index: effect.index });
        return;
      case 'read-log': {
        const { to, fromIndex, toIndex, maxBytes } = effect;
        this.#options.askLog({ kind: 'read-log', to, fromIndex, toIndex, maxBytes });
        return;
      }
      case 'open-snapshot':
        this.#options.askLog({ kind: 'open-snapshot', to: effect.to });
        return;
      case 'read-snapshot': {
        const { to, snapshotId, offset, maxBytes } = effect;
        this.#options.askLog({ kind: 'read-snapshot', to, snapshotId, offset, maxBytes });
        return;
      }
      case 'close-snapshot':
        this.#options.askLog({ kind: 'close-snapshot', snapshotId: effect.snapshotId });
        return;
      default:
        this.#options.onNews(effect);
    }
  }

  #persist(batch: PersistBatch): void {
    this.#askedBatch = batch.batch;
    this.#options.askLog({ kind: 'persist', batch });
  }

  #send(effect: Extract<RaftEffect, { kind: 'send' }>): void {
    if (effect.type === 'afterPersist' && this.#durableBatch < this.#askedBatch)
      this.#waiting.push({ batch: this.#askedBatch, message: effect.message });
    else this.#options.send(effect.message);
  }
}
