/**
 * The newest lines of the event log, at most 1,000. Routine lines have a part of it for themselves: a busy cluster writes hundreds a second,
 * and they must not wash away that an agent was lost a minute ago. Pure.
 */
import type { EventLine } from './event-words.js';
import type { EventRow } from './rows.js';

const MOST_MAIN = 700;
const MOST_ROUTINE = 300;

export class EventLog {
  readonly #main: EventRow[] = [];
  readonly #routine: EventRow[] = [];
  #sequence = 0;
  #merged: readonly EventRow[] | undefined;

  add({ weight, time, severity, kind, key, text }: EventLine): void {
    if (weight === 'detail') return;
    const [ring, most] = weight === 'main' ? [this.#main, MOST_MAIN] : [this.#routine, MOST_ROUTINE];
    ring.push({ sequence: ++this.#sequence, time, severity, kind, key, text });
    // In large steps: moving the rest up costs more than the rest is worth.
    if (ring.length >= 2 * most) ring.splice(0, ring.length - most);
    this.#merged = undefined;
  }

  /** Newest first. */
  get rows(): readonly EventRow[] {
    this.#merged ??= [...this.#main.slice(-MOST_MAIN), ...this.#routine.slice(-MOST_ROUTINE)].sort(
      (a, b) => b.sequence - a.sequence,
    );
    return this.#merged;
  }
}
