import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlotSet } from '../../../src/offers/allocator/slot-set.js';

function membersOf(set: SlotSet): number[] {
  const out = new Int32Array(set.size);
  set.copyTo(out);
  return [...out];
}

describe('slot set', () => {
  // The borders of a word and of a word of the upper level, and any number beyond.
  const slot = fc.oneof(fc.constantFrom(0, 31, 32, 1_023, 1_024, 32_767, 32_768), fc.nat(60_000));

  it('holds what a set of numbers would, in ascending order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(slot, fc.boolean()), { maxLength: 200, size: 'max' }), (steps) => {
        const set = new SlotSet();
        const model = new Set<number>();
        for (const [number, isMember] of steps) {
          set.set(number, isMember);
          if (isMember) model.add(number);
          else model.delete(number);
          expect(set.has(number)).toBe(isMember);
          expect(set.size).toBe(model.size);
        }
        expect(membersOf(set)).toEqual([...model].sort((a, b) => a - b));
      }),
    );
  });

  it('is empty again when all have left', () => {
    const set = new SlotSet();
    for (const number of [5, 40_000]) set.set(number, true);
    for (const number of [5, 40_000]) set.set(number, false);
    expect([set.size, membersOf(set)]).toEqual([0, []]);
  });
});
