import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import { Timers } from '../../../src/base/timers.js';
import { RemovalLimiter } from '../../../src/daemon/master/core/agents/removal-limiter.js';
import { MAX_CHANNELS_PER_CONNECTION } from '../../../src/daemon/master/core/limits.js';
import { Jobs } from '../../../src/daemon/master/core/machine/jobs.js';
import { Outbox } from '../../../src/daemon/master/core/machine/outbox.js';
import { nextPeriodMs } from '../../../src/daemon/master/core/machine/periodic.js';
import { Proposals } from '../../../src/daemon/master/core/machine/proposals.js';
import { Turns } from '../../../src/daemon/master/core/machine/turns.js';
import { BoundedHistory, trimOldest } from '../../../src/daemon/master/core/model/bounded-history.js';
import { sameMessage } from '../../../src/daemon/master/core/model/equality.js';
import { Harness } from './support/harness.js';

describe('Turns', () => {
  it('run one at a time for each key, in order', () => {
    const turns = new Turns();
    const log: string[] = [];
    const ends: (() => void)[] = [];
    for (const name of ['a1', 'a2'])
      turns.take('a', (done) => {
        log.push(name);
        ends.push(done);
      });
    turns.take('b', (done) => {
      log.push('b');
      done();
    });
    expect(log).toEqual(['a1', 'b']);
    expect([turns.isBusy('a'), turns.isBusy('b')]).toEqual([true, false]);
    ends[0]?.();
    expect(log).toEqual(['a1', 'b', 'a2']);
    expect(() => ends[0]?.()).toThrow('a turn ends once');
    ends[1]?.();
    expect(turns.isBusy('a')).toBe(false);
  });
});

describe('Jobs', () => {
  it('run in order, cut at the budget', () => {
    const jobs = new Jobs();
    const log: string[] = [];
    function* work(name: string, units: number): Generator<void, void> {
      for (let i = 0; i < units; i++) {
        log.push(`${name}${i}`);
        yield;
      }
    }
    jobs.add(work('a', 2));
    jobs.add(work('b', 2));
    expect(jobs.run(3)).toBe(true);
    expect(log).toEqual(['a0', 'a1', 'b0']);
    expect(jobs.run(3)).toBe(false);
    expect(log).toEqual(['a0', 'a1', 'b0', 'b1']);
    expect(jobs.isIdle).toBe(true);
  });

  it('may add jobs while they run', () => {
    const jobs = new Jobs();
    let ran = false;
    function* inner(): Generator<void, void> {
      ran = true;
      yield;
    }
    function* outer(): Generator<void, void> {
      jobs.add(inner());
      yield;
    }
    jobs.add(outer());
    while (jobs.run(1));
    expect(ran).toBe(true);
  });
});

describe('Outbox and Proposals', () => {
  it('assert that an exchange is answered once and a proposal is known', () => {
    const outbox = new Outbox();
    outbox.openExchange(1);
    outbox.respond(1, 202);
    expect(() => outbox.respond(1, 202)).toThrow('exactly once');
    expect(outbox.take()).toHaveLength(1);
    expect(outbox.take()).toEqual([]);
    const proposals = new Proposals(outbox);
    let ok: boolean | undefined;
    proposals.propose({ prune: {} }, (result) => {
      ok = result.ok;
    });
    expect(() => proposals.applied(1, [])).toThrow('one result');
    proposals.applied(1, [{ ok: false, message: 'no' }]);
    expect(ok).toBe(false);
    expect(() => proposals.applied(1, [{ ok: true }])).toThrow('answered once');
  });
});

describe('RemovalLimiter', () => {
  it('gives permits first come, first served, and none to the cancelled', () => {
    const timers = new Timers<() => void>();
    const limiter = new RemovalLimiter(timers, { count: 2, perMs: 1000 });
    const log: string[] = [];
    for (const key of ['a', 'b', 'c']) limiter.acquire(0, key, () => log.push(key));
    const runTo = (nowMs: number) => {
      for (let run = timers.pop(nowMs); run !== undefined; run = timers.pop(nowMs)) run();
    };
    runTo(0);
    expect(log).toEqual(['a']);
    expect(limiter.cancel('b')).toBe(true);
    runTo(499);
    expect(log).toEqual(['a']);
    runTo(500);
    expect(log).toEqual(['a', 'c']);
    expect(limiter.cancel('c')).toBe(false);
  });
});

describe('small parts', () => {
  it('a bounded history keeps the newest, in order', () => {
    const history = new BoundedHistory<number>(3);
    for (let i = 0; i < 5; i++) history.push(i);
    expect([...history]).toEqual([2, 3, 4]);
    const nothing = new BoundedHistory<number>(0);
    nothing.push(1);
    expect([...nothing]).toEqual([]);
    const map = new Map([1, 2, 3].map((n) => [n, n]));
    expect(trimOldest(map, 1)).toEqual([1, 2]);
    expect([...map.keys()]).toEqual([3]);
  });

  it('messages are the same whatever is absent or undefined or empty', () => {
    expect(sameMessage({ a: 1, b: undefined, c: [] }, { a: 1 })).toBe(true);
    expect(sameMessage({ a: new Uint8Array([1]) }, { a: new Uint8Array([1]) })).toBe(true);
    expect(sameMessage({ a: new Uint8Array([1]) }, { a: [1] })).toBe(false);
    expect(sameMessage({ a: [{ b: 1 }] }, { a: [{ b: 2 }] })).toBe(false);
    expect(sameMessage({ a: 1 }, { a: '1' })).toBe(false);
    expect(sameMessage({ a: {} }, {})).toBe(false);
  });

  it('a period keeps its phase and skips what was slept through', () => {
    expect(nextPeriodMs(100, 15, 103)).toBe(115);
    expect(nextPeriodMs(100, 15, 1000)).toBe(1015);
  });

  it('a connection has a bounded number of channels', () => {
    const harness = new Harness();
    const events = Array.from({ length: MAX_CHANNELS_PER_CONNECTION + 1 }, (_, channel) => ({
      kind: 'agent-frame' as const,
      connectionId: 1,
      channel,
      remoteIp: '127.0.0.1',
      frame: { channel, sequence: 1, term: 1, pong: {} },
    }));
    const effects = harness.send(...events);
    const closed = effects.filter(({ kind }) => kind === 'close-channel');
    expect(closed).toEqual([
      { type: 'now', kind: 'close-channel', connectionId: 1, channel: MAX_CHANNELS_PER_CONNECTION },
    ]);
  });

  it('the same events with the same seed give the same effects', () => {
    const run = (seed: number) => {
      const harness = new Harness({ seed });
      harness.agent().register();
      harness.scheduler().subscribe();
      harness.advance(60_000);
      return harness.effects;
    };
    expect(run(3)).toEqual(run(3));
    expect(seededRandom(3).next()).not.toBe(seededRandom(4).next());
  });
});
