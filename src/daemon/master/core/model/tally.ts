/**
 * A running sum of the four scalars that people look at, in thousandths: what many records add up to, without walking them.
 * Never below zero as long as only what was added is taken away.
 */
import type { Resources } from '../../../../offers/resources/resources.js';

export class Tally {
  cpus = 0;
  gpus = 0;
  mem = 0;
  disk = 0;

  add(resources: Resources): void {
    this.#change(resources, 1);
  }

  subtract(resources: Resources): void {
    this.#change(resources, -1);
  }

  #change(resources: Resources, sign: 1 | -1): void {
    for (const { kind, milli } of resources.entries) {
      if (kind.type !== 'SCALAR') continue;
      if (kind.name === 'cpus') this.cpus += sign * milli;
      else if (kind.name === 'mem') this.mem += sign * milli;
      else if (kind.name === 'disk') this.disk += sign * milli;
      else if (kind.name === 'gpus') this.gpus += sign * milli;
    }
  }
}
