/**
 * `mesoctl top` on a terminal. The order at the start is what makes it quick: take the terminal and say what is connected
 * to, then load screens, model and client and subscribe, then load Ink, which takes half a second.
 */
import { setFlagsFromString } from 'node:v8';
import { systemClock } from '../../base/system/clock.js';
import { formatAddress } from '../../client/address.js';
import type { ClusterModel } from '../../views/model/cluster-model.js';
import { systemSchedule } from '../../views/tui/schedule.js';
import { type Ending, type Terminal, type TerminalHandlers, withTerminal } from '../../views/tui/terminal.js';
import { TopScreen } from '../../views/tui/top-screen.js';
import { closingLine, firstFrame } from './edge-lines.js';
import { SCREEN_NAMES, type TopSettings } from './settings.js';
import type { Wishes } from './wishes.js';

/**
 * Percent by which the heap may grow beyond what is alive before garbage is collected. V8's own choice is about twice that
 * much, which for 100,000 tasks is 70 MB; what we keep is long-lived, so collecting more often costs little.
 */
const HEAP_GROWTH = '--heap-growing-percent=40';
/** What a shell reports for a program that lost its terminal. */
const HANGUP_STATUS = 129;

/** Resolves with the exit status. */
export async function runFullScreen(settings: TopSettings): Promise<number> {
  setFlagsFromString(HEAP_GROWTH);
  const session = new Session(settings);
  let ending: Ending;
  try {
    ending = await withTerminal(process, systemSchedule, (terminal) => session.start(terminal));
  } finally {
    session.close();
  }
  if (ending.kind === 'gone') return HANGUP_STATUS;
  return ending.kind === 'signal' ? 128 + ending.number : 0;
}

class Session {
  readonly #settings: TopSettings;
  /** As the user wrote them. */
  readonly #masters: string;
  readonly #over = new AbortController();
  #screen: TopScreen | undefined;
  #model: ClusterModel | undefined;
  #wishes: Wishes | undefined;

  constructor(settings: TopSettings) {
    this.#settings = settings;
    this.#masters = settings.masters.map(formatAddress).join(',');
  }

  start(terminal: Terminal): TerminalHandlers {
    const screen = new TopScreen({
      terminal,
      schedule: systemSchedule,
      unixMs,
      firstFrame: (columns, rows) => firstFrame(this.#masters, columns, rows),
      onWish: (wish) => this.#wishes?.carryOut(wish),
    });
    this.#screen = screen;
    const handlers = screen.start();
    this.#load(terminal, screen).catch((error: unknown) => terminal.fail(error));
    return { ...handlers, lastLine: () => closingLine(this.#model, this.#masters) };
  }

  close(): void {
    this.#over.abort();
    this.#screen?.close();
  }

  async #load(terminal: Terminal, screen: TopScreen): Promise<void> {
    const { createParts } = await import('./full-screen-parts.js');
    if (this.#over.signal.aborted) return;
    const { model, ui, feed, wishes } = createParts({
      settings: this.#settings,
      masters: this.#masters,
      columns: terminal.columns,
      rows: terminal.rows,
      unixMs,
      onChange: (changes) => screen.onChange(changes),
      onAnswer: () => screen.repaint('key'),
      signal: this.#over.signal,
    });
    this.#model = model;
    this.#wishes = wishes;
    const number = SCREEN_NAMES.indexOf(this.#settings.screen) + 1;
    if (number > 1) ui.handleKey({ kind: 'text', text: String(number), pasted: false }, unixMs());
    screen.attach(ui, model);
    feed.run(this.#over.signal).catch((error: unknown) => terminal.fail(error));
    await this.#loadInk(screen);
  }

  async #loadInk(screen: TopScreen): Promise<void> {
    // React reads it when it is loaded; its development build is slow and keeps records of every frame. Ink would look
    // for its own development tools.
    process.env.NODE_ENV = 'production';
    delete process.env.DEV;
    const { createInkCanvas } = await import('../../views/tui/ink-canvas.js');
    if (!this.#over.signal.aborted) screen.attachCanvas(createInkCanvas);
  }
}

function unixMs(): number {
  return systemClock.now().unixMs;
}
