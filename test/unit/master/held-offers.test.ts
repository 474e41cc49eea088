import { describe, expect, it } from 'vitest';
import { offeredPair } from './support/scenarios.js';

const HELD_MS = 5_000;

const rescindsOf = (events: readonly { readonly type?: string | undefined }[]) =>
  events.filter(({ type }) => type === 'RESCIND');

describe('--rescind-held-offers-after', () => {
  it('takes an old offer back when somebody else waits, who is offered it then', () => {
    const { harness, scheduler } = offeredPair({}, { config: { rescindHeldOffersAfterMs: HELD_MS } });
    const waiting = harness.scheduler();
    waiting.subscribe();
    harness.advance(HELD_MS - 1_000);
    expect(rescindsOf(scheduler.events)).toEqual([]);
    harness.advance(2_000);
    expect(rescindsOf(scheduler.events)).toHaveLength(1);
    expect(waiting.offers).toHaveLength(1);
    expect(scheduler.offers).toEqual([]);
  });

  it('leaves it where nobody else waits, and looks again later', () => {
    const { harness, scheduler } = offeredPair({}, { config: { rescindHeldOffersAfterMs: HELD_MS } });
    harness.advance(3 * HELD_MS);
    expect(rescindsOf(scheduler.events)).toEqual([]);
    harness.scheduler().subscribe();
    harness.advance(HELD_MS + 1_000);
    expect(rescindsOf(scheduler.events)).toHaveLength(1);
  });

  it('does nothing unless it is set', () => {
    const { harness, scheduler } = offeredPair();
    harness.scheduler().subscribe();
    harness.advance(4 * HELD_MS);
    expect(rescindsOf(scheduler.events)).toEqual([]);
  });
});
