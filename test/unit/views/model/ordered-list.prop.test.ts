import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Compare,
  compareNumbers,
  compareTexts,
  compareTextsDown,
  type Entry,
  OrderedList,
} from '../../../../src/views/model/ordered-list.js';

const ORDERS: Readonly<Record<string, { readonly compare: Compare; readonly sortOf: (n: number) => number | string }>> =
  {
    'numbers, many equal': { compare: compareNumbers, sortOf: (n) => n % 7 },
    numbers: { compare: compareNumbers, sortOf: (n) => (n % 11 === 0 ? Number.POSITIVE_INFINITY : -n) },
    texts: { compare: compareTexts, sortOf: (n) => String(n % 50) },
    'texts downwards': { compare: compareTextsDown, sortOf: (n) => String(n % 50) },
  };

const command = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('insert' as const), sort: fc.nat(1000) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('clear-out' as const), share: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('window' as const), from: fc.nat(3000), count: fc.nat(60) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('index' as const), which: fc.nat() }) },
);

function entryOf(sort: number | string, id: number): Entry<number> {
  return { sort, key: `k${(id * 7919) % 10_007}-${id}`, item: id, position: 0 };
}

describe('OrderedList', () => {
  for (const [name, { compare, sortOf }] of Object.entries(ORDERS))
    it(`is the sorted list, whatever comes and goes: ${name}`, () => {
      fc.assert(
        fc.property(fc.nat(3000), fc.array(command, { maxLength: 80 }), (loaded, commands) => {
          let next = 0;
          const all = Array.from({ length: loaded }, () => entryOf(sortOf((next * 31) % 997), next++));
          const list = new OrderedList<number>(compare, [...all]);
          const expected = () => all.toSorted(compare).map(({ item }) => item);
          const take = (which: number) => {
            const [entry] = all.splice(which % all.length, 1);
            if (entry !== undefined) list.remove(entry);
          };
          for (const command of commands) {
            if (command.kind === 'insert') {
              const entry = entryOf(sortOf(command.sort), next++);
              all.push(entry);
              list.insert(entry);
            } else if (command.kind === 'remove' && all.length > 0) take(command.which);
            else if (command.kind === 'clear-out')
              for (let i = (all.length * command.share) / 10; i > 0; i--) take(i * 13);
            else if (command.kind === 'window')
              expect(list.window(command.from, command.count)).toEqual(
                expected().slice(command.from, command.from + command.count),
              );
            else if (command.kind === 'index' && all.length > 0) {
              const entry = all[command.which % all.length] as Entry<number>;
              expect(list.indexOf(entry)).toBe(expected().indexOf(entry.item));
            }
          }
          expect(list.size).toBe(all.length);
          expect(list.window(0, all.length + 1)).toEqual(expected());
        }),
        { numRuns: 40 },
      );
    });
});
