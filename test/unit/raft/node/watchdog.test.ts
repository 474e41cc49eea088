import { describe, expect, test } from 'vitest';
import { END_AFTER_MS, PING_INTERVAL_MS, RESIGN_AFTER_MS, Watchdog } from '../../../../src/raft/node/watchdog.js';

const START_MS = 1_000;

/** Kinds of actions of the ticks from `fromMs` to `toMs`, pings left out. */
function run(dog: Watchdog, fromMs: number, toMs: number): readonly string[] {
  const kinds: string[] = [];
  for (let at = fromMs; at <= toMs; at += PING_INTERVAL_MS)
    kinds.push(...dog.tick(START_MS + at).map(({ kind }) => kind));
  return kinds.filter((kind) => kind !== 'ping');
}

describe('Watchdog', () => {
  test('pings at every tick, each with a new number', () => {
    const dog = new Watchdog(START_MS);
    expect(dog.tick(START_MS + 500)).toEqual([{ kind: 'ping', ping: 1 }]);
    expect(dog.tick(START_MS + 1000)).toEqual([{ kind: 'ping', ping: 2 }]);
  });

  test('resigns once after the silence allowed, and ends the process later', () => {
    const dog = new Watchdog(START_MS);
    expect(run(dog, 500, RESIGN_AFTER_MS - 500)).toEqual([]);
    expect(run(dog, RESIGN_AFTER_MS, END_AFTER_MS - 500)).toEqual(['resign']);
    expect(run(dog, END_AFTER_MS, END_AFTER_MS)).toEqual(['end']);
  });

  test('an answer restores the member, however late it is', () => {
    const dog = new Watchdog(START_MS);
    run(dog, 500, RESIGN_AFTER_MS);
    expect(dog.onPong(START_MS + RESIGN_AFTER_MS + 100)).toEqual([{ kind: 'recovered' }]);
    expect(dog.onPong(START_MS + RESIGN_AFTER_MS + 200)).toEqual([]);
    expect(run(dog, RESIGN_AFTER_MS + 500, 2 * RESIGN_AFTER_MS - 500)).toEqual([]);
    expect(run(dog, 2 * RESIGN_AFTER_MS + 500, 2 * RESIGN_AFTER_MS + 500)).toEqual(['resign']);
  });

  test('a machine that slept is not a thread that hangs', () => {
    const dog = new Watchdog(START_MS);
    run(dog, 500, 1_000);
    const awakeMs = START_MS + 3_600_000;
    expect(dog.tick(awakeMs).map(({ kind }) => kind)).toEqual(['ping']);
    expect(dog.tick(awakeMs + RESIGN_AFTER_MS - 1_500).map(({ kind }) => kind)).toEqual(['ping']);
  });
});
