/**
 * Bytes of a terminal to keys. Pure: what is not complete yet is handed back and comes in again with the next bytes, so the
 * result does not depend on how the bytes were cut into reads. Only time tells a lone Escape from the beginning of a
 * sequence: `flushKeys` is called when nothing has followed for a while.
 *
 * Never: a key out of a paste (bracketed paste is one text), a key out of the middle of an unknown sequence.
 */
import type { Key } from './ui.js';

export interface PendingKeys {
  /** Bytes of an unfinished sequence or character. */
  readonly bytes: Uint8Array;
  /** Bytes of an unfinished paste; undefined: none. */
  readonly paste: Uint8Array | undefined;
}

export interface ParsedKeys {
  readonly keys: readonly Key[];
  readonly pending: PendingKeys;
}

export const NO_PENDING_KEYS: PendingKeys = { bytes: new Uint8Array(), paste: undefined };

/** More of a paste is dropped: it is meant for one line of input. */
export const MAX_PASTE_BYTES = 64 * 1024;
const MAX_SEQUENCE_BYTES = 64;
const ESC = 0x1b;
const PASTE_END = Uint8Array.from([ESC, 0x5b, 0x32, 0x30, 0x31, 0x7e]);

type NamedKey = Extract<Key, { kind: 'named' }>['name'];

const NAME_OF_FINAL: Readonly<Record<string, NamedKey>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  Z: 'shift-tab',
  M: 'enter',
};
const NAME_OF_NUMBER: Readonly<Record<string, NamedKey>> = {
  1: 'home',
  3: 'delete',
  4: 'end',
  5: 'page-up',
  6: 'page-down',
  7: 'home',
  8: 'end',
};
const NAME_OF_CONTROL: Readonly<Record<number, NamedKey>> = {
  8: 'backspace',
  9: 'tab',
  10: 'enter',
  13: 'enter',
  127: 'backspace',
};

export function parseKeys(pending: PendingKeys, input: Uint8Array): ParsedKeys {
  const bytes = pending.bytes.length === 0 ? input : joined(pending.bytes, input);
  const keys: Key[] = [];
  let paste = pending.paste;
  let at = 0;
  while (at < bytes.length) {
    if (paste !== undefined) {
      const end = indexOfPasteEnd(bytes, at);
      if (end < 0) {
        const held = heldBack(bytes, at);
        return { keys, pending: { bytes: bytes.slice(held), paste: addToPaste(paste, bytes.subarray(at, held)) } };
      }
      keys.push(pasteKey(addToPaste(paste, bytes.subarray(at, end))));
      paste = undefined;
      at = end + PASTE_END.length;
      continue;
    }
    const step = readOne(bytes, at);
    if (step === undefined) return { keys, pending: { bytes: bytes.slice(at), paste: undefined } };
    keys.push(...step.keys);
    if (step.beginsPaste === true) paste = new Uint8Array();
    at += step.length;
  }
  return { keys, pending: { bytes: new Uint8Array(), paste } };
}

/** Nothing followed: an Escape was the key, a paste that never ended is taken as it is, a cut sequence is dropped. */
export function flushKeys(pending: PendingKeys): ParsedKeys {
  const { bytes, paste } = pending;
  if (paste !== undefined) return { keys: [pasteKey(addToPaste(paste, bytes))], pending: NO_PENDING_KEYS };
  if (bytes[0] !== ESC || bytes.length > 2) return { keys: [], pending: NO_PENDING_KEYS };
  const rest = bytes.subarray(1);
  const typed = Array.from(rest, (byte): Key => textKey(String.fromCharCode(byte)));
  return { keys: [{ kind: 'named', name: 'escape' }, ...typed], pending: NO_PENDING_KEYS };
}

interface Step {
  readonly keys: readonly Key[];
  readonly length: number;
  readonly beginsPaste?: boolean;
}

/** undefined: more bytes are needed to tell. */
function readOne(bytes: Uint8Array, at: number): Step | undefined {
  const first = bytes[at] as number;
  if (first === ESC) return readEscape(bytes, at);
  if (first >= 0x80) return readCharacter(bytes, at);
  const name = NAME_OF_CONTROL[first];
  if (name !== undefined) return { keys: [{ kind: 'named', name }], length: 1 };
  if (first >= 0x20) return { keys: [textKey(String.fromCharCode(first))], length: 1 };
  if (first === 0 || first > 26) return { keys: [], length: 1 };
  return { keys: [{ kind: 'ctrl', letter: String.fromCharCode(first + 0x60) }], length: 1 };
}

function readEscape(bytes: Uint8Array, at: number): Step | undefined {
  const second = bytes[at + 1];
  if (second === undefined) return undefined;
  const escapeKey: Key = { kind: 'named', name: 'escape' };
  if (second === 0x4f) return readApplicationKey(bytes, at);
  // Alt means nothing here, so this is Escape and then another key.
  if (second !== 0x5b) return { keys: [escapeKey], length: 1 };
  let end = at + 2;
  while (end < bytes.length && isParameter(bytes[end] as number)) end++;
  if (end - at >= MAX_SEQUENCE_BYTES) return { keys: [], length: end - at };
  const final = bytes[end];
  if (final === undefined) return undefined;
  // Not a final byte: the sequence was cut off; what cut it off is read by itself.
  if (final < 0x40 || final > 0x7e) return { keys: [], length: end - at };
  const parameters = String.fromCharCode(...bytes.subarray(at + 2, end));
  return readSequence(bytes, { at, end, parameters, final: String.fromCharCode(final) });
}

function readSequence(
  bytes: Uint8Array,
  sequence: { readonly at: number; readonly end: number; readonly parameters: string; readonly final: string },
): Step | undefined {
  const { at, end, parameters, final } = sequence;
  const length = end + 1 - at;
  if (final === '~' && parameters === '200') return { keys: [], length, beginsPaste: true };
  if (parameters.startsWith('<')) return { keys: wheelKeys(Number.parseInt(parameters.slice(1), 10)), length };
  // The mouse of terminals without SGR reports: three bytes follow, which are no keys.
  if (final === 'M' && parameters === '') {
    if (bytes.length < end + 4) return undefined;
    return { keys: wheelKeys((bytes[end + 1] as number) - 32), length: length + 3 };
  }
  const name = final === '~' ? NAME_OF_NUMBER[parameters.split(';')[0] ?? ''] : NAME_OF_FINAL[final];
  return { keys: name === undefined ? [] : [{ kind: 'named', name }], length };
}

/** `ESC O A`: arrows and keypad in application mode. */
function readApplicationKey(bytes: Uint8Array, at: number): Step | undefined {
  const third = bytes[at + 2];
  if (third === undefined) return undefined;
  const name = NAME_OF_FINAL[String.fromCharCode(third)];
  return { keys: name === undefined ? [] : [{ kind: 'named', name }], length: 3 };
}

function wheelKeys(button: number): readonly Key[] {
  if (Number.isNaN(button) || (button & 64) === 0) return [];
  return [{ kind: 'named', name: (button & 1) === 0 ? 'up' : 'down' }];
}

/** One character of UTF-8. */
function readCharacter(bytes: Uint8Array, at: number): Step | undefined {
  const first = bytes[at] as number;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i];
    if (next === undefined) return undefined;
    if ((next & 0xc0) !== 0x80) return { keys: [], length: i };
  }
  if (length === 1) return { keys: [], length };
  const text = new TextDecoder().decode(bytes.subarray(at, at + length));
  const isHarmless = text !== '\ufffd' && text.codePointAt(0) !== undefined && (text.codePointAt(0) as number) > 0x9f;
  return { keys: isHarmless && [...text].length === 1 ? [textKey(text)] : [], length };
}

function isParameter(byte: number): boolean {
  return byte >= 0x20 && byte <= 0x3f;
}

function textKey(text: string): Key {
  return { kind: 'text', text, pasted: false };
}

function pasteKey(bytes: Uint8Array): Key {
  return { kind: 'text', text: new TextDecoder().decode(bytes).replace(/\r\n?/g, '\n'), pasted: true };
}

function addToPaste(paste: Uint8Array, bytes: Uint8Array): Uint8Array {
  return joined(paste, bytes.subarray(0, Math.max(0, MAX_PASTE_BYTES - paste.length)));
}

function indexOfPasteEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; at + PASTE_END.length <= bytes.length; at++)
    if (PASTE_END.every((byte, i) => bytes[at + i] === byte)) return at;
  return -1;
}

/** From where on the bytes may be the beginning of the end of a paste. */
function heldBack(bytes: Uint8Array, from: number): number {
  for (let at = Math.max(from, bytes.length - PASTE_END.length + 1); at < bytes.length; at++)
    if (bytes.subarray(at).every((byte, i) => byte === PASTE_END[i])) return at;
  return bytes.length;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
