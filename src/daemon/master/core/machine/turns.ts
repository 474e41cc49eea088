/**
 * One registry change at a time for each framework and agent: a later one begins when the earlier one has ended, in the
 * order they came. Keeps "subscribe, teardown, subscribe" in that order although each awaits the registry.
 */
import { assert } from '../../../../base/assert.js';
import { MAX_WAITING_CHANGES } from '../limits.js';

type Turn = (done: () => void) => void;

export class Turns {
  /** Key -> turns that wait behind the one that is running. */
  readonly #waiting = new Map<string, Turn[]>();

  isBusy(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** True when nothing more may wait: say so to whoever asks. */
  isFull(key: string): boolean {
    return (this.#waiting.get(key)?.length ?? 0) >= MAX_WAITING_CHANGES;
  }

  /** Runs `turn` at once or after its predecessors. `turn` calls `done` exactly once, now or later. */
  take(key: string, turn: Turn): void {
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      waiting.push(turn);
      return;
    }
    this.#waiting.set(key, []);
    this.#run(key, turn);
  }

  #run(key: string, turn: Turn): void {
    let over = false;
    turn(() => {
      assert(!over, 'a turn ends once');
      over = true;
      const next = this.#waiting.get(key)?.shift();
      if (next === undefined) this.#waiting.delete(key);
      else this.#run(key, next);
    });
  }
}
