import { type Rejection, reject } from './rejection.js';

const BYTES_OF_UNIT: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/** Reads "64MB", "2GB" (powers of 1024, as in Mesos); bytes. */
export function parseBytes(text: string): number | Rejection {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|TB)\s*$/i.exec(text);
  const perUnit = BYTES_OF_UNIT[match?.[2]?.toUpperCase() ?? ''];
  if (match === null || perUnit === undefined)
    return reject('invalid', `"${text}" is not a size: write a number and a unit, for example 64MB or 2GB`);
  return Math.floor(Number(match[1]) * perUnit);
}
