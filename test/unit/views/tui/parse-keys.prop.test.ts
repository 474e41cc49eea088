import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flushKeys, MAX_PASTE_BYTES, NO_PENDING_KEYS, parseKeys } from '../../../../src/views/tui/parse-keys.js';
import type { Key } from '../../../../src/views/tui/ui.js';

const named = (name: Extract<Key, { kind: 'named' }>['name']): Key => ({ kind: 'named', name });
const typed = (text: string): Key => ({ kind: 'text', text, pasted: false });
const pasted = (text: string): Key => ({ kind: 'text', text, pasted: true });

/** Input that a terminal can send, with the keys that it means. */
const samples: readonly (readonly [string, readonly Key[]])[] = [
  ['j', [typed('j')]],
  ['é', [typed('é')]],
  ['語', [typed('語')]],
  ['😀', [typed('😀')]],
  ['\u0003', [{ kind: 'ctrl', letter: 'c' }]],
  ['\u0015', [{ kind: 'ctrl', letter: 'u' }]],
  ['\u001a', [{ kind: 'ctrl', letter: 'z' }]],
  ['\t', [named('tab')]],
  ['\r', [named('enter')]],
  ['\n', [named('enter')]],
  ['\u007f', [named('backspace')]],
  ['\b', [named('backspace')]],
  ['\u001b[A', [named('up')]],
  ['\u001bOB', [named('down')]],
  ['\u001b[1;5C', [named('right')]],
  ['\u001b[D', [named('left')]],
  ['\u001b[5~', [named('page-up')]],
  ['\u001b[6;2~', [named('page-down')]],
  ['\u001b[3~', [named('delete')]],
  ['\u001b[H', [named('home')]],
  ['\u001b[4~', [named('end')]],
  ['\u001b[Z', [named('shift-tab')]],
  ['\u001b[<65;10;5M', [named('down')]],
  ['\u001b[<64;10;5M', [named('up')]],
  ['\u001b[<0;10;5m', []],
  ['\u001b[M`xq', [named('up')]],
  ['\u001b[24~', []],
  ['\u001b[?1;2c', []],
  ['\u001b[I', []],
  ['\u0000', []],
  ['\u001bx', [named('escape'), typed('x')]],
  ['\u001b\u001b[B', [named('escape'), named('down')]],
  ['\u001b[200~kill all\rnow\u001b[201~', [pasted('kill all\nnow')]],
  ['\u001b[200~\u001b[A\u0003\u001b[201~', [pasted('\u001b[A\u0003')]],
  ['\u001b[200~\u001b[201~', [pasted('')]],
];

function parseInChunks(bytes: Uint8Array, cuts: readonly number[]): Key[] {
  const keys: Key[] = [];
  let pending = NO_PENDING_KEYS;
  let from = 0;
  for (const to of [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))]
    .sort((a, b) => a - b)
    .concat(bytes.length)) {
    const parsed = parseKeys(pending, bytes.subarray(from, to));
    keys.push(...parsed.keys);
    pending = parsed.pending;
    from = to;
  }
  expect(pending).toEqual(NO_PENDING_KEYS);
  return keys;
}

describe('parseKeys', () => {
  it.each(samples)('reads %j', (text, keys) => {
    expect(parseKeys(NO_PENDING_KEYS, Buffer.from(text)).keys).toEqual(keys);
  });

  it('reads the same keys however the bytes were cut', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...samples)), fc.array(fc.nat(500), { maxLength: 40 }), (parts, cuts) => {
        const bytes = Buffer.from(parts.map(([text]) => text).join(''));
        expect(parseInChunks(bytes, cuts)).toEqual(parts.flatMap(([, keys]) => keys));
      }),
      { numRuns: 1000 },
    );
  });

  it('takes any bytes, cut anywhere, to the same keys, and holds little back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(300), { maxLength: 30 }), (bytes, cuts) => {
        const whole = parseKeys(NO_PENDING_KEYS, bytes);
        let pending = NO_PENDING_KEYS;
        const keys: Key[] = [];
        let from = 0;
        for (const to of cuts
          .map((cut) => cut % (bytes.length + 1))
          .sort((a, b) => a - b)
          .concat(bytes.length)) {
          const parsed = parseKeys(pending, bytes.subarray(from, to));
          keys.push(...parsed.keys);
          pending = parsed.pending;
          from = to;
        }
        expect(keys).toEqual(whole.keys);
        expect(pending).toEqual(whole.pending);
        expect(pending.bytes.length).toBeLessThan(70);
      }),
      { numRuns: 1000 },
    );
  });

  it('takes a lone Escape for one only when nothing follows', () => {
    const { keys, pending } = parseKeys(NO_PENDING_KEYS, Buffer.from('\u001b'));
    expect(keys).toEqual([]);
    expect(flushKeys(pending)).toEqual({ keys: [named('escape')], pending: NO_PENDING_KEYS });
    expect(flushKeys(parseKeys(NO_PENDING_KEYS, Buffer.from('\u001b[')).pending).keys).toEqual([
      named('escape'),
      typed('['),
    ]);
    expect(flushKeys(parseKeys(NO_PENDING_KEYS, Buffer.from('\u001b[1;')).pending).keys).toEqual([]);
  });

  it('bounds a paste and gives the keys back when its end is lost', () => {
    let pending = NO_PENDING_KEYS;
    pending = parseKeys(pending, Buffer.from('\u001b[200~')).pending;
    for (let i = 0; i < 40; i++) pending = parseKeys(pending, Buffer.alloc(4096, 'x')).pending;
    const flushed = flushKeys(pending);
    expect(flushed.keys).toEqual([pasted('x'.repeat(MAX_PASTE_BYTES))]);
    expect(parseKeys(flushed.pending, Buffer.from('q')).keys).toEqual([typed('q')]);
  });
});
