/**
 * Drives the agent core: collects what arrives during one turn of Node's event loop, steps the core once with all of it,
 * commits what it wants durable in one transaction, and performs the rest. One timer follows the core's next deadline.
 * Architecture, section 2.
 *
 * Invariants: steps never nest; `afterPersist` effects of a step come after its commit and after those of every earlier
 * step; after `stop` or a failure nothing is stepped or performed. A core that throws is a bug of ours and a checkpoint
 * that fails leaves no ground to stand on: both are fatal.
 */

import type { Clock } from '../../../base/clock.js';
import { MesoError } from '../../../base/error.js';
import { DeadlineTimer } from '../../../base/system/deadline-timer.js';
import type { CheckpointStore } from '../checkpoint/checkpoint-store.js';
import type { AgentCore } from '../core/options.js';
import type { AgentEffect, AgentEvent, CheckpointChange } from '../core/protocol.js';

type PersistEffect = Extract<AgentEffect, { readonly type: 'persist' }>;
/** What the shell does by itself. */
export type ShellEffect = Exclude<AgentEffect, PersistEffect>;

export interface CoreDriverOptions {
  readonly core: AgentCore;
  readonly clock: Clock;
  readonly store: Pick<CheckpointStore, 'commit'>;
  /** Performs one effect, synchronously; effects of a kind come in their order. */
  perform(effect: ShellEffect): void;
  /** Called once; the agent cannot go on. */
  onFatal(error: unknown): void;
}

export class CoreDriver {
  readonly #options: CoreDriverOptions;
  #queue: AgentEvent[] = [];
  #waiters: (() => void)[] = [];
  /** Rejects one `postDurably` each. */
  readonly #waiting = new Set<(error: Error) => void>();
  #scheduled: NodeJS.Immediate | undefined;
  readonly #timer: DeadlineTimer;
  /** The end of the newest commit and of what follows from it. */
  #tail: Promise<void> = Promise.resolve();
  #outstanding = 0;
  #stopped = false;

  constructor(options: CoreDriverOptions) {
    this.#options = options;
    this.#timer = new DeadlineTimer(options.clock, () => this.post({ kind: 'tick' }));
  }

  /** Hands an event to the core with the rest of this turn. */
  post(event: AgentEvent): void {
    if (this.#stopped) return;
    this.#queue.push(event);
    this.#scheduled ??= setImmediate(() => this.#turn());
  }

  /** As `post`; resolves when what the core made of the event is durable. Rejects with REFUSED when it never will be. */
  postDurably(event: AgentEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#stopped) {
        reject(stoppedError());
        return;
      }
      this.#waiting.add(reject);
      this.#waiters.push(() => {
        this.#waiting.delete(reject);
        resolve();
      });
      this.post(event);
    });
  }

  /** No more steps. Resolves when commits under way are over. */
  async stop(): Promise<void> {
    this.#halt();
    await this.#tail.catch(() => undefined);
  }

  #turn(): void {
    this.#scheduled = undefined;
    const events = this.#queue;
    const waiters = this.#waiters;
    this.#queue = [];
    this.#waiters = [];
    try {
      this.#settle(this.#options.core.step(events, this.#options.clock.now()), waiters);
      if (!this.#stopped) this.#timer.follow(this.#options.core.nextDeadlineMs());
    } catch (error) {
      this.#fail(error);
    }
  }

  #settle(effects: readonly AgentEffect[], waiters: readonly (() => void)[]): void {
    const persists = effects.filter((effect): effect is PersistEffect => effect.type === 'persist');
    // The disk gets its work first: it takes longest.
    const committed = persists.length > 0 ? this.#commit(persists) : undefined;
    this.#performAll(effects, 'now');
    const finish = () => {
      if (this.#stopped) return;
      this.#performAll(effects, 'afterPersist');
      for (const resolve of waiters) resolve();
    };
    if (committed === undefined && this.#outstanding === 0) {
      finish();
      return;
    }
    this.#outstanding += 1;
    this.#tail = Promise.all([this.#tail, committed])
      .then(() => {
        this.#outstanding -= 1;
        finish();
      })
      .catch((error: unknown) => this.#fail(error));
  }

  #commit(persists: readonly PersistEffect[]): Promise<void> {
    const changes: CheckpointChange[] = persists.map((effect) => effect.change);
    const durability = persists.some((effect) => effect.durability === 'machine') ? 'machine' : 'process';
    return this.#options.store.commit(changes, durability);
  }

  #performAll(effects: readonly AgentEffect[], type: ShellEffect['type']): void {
    for (const effect of effects)
      if (effect.type !== 'persist' && effect.type === type && !this.#stopped) this.#options.perform(effect);
  }

  #fail(error: unknown): void {
    if (this.#stopped) return;
    this.#halt();
    this.#options.onFatal(error);
  }

  #halt(): void {
    this.#stopped = true;
    clearImmediate(this.#scheduled);
    this.#timer.stop();
    this.#queue = [];
    for (const reject of this.#waiting) reject(stoppedError());
    this.#waiting.clear();
  }
}

function stoppedError(): MesoError {
  return new MesoError('REFUSED', 'the agent is stopping');
}
