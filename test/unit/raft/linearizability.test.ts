/** The checker of histories finds what is wrong and nothing else. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findViolation, isLinearizable, type Operation } from '../../sim/linearizability.js';

function write(value: string, calledAt: number, returnedAt: number | undefined): Operation {
  return { key: 'k', kind: 'write', value, calledAt, returnedAt };
}
function read(value: string | undefined, calledAt: number, returnedAt: number): Operation {
  return { key: 'k', kind: 'read', value, calledAt, returnedAt };
}

describe('histories that can be explained', () => {
  it.each([
    ['an empty register', [read(undefined, 0, 1)]],
    ['a read during a write, either way', [write('a', 0, 10), read(undefined, 1, 2), read('a', 3, 4)]],
    ['a write that nobody knows of, seen', [write('a', 0, undefined), read('a', 50, 51)]],
    ['a write that nobody knows of, not seen', [write('a', 0, undefined), read(undefined, 50, 51)]],
    [
      'a write that takes effect long after its caller gave up',
      [write('a', 0, undefined), write('b', 5, 6), read('b', 7, 8), read('a', 9, 10)],
    ],
  ] as const)('%s', (_name, history) => {
    expect(isLinearizable(history)).toBe(true);
  });
});

describe('histories that cannot', () => {
  it.each([
    ['a stale read', [write('a', 0, 1), write('b', 2, 3), read('a', 4, 5)]],
    ['a lost write', [write('a', 0, 1), read(undefined, 2, 3)]],
    ['a value that comes and goes', [write('a', 0, 10), read('a', 1, 2), read(undefined, 3, 4)]],
    [
      'two readers that disagree on the order',
      [write('a', 0, 10), write('b', 0, 10), read('a', 11, 12), read('b', 13, 14), read('a', 15, 16)],
    ],
    ['a value from nowhere', [read('x', 0, 1)]],
  ] as const)('%s', (_name, history) => {
    expect(isLinearizable(history)).toBe(false);
  });

  it('names the register', () => {
    const other = { ...write('z', 0, 1), key: 'other' };
    expect(findViolation([other, write('a', 0, 1), read(undefined, 2, 3)])?.key).toBe('k');
  });
});

it('takes every history of a real register, with calls that overlap', () => {
  const call = fc.record({
    kind: fc.constantFrom('write', 'read'),
    before: fc.nat(20),
    after: fc.nat(20),
    lost: fc.nat(9),
  });
  fc.assert(
    fc.property(fc.array(call, { maxLength: 12 }), (calls) => {
      let value: string | undefined;
      const history = calls.map(({ kind, before, after, lost }, i): Operation => {
        const at = i * 10;
        if (kind === 'write') value = String(i);
        const returnedAt = kind === 'write' && lost === 0 ? undefined : at + after;
        return { key: 'k', kind: kind === 'write' ? 'write' : 'read', value, calledAt: at - before, returnedAt };
      });
      expect(isLinearizable(history)).toBe(true);
    }),
  );
});
