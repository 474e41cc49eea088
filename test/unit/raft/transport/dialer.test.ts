import { afterEach, expect, test } from 'vitest';
import { seededRandom } from '../../../../src/base/random.js';
import { Dialer } from '../../../../src/raft/transport/dialer.js';
import { DEFAULT_TRANSPORT_LIMITS } from '../../../../src/raft/transport/peer-protocol.js';
import { closeAll, listenRaw, until } from './fixture.js';

const LIMITS = { ...DEFAULT_TRANSPORT_LIMITS, reconnectMinMs: 1, reconnectMaxMs: 3_600_000 };
const dialers: Dialer[] = [];

function dialerTo(address: string): { readonly dialer: Dialer; readonly seen: string[] } {
  const seen: string[] = [];
  const dialer = new Dialer({
    address,
    limits: LIMITS,
    random: seededRandom(1),
    onSocket: (socket) => {
      seen.push('connected');
      socket.destroy();
    },
    onFailed: (detail) => seen.push(detail),
  });
  dialers.push(dialer);
  return { dialer, seen };
}

afterEach(async () => {
  for (const dialer of dialers.splice(0)) dialer.stop();
  await closeAll();
});

test('a sign of life of the peer ends a long wait', async () => {
  const { address } = await listenRaw(() => undefined);
  const { dialer, seen } = dialerTo(address);
  for (let i = 0; i < 40; i++) dialer.again('bad');
  dialer.hurry();
  await until('the attempt', () => seen.length > 0);
  expect(seen).toEqual(['connected']);
});

test('it does not end the wait after a refusal, nor of a member that dialled itself', async () => {
  const { address } = await listenRaw(() => undefined);
  const refused = dialerTo(address);
  refused.dialer.again('hopeless');
  const self = dialerTo(address);
  self.dialer.again('self');
  for (const { dialer } of [refused, self]) dialer.hurry();
  const other = dialerTo(address);
  other.dialer.again('good');
  await until('one that is armed later', () => other.seen.length > 0);
  expect([...refused.seen, ...self.seen]).toEqual([]);
});

test('a good connection makes the next attempt come at once again', async () => {
  const { address } = await listenRaw(() => undefined);
  const { dialer, seen } = dialerTo(address);
  for (let i = 0; i < 40; i++) dialer.again('bad');
  dialer.again('good');
  await until('the attempt', () => seen.length > 0);
});

test('failures are told, and tried again', async () => {
  const { address, server } = await listenRaw(() => undefined);
  await new Promise((resolve) => server.close(resolve));
  const { dialer, seen } = dialerTo(address);
  dialer.start();
  await until('three attempts', () => seen.length === 3);
  expect(seen[0]).toContain('ECONNREFUSED');
});

test('names that do not exist are told as that', async () => {
  const { dialer, seen } = dialerTo('no-such-host.invalid:1');
  dialer.start();
  await until('the failure', () => seen.length > 0);
  expect(seen[0]).toMatch(/ENOTFOUND|EAI_AGAIN/);
});

test('a dialer that was stopped says nothing', async () => {
  const { address } = await listenRaw(() => undefined);
  const stopped = dialerTo(address);
  stopped.dialer.start();
  stopped.dialer.stop();
  const other = dialerTo(address);
  other.dialer.start();
  await until('one that was started later', () => other.seen.length > 0);
  expect(stopped.seen).toEqual([]);
});
