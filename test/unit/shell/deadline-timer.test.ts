import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeadlineTimer } from '../../../src/base/system/deadline-timer.js';

describe('the timer of a core', () => {
  let nowMs = 1000;
  let fired: number[] = [];
  const clock = { now: () => ({ monotonicMs: nowMs, unixMs: 0 }) };
  const create = () => new DeadlineTimer(clock, () => fired.push(nowMs));
  const pass = (ms: number) => {
    for (let i = 0; i < ms; i++) {
      nowMs += 1;
      vi.advanceTimersByTime(1);
    }
  };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    nowMs = 1000;
    fired = [];
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('fires once at the deadline it follows last', () => {
    const timer = create();
    timer.follow(1050);
    timer.follow(1020);
    timer.follow(1020);
    pass(100);
    expect(fired).toEqual([1020]);
  });

  it('is armed again for a deadline that a step did not satisfy', () => {
    const timer = create();
    timer.follow(1010);
    pass(10);
    timer.follow(1010);
    pass(1);
    expect(fired).toEqual([1010, 1011]);
  });

  it('keeps silent without a deadline and after stop', () => {
    const timer = create();
    timer.follow(1010);
    timer.follow(undefined);
    pass(20);
    timer.follow(1040);
    timer.stop();
    pass(50);
    expect(fired).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not take a far deadline for a near one', () => {
    const timer = create();
    timer.follow(1000 + 2 ** 32);
    pass(5);
    expect(fired).toEqual([]);
    timer.stop();
  });
});
