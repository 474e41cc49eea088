/**
 * Bytes on their way between threads: a message copies all of the buffer behind every view in it, however small the view, so
 * views are packed into one buffer first, which is handed over and not copied again.
 */
import type { Entry } from '../core/protocol.js';

const EMPTY = new Uint8Array(0);

/** The same entries with all their data in one buffer, which is transferred once. */
export function gather(entries: readonly Entry[]): {
  readonly entries: readonly Entry[];
  readonly buffer: ArrayBuffer;
} {
  const { views, buffer } = pack(entries.map(({ body }) => (body.kind === 'data' ? body.data : EMPTY)));
  const gathered = entries.map((entry, at): Entry => {
    if (entry.body.kind !== 'data') return entry;
    return { index: entry.index, term: entry.term, body: { kind: 'data', data: views[at] as Uint8Array } };
  });
  return { entries: gathered, buffer };
}

/** Copies into one buffer. (A message copies all of the buffer behind every view in it, however small the view.) */
export function pack(parts: readonly Uint8Array[]): {
  readonly views: readonly Uint8Array[];
  readonly buffer: ArrayBuffer;
} {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  const views = parts.map((part) => {
    all.set(part, at);
    at += part.length;
    return all.subarray(at - part.length, at);
  });
  return { views, buffer: all.buffer };
}
