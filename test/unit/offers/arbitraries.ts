/** Generators of valid wire resources, small enough that keys collide often. */
import fc from 'fast-check';
import { Resources } from '../../../src/offers/resources/resources.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';

const scalarValue = fc.integer({ min: 0, max: 5000 }).map((milli) => ({ value: milli / 1000 }));

const ranges = fc.array(fc.tuple(fc.nat(60), fc.nat(4)), { maxLength: 4 }).map((pairs) => {
  const taken = new Set<number>();
  const range: mesos.Value_Range[] = [];
  for (const [begin, length] of pairs) {
    const members = Array.from({ length: length + 1 }, (_, i) => begin + i);
    if (members.some((member) => taken.has(member))) continue;
    for (const member of members) taken.add(member);
    range.push({ begin, end: begin + length });
  }
  return { range };
});

const set = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 }).map((item) => ({ item }));

const reservations = fc.constantFrom<mesos.Resource_ReservationInfo[][]>(
  [],
  [{ type: 'STATIC', role: 'eng' }],
  [{ type: 'DYNAMIC', role: 'eng', principal: 'ops' }],
  [{ type: 'DYNAMIC', role: 'eng', labels: { labels: [{ key: 'k', value: 'v' }] } }],
  [
    { type: 'STATIC', role: 'eng' },
    { type: 'DYNAMIC', role: 'eng/web', principal: 'ops' },
  ],
);

const plainDisk = fc.constantFrom<(mesos.Resource_DiskInfo | undefined)[]>(
  undefined,
  { source: { type: 'PATH', path: { root: '/p' } } },
  { source: { type: 'MOUNT', mount: { root: '/m1' } } },
  { source: { type: 'RAW', id: 'raw1' } },
);

const allocation = fc.constantFrom<(mesos.Resource_AllocationInfo | undefined)[]>(
  undefined,
  { role: 'eng' },
  { role: 'x' },
);

/** Scalars and whole disks: what subtraction undoes exactly. */
const scalarResource: fc.Arbitrary<mesos.Resource> = fc
  .record({
    name: fc.constantFrom('cpus', 'mem'),
    scalar: scalarValue,
    reservations,
    revocable: fc.constantFrom(undefined, undefined, {}),
    allocation_info: allocation,
  })
  .map((fields) => ({ type: 'SCALAR' as const, ...fields }));

const diskResource: fc.Arbitrary<mesos.Resource> = fc
  .record({ scalar: scalarValue, disk: plainDisk, reservations, allocation_info: allocation })
  .map((fields) => ({ name: 'disk', type: 'SCALAR' as const, ...fields }));

const volumeResource: fc.Arbitrary<mesos.Resource> = fc
  .record({
    id: fc.constantFrom('v1', 'v2', 'v3'),
    size: fc.constantFrom(10, 20),
    shared: fc.boolean(),
    allocation_info: allocation,
  })
  .map(({ id, size, shared, allocation_info }) => ({
    name: 'disk',
    type: 'SCALAR' as const,
    scalar: { value: size },
    disk: { persistence: { id }, volume: { container_path: 'data', mode: 'RW' as const } },
    reservations: [{ type: 'DYNAMIC' as const, role: 'eng' }],
    shared: shared ? {} : undefined,
    allocation_info,
  }));

const listResource: fc.Arbitrary<mesos.Resource> = fc.oneof(
  fc.record({ ranges, reservations, allocation_info: allocation }).map((fields) => ({
    name: 'ports',
    type: 'RANGES' as const,
    ...fields,
  })),
  fc.record({ set, allocation_info: allocation }).map((fields) => ({ name: 'tags', type: 'SET' as const, ...fields })),
);

export const wireResources = fc.array(fc.oneof(scalarResource, diskResource, volumeResource, listResource), {
  maxLength: 8,
});
export const anyResources = wireResources.map((wire) => Resources.of(wire));
export const additiveResources = fc
  .array(fc.oneof(scalarResource, diskResource, volumeResource), { maxLength: 8 })
  .map((wire) => Resources.of(wire));
/** More entries than pairwise comparison is used for. */
export const manyResources = fc
  .array(fc.oneof(scalarResource, diskResource, volumeResource), { minLength: 30, maxLength: 60 })
  .map((wire) => Resources.of(wire));
