import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import {
  addRanges,
  coalesceRanges,
  containsRanges,
  countRanges,
  subtractRanges,
} from '../../../src/offers/resources/resource-value.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import { toPostRefinement, toPreRefinement, validateResources } from '../../../src/offers/resources/validation.js';
import { additiveResources, anyResources, manyResources, wireResources } from './arbitraries.js';

describe('laws of the resource algebra', () => {
  it('adds in any order and any grouping', () => {
    fc.assert(
      fc.property(anyResources, anyResources, anyResources, (a, b, c) => {
        expect(a.add(b).equals(b.add(a))).toBe(true);
        expect(
          a
            .add(b)
            .add(c)
            .equals(a.add(b.add(c))),
        ).toBe(true);
        expect(Resources.sum([a, b, c]).equals(a.add(b).add(c))).toBe(true);
      }),
    );
  });

  it('sums the same object several times as if each was another', () => {
    fc.assert(
      fc.property(anyResources, anyResources, fc.integer({ min: 1, max: 4 }), (a, b, times) => {
        const repeated = Array<Resources>(times).fill(a);
        const oneByOne = repeated.reduce((sum, one) => sum.add(one), Resources.empty);
        expect(Resources.sum(repeated).equals(oneByOne)).toBe(true);
        expect(Resources.sum([b, ...repeated, b]).equals(b.add(oneByOne).add(b))).toBe(true);
      }),
    );
  });

  it('changes no operand', () => {
    fc.assert(
      fc.property(anyResources, anyResources, (a, b) => {
        const before = [a.toWire(), b.toWire()];
        a.add(b);
        a.subtract(b);
        b.contains(a);
        Resources.sum([a, b, b]);
        expect([a.toWire(), b.toWire()]).toEqual(before);
      }),
    );
  });

  it('takes back what it added', () => {
    fc.assert(
      fc.property(additiveResources, additiveResources, (a, b) => {
        expect(a.add(b).subtract(b).equals(a)).toBe(true);
      }),
    );
  });

  it('holds the same laws for operands large enough to be indexed', () => {
    fc.assert(
      fc.property(manyResources, manyResources, (a, b) => {
        const sum = a.add(b);
        expect(sum.contains(a) && sum.contains(b)).toBe(true);
        expect(sum.subtract(b).equals(a)).toBe(true);
        expect(sum.subtract(a).equals(b)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('contains what a sum was made of, itself and nothing', () => {
    fc.assert(
      fc.property(anyResources, anyResources, (a, b) => {
        expect(a.add(b).contains(a)).toBe(true);
        expect(a.contains(a)).toBe(true);
        expect(a.contains(Resources.empty)).toBe(true);
        expect(Resources.empty.contains(a)).toBe(a.isEmpty);
      }),
    );
  });

  it('splits without loss: what is contained and the rest make the whole', () => {
    fc.assert(
      fc.property(anyResources, anyResources, (a, b) => {
        const rest = a.subtract(b);
        expect(a.contains(rest)).toBe(true);
        if (a.contains(b)) expect(rest.add(b).equals(a)).toBe(true);
      }),
    );
  });

  it('gives every scalar of a sum exactly once', () => {
    fc.assert(
      fc.property(additiveResources, additiveResources, (a, b) => {
        const [left, right] = [a.nonShared(), b.nonShared()];
        for (const name of ['cpus', 'mem', 'disk'])
          expect(left.add(right).scalarMilli(name)).toBe(left.scalarMilli(name) + right.scalarMilli(name));
      }),
    );
  });

  it('tags for a role and back, and partitions by role', () => {
    fc.assert(
      fc.property(anyResources, (a) => {
        const plain = a.unallocated();
        expect(plain.allocatedTo('eng').unallocated().equals(plain)).toBe(true);
        const tagged = plain.allocatedTo('eng').add(plain.allocatedTo('ops'));
        const parts = tagged.byAllocationRole();
        expect(Resources.sum(parts.values()).equals(tagged)).toBe(true);
        if (!plain.isEmpty) expect([...parts.keys()].sort()).toEqual(['eng', 'ops']);
      }),
    );
  });

  it('survives the wire in every format that can say it', () => {
    fc.assert(
      fc.property(wireResources, (wire) => {
        expect(validateResources(wire)).toBeUndefined();
        const resources = Resources.of(wire);
        const once = resources.filter((entry) => entry.count === 1);
        expect(Resources.of(once.toWire()).equals(once)).toBe(true);
        const pre = toPreRefinement(once.toWire());
        expect(once.toPreRefinement()).toEqual(pre);
        expect(validateResources(pre)).toBeUndefined();
        expect(Resources.of(toPostRefinement(pre)).equals(once)).toBe(true);
      }),
    );
  });

  it('reads the text it prints for what the text grammar can say', () => {
    fc.assert(
      fc.property(anyResources, (a) => {
        const simple = a.filter(({ kind, allocationRole }) => {
          return (
            kind.reservations.length === 0 && kind.disk === undefined && !kind.revocable && allocationRole === undefined
          );
        });
        if (simple.isEmpty) return;
        const parsed = Resources.parse(simple.toString());
        expect(isRejection(parsed) ? parsed.message : parsed.equals(simple)).toBe(true);
      }),
    );
  });

  it('keeps an operand when the operation changed nothing', () => {
    fc.assert(
      fc.property(anyResources, (a) => {
        expect(a.add(Resources.empty)).toBe(a);
        expect(Resources.empty.add(a)).toBe(a);
        expect(a.subtract(Resources.empty)).toBe(a);
        expect(a.filter(() => true)).toBe(a);
      }),
    );
  });
});

describe('ranges against a model of plain sets', () => {
  const members = fc.uniqueArray(fc.nat(40), { maxLength: 25 });
  const toRanges = (numbers: readonly number[]) => coalesceRanges(numbers.map((n) => [n, n] as const));
  const toMembers = (list: readonly number[]) => {
    const out: number[] = [];
    for (let i = 0; i < list.length; i += 2) for (let n = list[i] ?? 0; n <= (list[i + 1] ?? -1); n++) out.push(n);
    return out;
  };
  const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);

  it('adds, subtracts, contains and counts like sets of integers', () => {
    fc.assert(
      fc.property(members, members, (a, b) => {
        const [left, right] = [toRanges(a), toRanges(b)];
        expect(toMembers(addRanges(left, right))).toEqual(sorted(new Set([...a, ...b])));
        expect(toMembers(subtractRanges(left, right))).toEqual(sorted(a.filter((n) => !b.includes(n))));
        expect(containsRanges(left, right)).toBe(b.every((n) => a.includes(n)));
        expect(countRanges(left)).toBe(a.length);
      }),
    );
  });

  it('keeps neighbours joined, so that equal sets have equal lists', () => {
    fc.assert(
      fc.property(members, members, (a, b) => {
        expect(addRanges(toRanges(a), toRanges(b))).toEqual(toRanges([...new Set([...a, ...b])]));
        expect(subtractRanges(toRanges(a), toRanges(b))).toEqual(toRanges(a.filter((n) => !b.includes(n))));
      }),
    );
  });
});
