import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Timers } from '../../../src/base/timers.js';

const operation = fc.oneof(
  fc.record({ kind: fc.constant('arm' as const), deadlineMs: fc.integer({ min: 0, max: 50 }) }),
  fc.record({ kind: fc.constant('cancel' as const), pick: fc.nat() }),
  fc.record({ kind: fc.constant('pop' as const), nowMs: fc.integer({ min: 0, max: 60 }) }),
);

describe('Timers', () => {
  it('fires in order of deadline, then of arming, like a sorted list', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const timers = new Timers<number>();
        let model: { handle: number; deadlineMs: number; payload: number }[] = [];
        let payload = 0;
        for (const one of operations) {
          if (one.kind === 'arm') {
            payload += 1;
            model.push({ handle: timers.arm(one.deadlineMs, payload), deadlineMs: one.deadlineMs, payload });
          } else if (one.kind === 'cancel') {
            const victim = model[one.pick % Math.max(1, model.length)];
            expect(timers.cancel(victim?.handle)).toBe(victim !== undefined);
            model = model.filter((timer) => timer !== victim);
          } else {
            model.sort((a, b) => a.deadlineMs - b.deadlineMs || a.handle - b.handle);
            const due = model[0] !== undefined && model[0].deadlineMs <= one.nowMs ? model.shift() : undefined;
            expect(timers.pop(one.nowMs)).toBe(due?.payload);
          }
          expect(timers.size).toBe(model.length);
          const earliest = model.length === 0 ? undefined : Math.min(...model.map((timer) => timer.deadlineMs));
          expect(timers.nextDeadlineMs()).toBe(earliest);
        }
      }),
    );
  });

  it('does nothing on a handle that fired or never was', () => {
    const timers = new Timers<string>();
    const handle = timers.arm(5, 'x');
    expect(timers.pop(4)).toBeUndefined();
    expect(timers.pop(5)).toBe('x');
    expect(timers.cancel(handle)).toBe(false);
    expect(timers.cancel(undefined)).toBe(false);
    expect(timers.cancel(4711)).toBe(false);
  });
});
