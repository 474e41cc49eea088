/**
 * Remembers short ASCII texts by their bytes: ids, roles and resource names repeat millions of times in a re-registration, and each
 * distinct one should be decoded and held once. Direct-mapped, so it is bounded and a collision only costs a decode.
 * Pure by effect: what it returns depends on the bytes alone.
 */
const SLOTS = 8192;
/** Longer texts rarely repeat. */
export const MAX_CACHED_TEXT = 64;

export class TextCache {
  readonly #slots: (string | undefined)[] = new Array<string | undefined>(SLOTS).fill(undefined);

  /** The text of `bytes[from, to)`; undefined when it is not ASCII. At most MAX_CACHED_TEXT bytes. */
  find(bytes: Buffer, from: number, to: number): string | undefined {
    let hash = 0;
    let seen = 0;
    for (let at = from; at < to; at += 1) {
      const byte = bytes[at] as number;
      seen |= byte;
      hash = (Math.imul(hash, 31) + byte) | 0;
    }
    if (seen > 0x7f) return undefined;
    const slot = (hash ^ (hash >>> 13)) & (SLOTS - 1);
    const known = this.#slots[slot];
    if (known !== undefined && sameText(known, bytes, from, to)) return known;
    const text = bytes.toString('latin1', from, to);
    this.#slots[slot] = text;
    return text;
  }
}

function sameText(text: string, bytes: Buffer, from: number, to: number): boolean {
  const length = to - from;
  if (text.length !== length) return false;
  for (let index = 0; index < length; index += 1) {
    if (text.charCodeAt(index) !== bytes[from + index]) return false;
  }
  return true;
}
