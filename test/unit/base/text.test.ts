import { describe, expect, it } from 'vitest';
import { parseBytes } from '../../../src/base/bytes.js';
import { formatDuration, parseDuration } from '../../../src/base/duration.js';
import { formatUuid, randomUuidBytes, seededRandom, shuffle } from '../../../src/base/random.js';
import { isRejection } from '../../../src/base/rejection.js';

describe('durations', () => {
  it.each([
    ['10secs', 10_000],
    ['1.5hrs', 5_400_000],
    ['500ms', 500],
    ['2weeks', 1_209_600_000],
    ['5m', 300_000],
    [' 3 days ', 259_200_000],
    ['250us', 0.25],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '10', 'secs', '-5secs', '1e3secs', '5 fortnights'])('refuses "%s" and says what to write', (text) => {
    const parsed = parseDuration(text);
    expect(isRejection(parsed) && parsed.message).toContain('10secs');
  });

  it.each([
    [5000, '5secs'],
    [60_000, '1mins'],
    [900_000, '15mins'],
    [9_000_000, '2.5hrs'],
    [0, '0ns'],
    [0.25, '250000ns'],
  ])('writes %d ms as Mesos does', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('sizes', () => {
  it.each([
    ['2GB', 2 ** 31],
    ['64mb', 64 * 2 ** 20],
    ['1.5KB', 1536],
    ['7B', 7],
  ])('reads %s', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(['', '12', 'MB', '1XB'])('refuses "%s"', (text) => {
    expect(isRejection(parseBytes(text))).toBe(true);
  });
});

describe('seeded randomness', () => {
  it('repeats itself for one seed and differs for another', () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed);
      return Array.from({ length: 5 }, () => random.next());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('makes version 4 UUIDs', () => {
    expect(formatUuid(randomUuidBytes(seededRandom(1)))).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });

  it('shuffles without losing anything', () => {
    const items = Array.from({ length: 100 }, (_, i) => i);
    const shuffled = shuffle([...items], seededRandom(3));
    expect(shuffled).not.toEqual(items);
    expect(shuffled.sort((a, b) => a - b)).toEqual(items);
  });
});
