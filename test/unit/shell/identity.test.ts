import { expect, test } from 'vitest';
import { advertisedAddress, createMasterInfo, formatHost } from '../../../src/daemon/master/identity.js';
import { parseWhitelist } from '../../../src/daemon/master/whitelist.js';

const bound = { ip: '127.0.0.1', port: 5050 };

test('a master advertises what it was told to, else where it listens', () => {
  expect(advertisedAddress({}, bound)).toEqual({ ip: '127.0.0.1', port: 5050, hostname: '127.0.0.1' });
  expect(advertisedAddress({ hostname: 'm1', advertiseIp: '10.0.0.1', advertisePort: 80 }, bound)).toEqual({
    ip: '10.0.0.1',
    port: 80,
    hostname: 'm1',
  });
  expect(advertisedAddress({}, { ip: '0.0.0.0', port: 1 }).ip).not.toBe('0.0.0.0');
});

test('MasterInfo carries the address in every form that clients read', () => {
  const info = createMasterInfo({ id: 'x', address: { ip: '127.0.0.1', port: 5050, hostname: 'm1' } });
  expect(info).toMatchObject({
    id: 'x',
    ip: 16_777_343,
    port: 5050,
    pid: 'master@127.0.0.1:5050',
    hostname: 'm1',
    address: { hostname: 'm1', ip: '127.0.0.1', port: 5050 },
  });
  const high = createMasterInfo({ id: 'x', address: { ip: '10.0.0.200', port: 1, hostname: 'm' } });
  expect(high.ip).toBe(0xc800000a);
  const six = createMasterInfo({ id: 'x', address: { ip: '::1', port: 1, hostname: 'm' } });
  expect([six.ip, six.pid]).toEqual([0, 'master@[::1]:1']);
  expect(formatHost('::1')).toBe('[::1]');
});

test('a whitelist is one name per line, a single star is everybody', () => {
  expect(parseWhitelist(' a \n\nb\n')).toEqual(new Set(['a', 'b']));
  expect(parseWhitelist('*\n')).toBeNull();
  expect(parseWhitelist('')).toEqual(new Set());
});
