/**
 * The newest lines of the event log, at most 1,000. Routine lines (a task that runs, or finished) are there while a cluster is calm
 * enough to read them; a busy one writes hundreds a second, of which rates tell, and which must neither fill the screen nor wash away that
 * an agent was lost a minute ago. Pure.
 */
import type { EventLine, IsRoutineWanted } from './event-words.js';
import type { EventRow } from './rows.js';

const MOST_MAIN = 700;
const MOST_ROUTINE = 300;
/** More routine lines than this within 10 to 20 s, and none is kept until there are fewer. */
const MOST_READABLE = 30;
const WINDOW_SECONDS = 10;

export class EventLog {
  readonly #main: EventRow[] = [];
  readonly #routine: EventRow[] = [];
  #sequence = 0;
  #merged: readonly EventRow[] | undefined;
  /** Routine lines, kept or not, of this window and the one before. */
  #arrived = { window: 0, now: 0, before: 0 };

  /** Asked once for each routine line before it is worded: nobody could read most of them. Counts them. */
  readonly wantsRoutine: IsRoutineWanted = (time) => this.#isReadable(time);

  /** A main line, or a routine one that is wanted; details are not. */
  add(line: EventLine): void {
    if (line.weight === 'detail') return;
    const { weight, time, severity, kind, key, text } = line;
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

  #isReadable(time: number): boolean {
    const window = Math.floor(time / WINDOW_SECONDS);
    const { window: last, now } = this.#arrived;
    if (window !== last) this.#arrived = { window, now: 0, before: window === last + 1 ? now : 0 };
    this.#arrived.now++;
    return this.#arrived.now + this.#arrived.before <= MOST_READABLE;
  }
}
