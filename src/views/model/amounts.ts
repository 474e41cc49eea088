/**
 * Sums of resources that stay exact however often something is added and taken away: kept in whole thousandths, the precision of
 * Mesos scalars. Pure.
 */
import type * as api from '../../wire/gen/mesoctl-api.js';
import type { Amounts } from './cluster-model.js';

const PARTS = 1000;

export class AmountSum {
  #cpus = 0;
  #gpus = 0;
  #memMb = 0;
  #diskMb = 0;

  add(amounts: api.Amounts | undefined, sign: 1 | -1): void {
    if (amounts === undefined) return;
    this.#cpus += sign * partsOf(amounts.cpus);
    this.#gpus += sign * partsOf(amounts.gpus);
    this.#memMb += sign * partsOf(amounts.mem_mb);
    this.#diskMb += sign * partsOf(amounts.disk_mb);
  }

  /** This, and what it lacks to `parts` together: what is used exists. */
  atLeast(...parts: readonly AmountSum[]): AmountSum {
    const most = new AmountSum();
    const sum = (of: (part: AmountSum) => number) => parts.reduce((total, part) => total + of(part), 0);
    most.#cpus = Math.max(
      this.#cpus,
      sum((part) => part.#cpus),
    );
    most.#gpus = Math.max(
      this.#gpus,
      sum((part) => part.#gpus),
    );
    most.#memMb = Math.max(
      this.#memMb,
      sum((part) => part.#memMb),
    );
    most.#diskMb = Math.max(
      this.#diskMb,
      sum((part) => part.#diskMb),
    );
    return most;
  }

  without(...parts: readonly AmountSum[]): AmountSum {
    const rest = new AmountSum();
    for (const [part, sign] of [[this, 1], ...parts.map((one) => [one, -1] as const)] as const) {
      rest.#cpus += sign * part.#cpus;
      rest.#gpus += sign * part.#gpus;
      rest.#memMb += sign * part.#memMb;
      rest.#diskMb += sign * part.#diskMb;
    }
    return rest;
  }

  toAmounts(): Amounts {
    return {
      cpus: this.#cpus / PARTS,
      gpus: this.#gpus / PARTS,
      memMb: this.#memMb / PARTS,
      diskMb: this.#diskMb / PARTS,
    };
  }
}

function partsOf(amount: number | undefined): number {
  return amount === undefined ? 0 : Math.round(amount * PARTS);
}
