import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRejection, type Rejection } from '../../../src/base/rejection.js';
import {
  applyConversion,
  applyOperation,
  type Conversion,
  conversionOf,
} from '../../../src/offers/resources/operations.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import { toPreRefinement } from '../../../src/offers/resources/validation.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { wireResources } from './arbitraries.js';

const ENG: mesos.Resource_ReservationInfo = { type: 'DYNAMIC', role: 'eng', principal: 'ops' };
const WEB: mesos.Resource_ReservationInfo = { type: 'DYNAMIC', role: 'eng/web', principal: 'ops' };

function good<T>(result: T | Rejection): T {
  if (isRejection(result)) throw new Error(result.message);
  return result;
}

/** What may be reserved on top of what it is; at least one, none zero. */
const free = wireResources
  .map((list) =>
    Resources.of(
      list
        .filter(({ disk, revocable }) => disk?.persistence === undefined && revocable === undefined)
        .map((resource) => ({ ...resource, reservations: undefined })),
    ).toWire(),
  )
  .filter((list) => list.length > 0);

const plainDisks = fc
  .uniqueArray(
    fc.record({
      id: fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('a', 'b', 'c') }),
      milli: fc.integer({ min: 2, max: 100_000 }),
      path: fc.boolean(),
      shared: fc.boolean(),
      allocated: fc.boolean(),
    }),
    { selector: ({ id }) => id, minLength: 1, maxLength: 4 },
  )
  .map((list) =>
    list.map(
      ({ id, milli, path, shared, allocated }): mesos.Resource => ({
        name: 'disk',
        type: 'SCALAR',
        scalar: { value: milli / 1000 },
        reservations: [ENG],
        disk: {
          persistence: { id, principal: 'ops' },
          volume: { container_path: 'data', mode: 'RW' },
          ...(path ? { source: { type: 'PATH' as const, path: { root: '/p' } } } : {}),
        },
        ...(shared ? { shared: {} } : {}),
        ...(allocated ? { allocation_info: { role: 'eng' } } : {}),
      }),
    ),
  );

function expectPreserved({ consumed, converted }: Conversion): void {
  expect(new Map([...converted.quantities()].sort())).toEqual(new Map([...consumed.quantities()].sort()));
}

/** The second operation takes back what the first did, on any resources that hold what it needs. */
function expectUndone(first: mesos.Offer_Operation, second: mesos.Offer_Operation, rest: Resources): void {
  const there = good(conversionOf(first));
  const back = good(conversionOf(second));
  expectPreserved(there);
  expectPreserved(back);
  const before = rest.add(there.consumed);
  const between = good(applyConversion(before, there));
  expect(between.contains(there.converted)).toBe(true);
  expect(good(applyConversion(between, back)).equals(before)).toBe(true);
}

describe('laws of the operations', () => {
  const others = wireResources.map((list) =>
    Resources.of(list.filter(({ disk, type }) => disk?.persistence === undefined && type === 'SCALAR')),
  );

  it('UNRESERVE undoes RESERVE, one level or two, in either format', () => {
    fc.assert(
      fc.property(free, others, fc.boolean(), fc.boolean(), (list, rest, refined, old) => {
        const stack = refined ? [ENG, WEB] : [ENG];
        const reserved = list.map((resource) => ({ ...resource, reservations: stack }));
        const resources = old && !refined ? toPreRefinement(reserved) : reserved;
        expectUndone(
          { type: 'RESERVE', reserve: { resources } },
          { type: 'UNRESERVE', unreserve: { resources } },
          rest.filter(({ kind }) => kind.type === 'SCALAR'),
        );
      }),
    );
  });

  it('RESERVE with a source goes from one reservation to another and back', () => {
    fc.assert(
      fc.property(free, (list) => {
        const source = list.map((resource) => ({ ...resource, reservations: [ENG] }));
        const resources = list.map((resource) => ({ ...resource, reservations: [ENG, WEB] }));
        expectUndone(
          { type: 'RESERVE', reserve: { source, resources } },
          { type: 'RESERVE', reserve: { source: resources, resources: source } },
          Resources.empty,
        );
      }),
    );
  });

  it('DESTROY undoes CREATE', () => {
    fc.assert(
      fc.property(plainDisks, others, (volumes, rest) => {
        expectUndone({ type: 'CREATE', create: { volumes } }, { type: 'DESTROY', destroy: { volumes } }, rest);
      }),
    );
  });

  it('SHRINK_VOLUME undoes GROW_VOLUME', () => {
    fc.assert(
      fc.property(plainDisks, fc.integer({ min: 1, max: 50_000 }), others, ([first], milli, rest) => {
        const { shared, ...volume } = first as mesos.Resource;
        const scalar = { value: milli / 1000 };
        const { persistence, volume: mount, ...source } = volume.disk ?? {};
        const { disk, ...base } = volume;
        const addition = source.source === undefined ? { ...base, scalar } : { ...base, scalar, disk: source };
        const grown = { ...volume, scalar: { value: (volume.scalar?.value ?? 0) + milli / 1000 } };
        expectUndone(
          { type: 'GROW_VOLUME', grow_volume: { volume, addition } },
          { type: 'SHRINK_VOLUME', shrink_volume: { volume: grown, subtract: scalar } },
          rest,
        );
      }),
    );
  });

  it('an operation on an agent does not depend on whom its resources were allocated to', () => {
    fc.assert(
      fc.property(plainDisks, (volumes) => {
        const conversion = good(conversionOf({ type: 'CREATE', create: { volumes } }));
        const total = conversion.consumed.unallocated();
        const after = good(applyOperation(total, { type: 'CREATE', create: { volumes } }));
        expect(after.equals(conversion.converted.unallocated())).toBe(true);
      }),
    );
  });

  it('what is not there cannot be converted', () => {
    fc.assert(
      fc.property(free, (list) => {
        const resources = list.map((resource) => ({ ...resource, reservations: [ENG] }));
        const result = applyOperation(Resources.empty, { type: 'RESERVE', reserve: { resources } });
        expect(isRejection(result) && result.code).toBe('conflict');
      }),
    );
  });
});
