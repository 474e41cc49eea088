/** Drives a small decision core whose effects its owner performs one by one: steps once a turn, follows its deadline. */
import type { Clock } from '../../base/clock.js';
import type { Core } from '../../base/core.js';
import { DeadlineTimer } from '../../base/system/deadline-timer.js';

export interface CoreLoopOptions<Event, Effect> {
  readonly core: Core<Event, Effect>;
  readonly clock: Clock;
  /** What it is told when time passed. */
  ticks(): readonly Event[];
  perform(effect: Effect): void;
  onFatal(error: unknown): void;
}

export class CoreLoop<Event, Effect> {
  readonly #options: CoreLoopOptions<Event, Effect>;
  readonly #timer: DeadlineTimer;
  #events: Event[] = [];
  #scheduled: NodeJS.Immediate | undefined;
  #isStopped = false;

  constructor(options: CoreLoopOptions<Event, Effect>) {
    this.#options = options;
    const tick = () => {
      for (const event of options.ticks()) this.post(event);
    };
    this.#timer = new DeadlineTimer(options.clock, tick);
    tick();
  }

  /** With the rest of this turn. */
  post(event: Event): void {
    if (this.#isStopped) return;
    this.#events.push(event);
    this.#scheduled ??= setImmediate(() => this.#turn());
  }

  /** Nothing is stepped or performed after this. */
  stop(): void {
    this.#isStopped = true;
    clearImmediate(this.#scheduled);
    this.#timer.stop();
    this.#events = [];
  }

  #turn(): void {
    this.#scheduled = undefined;
    const events = this.#events;
    this.#events = [];
    const { core, clock } = this.#options;
    try {
      for (const effect of core.step(events, clock.now())) if (!this.#isStopped) this.#options.perform(effect);
      if (!this.#isStopped) this.#timer.follow(core.nextDeadlineMs());
    } catch (error) {
      this.stop();
      this.#options.onFatal(error);
    }
  }
}
