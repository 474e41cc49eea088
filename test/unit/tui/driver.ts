/** Drives `top` by the names of keys, and reads its frames as text. */
import type { ClusterModel } from '../../../src/views/model/cluster-model.js';
import { createUi } from '../../../src/views/tui/screens/create-ui.js';
import type { Key, LogState, Theme, Ui, UiOptions, Wish } from '../../../src/views/tui/ui.js';
import { NOW_MS } from './mockup-cluster.js';

export const PLAIN: Theme = { colors: 'none', unicode: false };

const NAMED: ReadonlySet<string> = new Set([
  'up',
  'down',
  'left',
  'right',
  'page-up',
  'page-down',
  'home',
  'end',
  'enter',
  'escape',
  'backspace',
  'delete',
  'tab',
  'shift-tab',
]);

/** `enter`, `ctrl-c`, `space`, `paste:text`, or a character. */
export function keyOf(name: string): Key {
  if (NAMED.has(name)) return { kind: 'named', name: name as Key extends { name: infer Name } ? Name : never };
  if (name.startsWith('ctrl-')) return { kind: 'ctrl', letter: name.slice('ctrl-'.length) };
  if (name.startsWith('paste:')) return { kind: 'text', text: name.slice('paste:'.length), pasted: true };
  return { kind: 'text', text: name === 'space' ? ' ' : name, pasted: false };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: SGR sequences are what is looked for
const SGR = /\u001b\[[\d;]*m/g;

export function withoutColors(line: string): string {
  return line.replace(SGR, '');
}

export class Driver {
  readonly ui: Ui;
  nowMs = NOW_MS;
  readonly wishes: Wish[] = [];

  constructor(
    readonly model: ClusterModel,
    options: Partial<UiOptions> = {},
  ) {
    this.ui = createUi({ model, columns: 80, rows: 24, theme: PLAIN, ...options });
    this.frame();
  }

  /** Keys by name, separated by blanks; a frame is drawn after each, as the shell does. */
  press(keys: string): this {
    for (const name of keys.split(' ').filter((part) => part !== '')) {
      this.wishes.push(...this.ui.handleKey(keyOf(name), this.nowMs));
      this.frame();
    }
    return this;
  }

  type(text: string): this {
    return this.press(Array.from(text, (character) => (character === ' ' ? 'space' : character)).join(' '));
  }

  wait(ms: number): this {
    this.nowMs += ms;
    this.model.tick(this.nowMs);
    this.frame();
    return this;
  }

  frame(): readonly string[] {
    return this.ui.frame(this.nowMs).map(withoutColors);
  }

  /** The frame as one text, lines without blanks at their ends. */
  text(): string {
    return `${this.frame()
      .map((line) => line.trimEnd())
      .join('\n')}\n`;
  }

  /** The last line but one. */
  get status(): string {
    return this.frame().at(-2)?.trimEnd() ?? '';
  }

  /** The line that stands for what is selected. */
  get selected(): string {
    return this.frame().find((line) => /^.[>+]/.test(line)) ?? '';
  }

  takeWishes(): readonly Wish[] {
    return this.wishes.splice(0);
  }
}

export function logOf(taskKey: string, lines: readonly string[], more: Partial<LogState> = {}): LogState {
  return {
    taskKey,
    file: 'stderr',
    lines,
    firstLine: 1,
    skipped: 0,
    totalBytes: lines.reduce((sum, line) => sum + line.length + 1, 0),
    status: 'following',
    note: '',
    version: lines.length,
    ...more,
  };
}
