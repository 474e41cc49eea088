import { describe, expect, it } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import { formatAttributes, parseAttributes, sameAttributes } from '../../../src/offers/resources/attributes.js';
import { parseResourceList } from '../../../src/offers/resources/resource-text.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import { isAllocatableToRole, isStrictSubroleOf } from '../../../src/offers/resources/roles.js';
import {
  toEndpointFormat,
  toPostRefinement,
  toPreRefinement,
  validateResources,
} from '../../../src/offers/resources/validation.js';
import { parseValue } from '../../../src/offers/resources/value-text.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { validateRole } from '../../../src/wire/validation/roles.js';
import { res } from './fixtures.js';

const scalar = (name: string, value: number, more: Partial<mesos.Resource> = {}): mesos.Resource => ({
  name,
  type: 'SCALAR',
  scalar: { value },
  ...more,
});
const volume = (id: string, size: number, more: Partial<mesos.Resource> = {}): mesos.Resource =>
  scalar('disk', size, {
    reservations: [{ type: 'DYNAMIC', role: 'eng' }],
    disk: { persistence: { id }, volume: { container_path: 'data', mode: 'RW' } },
    ...more,
  });
const complaint = (resource: mesos.Resource): string | undefined => validateResources([resource])?.message;

describe('scalars', () => {
  it('are thousandths, so sums of decimals are exact', () => {
    let sum = Resources.empty;
    for (let i = 0; i < 10; i++) sum = sum.add(res('cpus:0.1'));
    expect(sum.equals(res('cpus:1'))).toBe(true);
    expect(sum.scalar('cpus')).toBe(1);
  });

  it('round to three decimals and vanish below', () => {
    expect(res('cpus:1.2345').scalar('cpus')).toBe(1.235);
    expect(res('cpus:0.0004').isEmpty).toBe(true);
    expect(res('cpus:0').isEmpty).toBe(true);
  });
});

describe('resources that go as a whole', () => {
  const mount = (size: number) => scalar('disk', size, { disk: { source: { type: 'MOUNT', mount: { root: '/m' } } } });

  it('stay apart when added and are not divided', () => {
    const two = Resources.of([mount(100), mount(100)]);
    expect(two.entries.length).toBe(2);
    expect(two.contains(Resources.of([mount(50)]))).toBe(false);
    expect(two.subtract(Resources.of([mount(50)]))).toBe(two);
    expect(two.subtract(Resources.of([mount(100)])).equals(Resources.of([mount(100)]))).toBe(true);
    expect(Resources.of([mount(100)]).contains(two)).toBe(false);
  });

  it('PATH disks and RAW disks without an id are divisible', () => {
    const path = (size: number) => scalar('disk', size, { disk: { source: { type: 'PATH', path: { root: '/p' } } } });
    const raw = (size: number, id?: string) => scalar('disk', size, { disk: { source: { type: 'RAW', id } } });
    expect(Resources.of([path(10), path(5)]).equals(Resources.of([path(15)]))).toBe(true);
    expect(Resources.of([raw(10), raw(5)]).contains(Resources.of([raw(12)]))).toBe(true);
    expect(Resources.of([raw(10, 'x')]).contains(Resources.of([raw(5, 'x')]))).toBe(false);
  });

  it('a persistent volume is the same one whatever path a task mounts it at', () => {
    const elsewhere = volume('v', 10, {
      disk: { persistence: { id: 'v' }, volume: { container_path: 'x', mode: 'RO' } },
    });
    expect(Resources.of([volume('v', 10)]).contains(Resources.of([elsewhere]))).toBe(true);
    expect(Resources.of([volume('v', 10)]).contains(Resources.of([volume('w', 10)]))).toBe(false);
  });

  it('shared volumes are counted, not summed', () => {
    const one = Resources.of([volume('v', 10, { shared: {} })]);
    const three = one.add(one).add(one);
    expect(three.entries.map(({ count }) => count)).toEqual([3]);
    expect(three.scalar('disk')).toBe(10);
    expect(three.subtract(one).subtract(one).equals(one)).toBe(true);
    expect(one.contains(three)).toBe(false);
    expect(three.contains(one.add(one))).toBe(true);
    expect(three.toWire().length).toBe(1);
  });
});

describe('what keeps resources apart', () => {
  it.each<[string, Partial<mesos.Resource>]>([
    ['principal', { reservations: [{ type: 'DYNAMIC', role: 'eng', principal: 'p' }] }],
    ['labels', { reservations: [{ type: 'DYNAMIC', role: 'eng', labels: { labels: [{ key: 'k' }] } }] }],
    ['static or dynamic', { reservations: [{ type: 'STATIC', role: 'eng' }] }],
    ['revocable', { reservations: [{ type: 'DYNAMIC', role: 'eng' }], revocable: {} }],
    ['provider', { reservations: [{ type: 'DYNAMIC', role: 'eng' }], provider_id: { value: 'p' } }],
    ['allocation', { reservations: [{ type: 'DYNAMIC', role: 'eng' }], allocation_info: { role: 'eng' } }],
  ])('%s', (_what, more) => {
    const plain = Resources.of([scalar('cpus', 1, { reservations: [{ type: 'DYNAMIC', role: 'eng' }] })]);
    const other = Resources.of([scalar('cpus', 1, more)]);
    expect(plain.contains(other)).toBe(false);
    expect(plain.add(other).entries.length).toBe(2);
  });

  it('not the order of labels', () => {
    const labelled = (...keys: string[]) =>
      Resources.of([
        scalar('cpus', 1, {
          reservations: [{ type: 'DYNAMIC', role: 'eng', labels: { labels: keys.map((key) => ({ key })) } }],
        }),
      ]);
    expect(labelled('a', 'b').equals(labelled('b', 'a'))).toBe(true);
    expect(labelled('a', 'b').equals(labelled('a', 'a'))).toBe(false);
  });
});

describe('text', () => {
  it('reads names, roles, scalars, ranges and sets', () => {
    const resources = res('cpus:4; mem(eng) : 1024 ;ports:[31000-31005, 31010 - 31012];tags:{b, a}');
    expect(resources.toString()).toBe(
      'cpus:4; mem(reservations: [(STATIC,eng)]):1024; ports:[31000-31005, 31010-31012]; tags:{a, b}',
    );
  });

  it('gives the default role to what names none, and merges', () => {
    const parsed = Resources.parse('cpus:1;cpus:2;mem(*):5', 'eng');
    expect(String(parsed)).toBe('cpus(reservations: [(STATIC,eng)]):3; mem:5');
  });

  it('reads a JSON array, with the default role for entries that have none', () => {
    const parsed = Resources.parse(
      '[{"name":"cpus","type":"SCALAR","scalar":{"value":2}},{"name":"disk","type":"SCALAR","scalar":{"value":9},"role":"*","disk":{"source":{"type":"PATH","path":{"root":"/d"}}}}]',
      'eng',
    );
    expect(String(parsed)).toBe('cpus(reservations: [(STATIC,eng)]):2; disk[PATH:/d]:9');
  });

  it('keeps zero amounts in the list: naming switches detection off', () => {
    const listed = parseResourceList('cpus:0;mem:5');
    expect(isRejection(listed) ? listed : listed.map(({ name }) => name)).toEqual(['cpus', 'mem']);
  });

  it('prints everything that tells resources apart', () => {
    const resources = Resources.of([
      volume('v', 10, { shared: {}, allocation_info: { role: 'eng' } }),
      scalar('cpus', 1.5, { revocable: {} }),
    ]);
    expect(resources.toString()).toBe(
      'disk(allocated: eng)(reservations: [(DYNAMIC,eng)])[v:data]<SHARED>:10; cpus{REV}:1.5',
    );
    expect(Resources.empty.toString()).toBe('{}');
  });

  it.each([
    'cpus',
    'cpus:1:2',
    'cpus:-1',
    'cpus:inf',
    'cpus:nan',
    'cpus:abc',
    'ports:[5-1]',
    'ports:[1-2',
    'ports:[1-2-3]',
    'ports:[0-9007199254740992]',
    'cpus(a/../b):1',
    'cpus(eng:1',
    ':4',
    'cpus:1e300',
    '[{"name":"cpus"}]',
    '[1',
    '[{"name":"disk","type":"SCALAR","scalar":{"value":1},"shared":{}}]',
  ])('refuses %s', (text) => {
    expect(isRejection(Resources.parse(text))).toBe(true);
  });

  it('follows the value grammar: negative numbers are text', () => {
    expect(parseValue('-1')).toEqual({ type: 'TEXT', text: { value: '-1' } });
    expect(parseValue('a b')).toEqual({ type: 'TEXT', text: { value: 'ab' } });
    expect(isRejection(parseValue('a[1]'))).toBe(true);
    expect(parseValue('1.5')).toEqual({ type: 'SCALAR', scalar: { value: 1.5 } });
  });
});

describe('validation', () => {
  it('tolerates zero, refuses negative, huge and not finite scalars', () => {
    expect(complaint(scalar('gpus', 0))).toBeUndefined();
    for (const value of [-1, 1e16, Number.NaN, Number.POSITIVE_INFINITY])
      expect(complaint(scalar('cpus', value))).toBeDefined();
  });

  it.each<[string, mesos.Resource]>([
    ['no name', scalar('', 1)],
    ['another value than the type says', { name: 'cpus', type: 'RANGES', scalar: { value: 1 } }],
    ['two values', { ...scalar('cpus', 1), ranges: { range: [] } }],
    ['text', { name: 'cpus', type: 'TEXT' }],
    [
      'overlapping ranges',
      {
        name: 'p',
        type: 'RANGES',
        ranges: {
          range: [
            { begin: 1, end: 5 },
            { begin: 5, end: 6 },
          ],
        },
      },
    ],
    ['bounds that no double holds', { name: 'p', type: 'RANGES', ranges: { range: [{ begin: 1, end: 2n ** 60n }] } }],
    ['an item twice', { name: 's', type: 'SET', set: { item: ['a', 'a'] } }],
    ['disk info on cpus', scalar('cpus', 1, { disk: {} })],
    ['a PATH with a mount', scalar('disk', 1, { disk: { source: { type: 'PATH', mount: { root: '/' } } } })],
    ['an unknown disk source', scalar('disk', 1, { disk: { source: { type: 'UNKNOWN' } } })],
    ['a reservation to *', scalar('cpus', 1, { role: '*', reservation: {} })],
    ['a typed reservation in the old format', scalar('cpus', 1, { role: 'eng', reservation: { type: 'DYNAMIC' } })],
    ['both formats', scalar('cpus', 1, { role: 'eng', reservations: [{ type: 'STATIC', role: 'eng' }] })],
    ['a stack without a type', scalar('cpus', 1, { reservations: [{ role: 'eng' }] })],
    ['a stack to *', scalar('cpus', 1, { reservations: [{ type: 'STATIC', role: '*' }] })],
    [
      'STATIC above the bottom',
      scalar('cpus', 1, {
        reservations: [
          { type: 'DYNAMIC', role: 'eng' },
          { type: 'STATIC', role: 'eng/a' },
        ],
      }),
    ],
    [
      'a refinement that is no subrole',
      scalar('cpus', 1, {
        reservations: [
          { type: 'DYNAMIC', role: 'eng' },
          { type: 'DYNAMIC', role: 'ops' },
        ],
      }),
    ],
    ['shared without a volume', scalar('cpus', 1, { shared: {} })],
  ])('refuses %s', (_what, resource) => {
    expect(complaint(resource)).toBeDefined();
  });

  it('converts between the three formats', () => {
    const post = [
      scalar('cpus', 1),
      scalar('cpus', 2, { reservations: [{ type: 'STATIC', role: 'a' }] }),
      scalar('cpus', 3, { reservations: [{ type: 'DYNAMIC', role: 'b', principal: 'p' }] }),
    ];
    const pre = toPreRefinement(post);
    expect(pre).toEqual([
      scalar('cpus', 1, { role: '*' }),
      scalar('cpus', 2, { role: 'a' }),
      scalar('cpus', 3, { role: 'b', reservation: { principal: 'p' } }),
    ]);
    expect(toPostRefinement(pre)).toEqual(post);
    expect(toEndpointFormat(post)).toEqual(
      post.map((resource, i) => ({
        ...resource,
        role: pre[i]?.role,
        ...(i === 2 ? { reservation: { principal: 'p' } } : {}),
      })),
    );
  });
});

describe('roles', () => {
  it.each(['*', 'eng', 'eng/web', 'a.b', 'a-b', 'eng/...'])('%s is a role', (role) => {
    expect(validateRole(role)).toBeUndefined();
  });

  it.each([
    '',
    '/',
    '/eng',
    'eng/',
    'a//b',
    '.',
    '..',
    'a/.',
    'a/..',
    '-a',
    'a/-b',
    'a/*',
    '* ',
    'a b',
    'a\tb',
    'a\x7f',
  ])('"%s" is none', (role) => {
    expect(validateRole(role)).toBeDefined();
  });

  it('reservations reach down, never up or sideways', () => {
    expect(isStrictSubroleOf('eng/web', 'eng')).toBe(true);
    expect(isStrictSubroleOf('engine', 'eng')).toBe(false);
    expect(isAllocatableToRole('eng', 'eng/web')).toBe(true);
    expect(isAllocatableToRole('eng/web', 'eng')).toBe(false);
    expect(isAllocatableToRole('*', 'eng')).toBe(true);
    expect(res('cpus:1;mem(eng):2;mem(eng/web):3;mem(ops):4').allocatableTo('eng/web').toString()).toBe(
      'cpus:1; mem(reservations: [(STATIC,eng)]):2; mem(reservations: [(STATIC,eng/web)]):3',
    );
  });
});

describe('attributes', () => {
  it('split on the first colon only, and keep what is no scalar as text', () => {
    const parsed = parseAttributes('rack:r1;url:http://x:80\nlevel:10;ports:[1-2,3-4];cold:-5');
    expect(isRejection(parsed)).toBe(false);
    if (isRejection(parsed)) return;
    expect(formatAttributes(parsed)).toBe('rack:r1;url:http://x:80;level:10;ports:[1-4];cold:-5');
    expect(parsed.map(({ type }) => type)).toEqual(['TEXT', 'TEXT', 'SCALAR', 'RANGES', 'TEXT']);
  });

  it.each(['rack', ':r1', 'rack:', 'rack:[1-'])('refuse %s', (text) => {
    expect(isRejection(parseAttributes(text))).toBe(true);
  });

  it('differ by name, type, value and order', () => {
    const parse = (text: string) => parseAttributes(text) as mesos.Attribute[];
    expect(sameAttributes(parse('a:1;b:x'), parse('a:1.0;b:x'))).toBe(true);
    expect(sameAttributes(parse('a:1;b:x'), parse('b:x;a:1'))).toBe(false);
    expect(sameAttributes(parse('a:1'), parse('a:2'))).toBe(false);
  });
});
