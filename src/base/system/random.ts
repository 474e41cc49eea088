import { randomFillSync } from 'node:crypto';
import { formatUuid, type Random, randomUuidBytes } from '../random.js';

/** Unpredictable randomness of the operating system, for ids and jitter. */
export const systemRandom: Random = {
  next: () => (randomFillSync(new Uint32Array(1))[0] as number) / 2 ** 32,
};

/** As unpredictable, but asks the system for a thousand numbers at a time: for whoever draws many. */
export function createBufferedRandom(): Random {
  const buffer = new Uint32Array(1024);
  let used = buffer.length;
  return {
    next() {
      if (used === buffer.length) {
        randomFillSync(buffer);
        used = 0;
      }
      return (buffer[used++] as number) / 2 ** 32;
    },
  };
}

/** A fresh version 4 UUID as text. */
export function randomUuid(): string {
  return formatUuid(randomUuidBytes(systemRandom));
}
