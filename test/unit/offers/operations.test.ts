import { describe, expect, it } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import { applyOperation, conversionOf } from '../../../src/offers/resources/operations.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { create, destroy, grow, reserve, reserveFrom, shrink, unreserve } from './operation-messages.js';

const ENG: mesos.Resource_ReservationInfo = { type: 'DYNAMIC', role: 'eng' };

function cpus(value: number, more: Partial<mesos.Resource> = {}): mesos.Resource {
  return { name: 'cpus', type: 'SCALAR', scalar: { value }, ...more };
}

function disk(value: number, more: Partial<mesos.Resource> = {}): mesos.Resource {
  return { name: 'disk', type: 'SCALAR', scalar: { value }, reservations: [ENG], ...more };
}

function volume(value: number, id = 'v1', more: Partial<mesos.Resource> = {}): mesos.Resource {
  return disk(value, {
    disk: { persistence: { id }, volume: { container_path: 'data', mode: 'RW' } },
    ...more,
  });
}

const MOUNT: mesos.Resource_DiskInfo_Source = { type: 'MOUNT', mount: { root: '/m' } };
const on = (source: mesos.Resource_DiskInfo_Source): Partial<mesos.Resource> => ({
  disk: { persistence: { id: 'v1' }, volume: { container_path: 'data', mode: 'RW' }, source },
});

function messageOf(result: unknown): string {
  return isRejection(result) ? result.message : 'accepted';
}

describe('operations that are refused', () => {
  const web: mesos.Resource_ReservationInfo = { type: 'DYNAMIC', role: 'eng/web' };
  it.each<[string, mesos.Offer_Operation, string]>([
    ['nothing to reserve', reserve(), '`reserve.resources` is empty'],
    ['no message', { type: 'RESERVE' }, '`reserve.resources` is empty'],
    ['unreserved', reserve(cpus(1)), 'last reservation is not DYNAMIC'],
    ['static', reserve(cpus(1, { reservations: [{ type: 'STATIC', role: 'eng' }] })), 'is not DYNAMIC'],
    ['revocable', reserve(cpus(1, { reservations: [ENG], revocable: {} })), 'revocable'],
    ['to *', reserve(cpus(1, { reservations: [{ type: 'DYNAMIC', role: '*' }] })), "'*'"],
    ['not below', reserve(cpus(1, { reservations: [ENG, { type: 'DYNAMIC', role: 'x' }] })), "subrole of 'eng'"],
    ['negative', reserve(cpus(-1, { reservations: [ENG] })), 'negative'],
    ['zero', reserve(cpus(0, { reservations: [ENG] })), 'zero'],
    ['a volume', reserve(volume(10)), 'reserved before it is created'],
    ['of a provider', reserve(cpus(1, { reservations: [ENG], provider_id: { value: 'p' } })), 'providers'],
    ['from more', reserveFrom([cpus(2)], [cpus(1, { reservations: [ENG] })]), 'not the same resources'],
    [
      'from a mixture',
      reserveFrom(
        [cpus(1), cpus(1, { reservations: [ENG] })],
        [cpus(2, { reservations: [{ type: 'DYNAMIC', role: 'b' }] })],
      ),
      'not all reserved alike',
    ],
    [
      'from a static one',
      reserveFrom([cpus(1, { reservations: [{ type: 'STATIC', role: 'a' }] })], [cpus(1, { reservations: [ENG] })]),
      'static reservation cannot be replaced',
    ],
    ['unreserved twice', unreserve(cpus(1)), 'not dynamically reserved'],
    ['unreserve a volume', unreserve(volume(10)), 'until it is destroyed'],
    ['no persistence', create(disk(10)), '`disk.persistence`'],
    ['no volume', create(disk(10, { disk: { persistence: { id: 'v1' } } })), '`disk.volume`'],
    [
      'read-only',
      create(disk(10, { disk: { persistence: { id: 'v1' }, volume: { container_path: 'd', mode: 'RO' } } })),
      'mode RW',
    ],
    ['unreserved disk', create(volume(10, 'v1', { reservations: undefined })), 'reserved disk'],
    ['of RAW', create(volume(10, 'v1', on({ type: 'RAW', id: 'r' }))), 'RAW disk'],
    ['of BLOCK', create(volume(10, 'v1', on({ type: 'BLOCK', id: 'b' }))), 'BLOCK disk'],
    ['an id that is a path', create(volume(10, '../x')), 'persistence id'],
    ['one id twice', create(volume(10), volume(20)), 'same id and role'],
    ['shared cpus', reserve(cpus(1, { reservations: [ENG], shared: {} })), 'only persistent volumes can be shared'],
    ['destroy disk', destroy(disk(10)), 'not a persistent volume'],
    ['destroy twice', destroy(volume(10, 'v1', { shared: {} }), volume(10, 'v1', { shared: {} })), 'destroyed twice'],
    ['grow disk', grow(disk(10), disk(1)), 'not a persistent volume'],
    ['grow by another role', grow(volume(10), disk(1, { reservations: [ENG, web] })), 'same reservations'],
    ['grow by a volume', grow(volume(10), volume(1, 'v2')), 'itself a persistent volume'],
    ['grow a mount', grow(volume(10, 'v1', on(MOUNT)), disk(1)), 'whole disk'],
    ['grow a shared one', grow(volume(10, 'v1', { shared: {} }), disk(1)), 'shared'],
    ['shrink by nothing', shrink(volume(10), 0), 'above 0'],
    ['shrink by less', shrink(volume(10), -1), 'above 0'],
    ['shrink to nothing', shrink(volume(10), 10), 'cannot shrink by 10'],
    ['shrink a mount', shrink(volume(10, 'v1', on(MOUNT)), 1), 'whole disk'],
    ['not a conversion', { type: 'LAUNCH' }, 'does not convert'],
    ['for providers', { type: 'CREATE_DISK' }, 'does not convert'],
  ])('%s', (_, operation, message) => {
    expect(messageOf(conversionOf(operation))).toContain(message);
  });

  it('a second volume of the same id and role, with nothing changed', () => {
    const total = Resources.of([volume(10), disk(20)]);
    expect(messageOf(applyOperation(total, create(volume(5))))).toContain("volume 'v1' of role 'eng' is in use");
    expect(total.equals(Resources.of([volume(10), disk(20)]))).toBe(true);
  });

  it('part of a mount disk', () => {
    const total = Resources.of([disk(10, { disk: { source: MOUNT } })]);
    expect(messageOf(applyOperation(total, create(volume(5, 'v1', on(MOUNT)))))).toContain('do not contain');
    expect(messageOf(applyOperation(total, create(volume(10, 'v1', on(MOUNT)))))).toBe('accepted');
  });

  it('part of a volume', () => {
    expect(messageOf(applyOperation(Resources.of([volume(10)]), destroy(volume(5))))).toContain('do not contain');
  });
});
