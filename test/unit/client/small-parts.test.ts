import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import { isRejection } from '../../../src/base/rejection.js';
import { formatAddress, parseAddress, parseAddresses, parseLocation } from '../../../src/client/address.js';
import { BackOff, pause } from '../../../src/client/back-off.js';
import { availableScalar, takeScalars } from '../../../src/client/offer-resources.js';
import { findProcessEnd } from '../../../src/client/task-end.js';
import { describeWaitStatus } from '../../../src/daemon/agent/core/tasks/wait-status.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { isTerminal } from '../../../src/wire/task-state.js';

describe('addresses', () => {
  it.each([
    ['m1', { host: 'm1', port: 5050 }],
    ['m1:80', { host: 'm1', port: 80 }],
    [' 10.0.0.1:5051 ', { host: '10.0.0.1', port: 5051 }],
    ['[::1]', { host: '::1', port: 5050 }],
    ['[fe80::1%eth0]:1', { host: 'fe80::1%eth0', port: 1 }],
    ['http://m1:5050/', { host: 'm1', port: 5050 }],
  ])('%s', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
    expect(parseAddress(formatAddress(address))).toEqual(address);
  });

  it.each(['', 'm1:0', 'm1:65536', 'm1:x', 'a b', '::1', 'https://m1', 'm1/path', 'zk://a:2181/mesos', 'u@h:1'])(
    'refuses "%s"',
    (text) => {
      expect(isRejection(parseAddress(text))).toBe(true);
    },
  );

  it('come in lists, each once', () => {
    expect(parseAddresses('a, b:1,a:5050,')).toEqual([
      { host: 'a', port: 5050 },
      { host: 'b', port: 1 },
    ]);
    expect(isRejection(parseAddresses(' , '))).toBe(true);
    expect(isRejection(parseAddresses(Array.from({ length: 65 }, (_, i) => `h${i}`).join()))).toBe(true);
  });

  it('come in Location headers', () => {
    expect(parseLocation('//10.0.0.2:5050/api/v1/scheduler')).toEqual({ host: '10.0.0.2', port: 5050 });
    expect(parseLocation('http://m2/master')).toEqual({ host: 'm2', port: 5050 });
    expect(parseLocation('//[::1]:5/x?y')).toEqual({ host: '::1', port: 5 });
    expect(isRejection(parseLocation('/api/v1'))).toBe(true);
    expect(isRejection(parseLocation(''))).toBe(true);
  });
});

describe('back-off', () => {
  it('doubles, is jittered, is bounded, and starts over', () => {
    const backOff = new BackOff({ firstMs: 100, maxMs: 1000 }, seededRandom(1));
    const waits = Array.from({ length: 50 }, () => backOff.nextMs());
    waits.forEach((wait, i) => {
      const step = Math.min(1000, 100 * 2 ** i);
      expect(wait).toBeGreaterThanOrEqual(step / 2);
      expect(wait).toBeLessThanOrEqual(step);
    });
    expect(new Set(waits.slice(10)).size).toBeGreaterThan(10);
    backOff.reset();
    expect(backOff.nextMs()).toBeLessThanOrEqual(100);
  });

  it('pauses end at once with their signal', async () => {
    const abort = new AbortController();
    const waiting = pause(60_000, abort.signal);
    abort.abort();
    await waiting;
    await pause(60_000, abort.signal);
  });
});

describe('takeScalars', () => {
  const scalar = (name: string, value: number, more: Partial<mesos.Resource> = {}): mesos.Resource => ({
    name,
    type: 'SCALAR',
    scalar: { value },
    ...more,
  });
  const reserved = { reservations: [{ type: 'DYNAMIC' as const, role: 'dev' }] };

  it('takes reserved resources first and keeps their form', () => {
    const offered = [
      scalar('cpus', 2, { allocation_info: { role: 'dev' } }),
      scalar('cpus', 1, reserved),
      scalar('mem', 100),
    ];
    expect(takeScalars(offered, { cpus: 1.5, mem: 100, disk: 0 })).toEqual([
      scalar('cpus', 1, reserved),
      scalar('cpus', 0.5, { allocation_info: { role: 'dev' } }),
      scalar('mem', 100),
    ]);
    expect(availableScalar(offered, 'cpus')).toBe(3);
  });

  it('takes nothing when one amount is missing', () => {
    expect(takeScalars([scalar('cpus', 4), scalar('mem', 10)], { cpus: 1, mem: 11 })).toBeUndefined();
    expect(takeScalars([], { cpus: 0.1 })).toBeUndefined();
    expect(takeScalars([], {})).toEqual([]);
  });

  it('leaves volumes, revocable and shared resources alone', () => {
    const offered = [
      scalar('disk', 100, { disk: { persistence: { id: 'v' } } }),
      scalar('disk', 100, { revocable: {} }),
      scalar('disk', 100, { shared: {} }),
    ];
    expect(takeScalars(offered, { disk: 1 })).toBeUndefined();
    expect(availableScalar(offered, 'disk')).toBe(0);
  });

  it('counts in thousandths', () => {
    expect(takeScalars([scalar('cpus', 0.3)], { cpus: 0.1 + 0.2 })).toEqual([scalar('cpus', 0.3)]);
  });
});

describe('findProcessEnd', () => {
  it('reads what our own agent writes, for every wait status', () => {
    for (let code = 0; code < 256; code++)
      expect(findProcessEnd({ message: `Command ${describeWaitStatus(code << 8)}` })).toEqual({
        kind: 'exited',
        exitStatus: code,
      });
    for (let signal = 1; signal <= 64; signal++)
      for (const core of [0, 0x80])
        expect(findProcessEnd({ message: `Command ${describeWaitStatus(signal | core)}` })).toEqual({
          kind: 'signaled',
          signal,
        });
  });

  it('does not guess', () => {
    expect(findProcessEnd({ message: undefined })).toBeUndefined();
    expect(findProcessEnd({ message: 'Failed to launch container: no such file' })).toBeUndefined();
    expect(findProcessEnd({ message: 'Command terminated with signal Nonsense' })).toBeUndefined();
  });

  it('knows which states are final', () => {
    expect(isTerminal('TASK_FINISHED')).toBe(true);
    expect(isTerminal('TASK_KILLING')).toBe(false);
    expect(isTerminal('TASK_UNREACHABLE')).toBe(false);
  });
});
