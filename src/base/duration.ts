import { type Rejection, reject } from './rejection.js';

const MS_OF_UNIT: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  secs: 1000,
  s: 1000,
  mins: 60_000,
  m: 60_000,
  hrs: 3_600_000,
  h: 3_600_000,
  days: 86_400_000,
  d: 86_400_000,
  weeks: 604_800_000,
};

/** Reads "10secs", "1.5hrs" (the Mesos units, spec page 02) and the short "10s", "5m", "2h", "1d"; milliseconds. */
export function parseDuration(text: string): number | Rejection {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/.exec(text);
  const perUnit = match?.[2] === undefined ? undefined : MS_OF_UNIT[match[2]];
  if (match === null || perUnit === undefined)
    return reject(
      'invalid',
      `"${text}" is not a duration: write a number and a unit, for example 500ms, 10secs, 5mins or 2hrs`,
    );
  return Number(match[1]) * perUnit;
}

const MESOS_UNITS: readonly (readonly [string, number])[] = [
  ['weeks', 604_800_000],
  ['days', 86_400_000],
  ['hrs', 3_600_000],
  ['mins', 60_000],
  ['secs', 1000],
  ['ms', 1],
];

/** Mesos duration text ("5secs", "1mins", "1.5hrs"): the largest unit that the value reaches. */
export function formatDuration(ms: number): string {
  for (const [unit, perUnit] of MESOS_UNITS) if (ms >= perUnit) return `${Number((ms / perUnit).toFixed(6))}${unit}`;
  return ms === 0 ? '0ns' : `${Math.round(ms * 1e6)}ns`;
}
