/**
 * Drives the master core: collects what sockets and timers report during one turn of Node's event loop, steps the core
 * with it, and performs what it asks for. A burst is stepped in lots, one a turn, so that sockets are served between them.
 * One timer follows the core's next deadline. Architecture, section 2.
 *
 * Invariants: steps never nest; events are stepped in the order of `post`; the answer to a proposal is posted only after
 * it is durable; after `stop` or a fatal error nothing is stepped or performed any more. A core that throws is a bug of
 * ours and a registry that fails leaves no ground to stand on: both are fatal.
 */

import type { Clock } from '../../base/clock.js';
import { MesoError } from '../../base/error.js';
import { DeadlineTimer } from '../../base/system/deadline-timer.js';
import type { MasterCore } from './core/options.js';
import type { MasterEffect, MasterEvent } from './core/protocol.js';
import { isLossOfOffice, type Registry } from './registry/registry.js';

type Propose = Extract<MasterEffect, { readonly type: 'persist' }>;
/** What the shell does by itself. */
export type ShellEffect = Exclude<MasterEffect, Propose | { readonly kind: 'continue' | 'abdicate' }>;

export interface EventLoopOptions {
  readonly core: MasterCore;
  readonly clock: Clock;
  readonly registry: Pick<Registry, 'propose'>;
  /** Performs one effect, synchronously; effects of a step come in their order. */
  perform(effect: ShellEffect): void;
  /** Called once; the master cannot go on. */
  onFatal(error: unknown): void;
}

/** Of one step: the dearest of them, such as a DECLINE of many offers, cost 0.1 ms each. */
export const MAX_STEP_EVENTS = 64;

export class EventLoop {
  readonly #options: EventLoopOptions;
  #queue: MasterEvent[] = [];
  /** What was queued when the last lot before it was used up; stepped from `#at` on, before the queue. */
  #burst: readonly MasterEvent[] = [];
  #at = 0;
  #scheduled: NodeJS.Immediate | undefined;
  readonly #timer: DeadlineTimer;
  #stopped = false;
  #steps = 0;

  constructor(options: EventLoopOptions) {
    this.#options = options;
    this.#timer = new DeadlineTimer(options.clock, () => this.post({ kind: 'tick' }));
  }

  /** Events that wait for the next step. */
  get queueLength(): number {
    return this.#burst.length - this.#at + this.#queue.length;
  }

  /** Steps so far: changes whenever the view may have changed. */
  get steps(): number {
    return this.#steps;
  }

  /** Hands an event to the core, with the rest of this turn where there is not too much of it. */
  post(event: MasterEvent): void {
    if (this.#stopped) return;
    this.#queue.push(event);
    this.#schedule();
  }

  #schedule(): void {
    this.#scheduled ??= setImmediate(() => this.#turn());
  }

  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#scheduled);
    this.#timer.stop();
    this.#queue = [];
    this.#burst = [];
    this.#at = 0;
  }

  #turn(): void {
    this.#scheduled = undefined;
    const events = this.#takeLot();
    if (this.queueLength > 0) this.#schedule();
    try {
      this.#steps += 1;
      const effects = this.#options.core.step(events, this.#options.clock.now());
      this.#performAll(effects);
      if (!this.#stopped) this.#timer.follow(this.#options.core.nextDeadlineMs());
    } catch (error) {
      this.#fail(error);
    }
  }

  #takeLot(): readonly MasterEvent[] {
    if (this.#at === this.#burst.length) {
      this.#burst = this.#queue;
      this.#queue = [];
      this.#at = 0;
    }
    const from = this.#at;
    this.#at = Math.min(from + MAX_STEP_EVENTS, this.#burst.length);
    return this.#burst.slice(from, this.#at);
  }

  #performAll(effects: readonly MasterEffect[]): void {
    // The disk gets its work first: it takes longest.
    const proposals = effects.filter((effect): effect is Propose => effect.type === 'persist');
    if (proposals.length > 0) this.#propose(proposals);
    for (const effect of effects) {
      if (this.#stopped) return;
      if (effect.type === 'persist') continue;
      if (effect.kind === 'continue') this.post({ kind: 'tick' });
      else if (effect.kind === 'abdicate') this.#fail(new MesoError('INTERNAL', effect.message));
      else this.#options.perform(effect);
    }
  }

  /** All proposals of a step share one transaction. */
  #propose(proposals: readonly Propose[]): void {
    const operations = proposals.flatMap((proposal) => proposal.operations);
    this.#options.registry.propose(operations).then(
      (results) => {
        let from = 0;
        for (const { proposalId, operations: own } of proposals) {
          this.post({ kind: 'registry-applied', proposalId, results: results.slice(from, from + own.length) });
          from += own.length;
        }
      },
      (error: unknown) => {
        // Leadership ended: whoever closes the term is on the way, and nothing may be decided any more.
        if (isLossOfOffice(error)) this.stop();
        else this.#fail(error);
      },
    );
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#options.onFatal(error);
  }
}
