/**
 * Raw bytes of the keyboard to keys, in time: a lone Escape is one when nothing followed it for 50 ms, and a key that comes
 * again faster than a finger can press it is a repeat, which need not be drawn each time.
 */
import { flushKeys, NO_PENDING_KEYS, type PendingKeys, parseKeys } from './parse-keys.js';
import type { Schedule } from './schedule.js';
import type { Key } from './ui.js';

export interface KeyPress {
  readonly key: Key;
  /** The same key again, as of a key held down. */
  readonly isRepeat: boolean;
}

const ESCAPE_MS = 50;
/** The end of a paste may be lost on the way; keys must work again. */
const PASTE_MS = 1_000;
/** Nobody presses that many keys between two reads: text is a paste that was not announced, the rest is a key held down. */
const MAX_KEYS_AT_ONCE = 32;
/** Keyboards repeat at 15 to 40 a second; nobody presses one key 12 times a second. */
const REPEAT_MS = 80;

export class KeyInput {
  readonly #schedule: Schedule;
  readonly #onPress: (press: KeyPress) => void;
  #pending: PendingKeys = NO_PENDING_KEYS;
  #cancelFlush: (() => void) | undefined;
  #last: { readonly identity: string; readonly atMs: number } | undefined;

  constructor(schedule: Schedule, onPress: (press: KeyPress) => void) {
    this.#schedule = schedule;
    this.#onPress = onPress;
  }

  push(bytes: Uint8Array): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const { keys, pending } = parseKeys(this.#pending, bytes);
    this.#pending = pending;
    this.#deliver(keys);
    const { bytes: unfinished, paste } = pending;
    if (unfinished.length === 0 && paste === undefined) return;
    this.#cancelFlush = this.#schedule.after(paste === undefined ? ESCAPE_MS : PASTE_MS, () => {
      this.#cancelFlush = undefined;
      const flushed = flushKeys(this.#pending);
      this.#pending = flushed.pending;
      this.#deliver(flushed.keys);
    });
  }

  close(): void {
    this.#cancelFlush?.();
  }

  #deliver(keys: readonly Key[]): void {
    const nowMs = this.#schedule.nowMs();
    for (const key of condensed(keys)) {
      const identity = identityOf(key);
      const isRepeat =
        this.#last !== undefined && this.#last.identity === identity && nowMs - this.#last.atMs < REPEAT_MS;
      this.#last = { identity, atMs: nowMs };
      this.#onPress({ key, isRepeat });
    }
  }
}

/** Bounds what one read can ask for, so that a flood of keys cannot hold up what comes after it. */
export function condensed(keys: readonly Key[]): readonly Key[] {
  if (keys.length <= MAX_KEYS_AT_ONCE) return keys;
  const kept: Key[] = [];
  for (let from = 0, to = 0; from < keys.length; from = to) {
    const first = keys[from] as Key;
    const isTyped = first.kind === 'text' && !first.pasted;
    const belongs = (key: Key | undefined) =>
      key !== undefined && (isTyped ? key.kind === 'text' && !key.pasted : identityOf(key) === identityOf(first));
    while (belongs(keys[to])) to++;
    const run = keys.slice(from, Math.max(to, from + 1));
    to = from + run.length;
    if (run.length <= MAX_KEYS_AT_ONCE) kept.push(...run);
    else if (isTyped) kept.push({ kind: 'text', text: run.map(textOf).join(''), pasted: true });
    else kept.push(...run.slice(0, MAX_KEYS_AT_ONCE));
  }
  return kept;
}

function textOf(key: Key): string {
  return key.kind === 'text' ? key.text : '';
}

function identityOf(key: Key): string {
  switch (key.kind) {
    case 'text':
      return `text ${key.text}`;
    case 'ctrl':
      return `ctrl ${key.letter}`;
    case 'named':
      return key.name;
  }
}
