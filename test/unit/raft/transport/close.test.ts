import { afterEach, expect, test } from 'vitest';
import { closeAll, listenRaw, type RawPeer, startMember, startPair, until } from './fixture.js';

const realSet = globalThis.setTimeout;
const realClear = globalThis.clearTimeout;

/** Timers of exactly this delay that are armed and have not been cleared. */
function watchTimers(delayMs: number): Set<unknown> {
  const armed = new Set<unknown>();
  globalThis.setTimeout = ((callback: () => void, ms?: number) => {
    const timer = realSet(callback, ms);
    if (ms === delayMs) armed.add(timer);
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = (timer) => {
    armed.delete(timer);
    realClear(timer);
  };
  return armed;
}

afterEach(async () => {
  globalThis.setTimeout = realSet;
  globalThis.clearTimeout = realClear;
  await closeAll();
});

test('after close nothing is told, nothing is open, and the port is free', async () => {
  const limits = { helloTimeoutMs: 61_234, connectTimeoutMs: 61_234, idleTimeoutMs: 600_000 };
  const armed = watchTimers(61_234);
  const [a, b] = await startPair({ limits });
  const silent: RawPeer[] = [];
  const { address } = await listenRaw((peer) => silent.push(peer));
  a.transport.setAddresses([b.address, address]);
  await until('one that has not said who it is', () => silent[0]?.find('hello') !== undefined);
  expect(armed.size).toBeGreaterThan(0);
  await a.transport.close();
  expect(armed.size).toBe(0);
  const seen = [a.introductions.length, a.troubles.length];
  expect(a.disconnected).toEqual([]);
  await until('the other end', () => b.disconnected.length === 1);
  await startMember({ id: 'c', port: a.port });
  expect([a.introductions.length, a.troubles.length]).toEqual(seen);
  a.transport.setAddresses([b.address]);
  expect(a.transport.status()).toEqual([]);
});
