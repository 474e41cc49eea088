/**
 * What the cluster did lately: series of one point each 5 s, and rates as differences of the master's counts. A new master
 * counts from zero: its first counts are then the base. Pure; time is the master's.
 */
import type * as api from '../../wire/gen/mesoctl-api.js';
import type { History, Totals } from './cluster-model.js';

const SAMPLE_SECONDS = 5;
const MOST_POINTS = 120;
const WINDOW_SECONDS = 300;

interface CountSample {
  readonly time: number;
  readonly launched: number;
  readonly sent: number;
  readonly finished: number;
  readonly failed: number;
  readonly lost: number;
  readonly accepted: number;
  readonly declined: number;
}

type Series = 'cpus' | 'mem' | 'disk' | 'gpus' | 'launchesPerSecond' | 'offersPerSecond';
const NO_SERIES: Readonly<Record<Series, readonly number[]>> = {
  cpus: [],
  mem: [],
  disk: [],
  gpus: [],
  launchesPerSecond: [],
  offersPerSecond: [],
};

export class HistoryBook {
  /** Oldest first, at most one a second, the last 5 minutes and one before them. */
  readonly #counts: CountSample[] = [];
  #series = NO_SERIES;
  #sampledAt: number | undefined;

  onCounts(counts: api.Counts, time: number): void {
    const sample = sampleOf(counts, time);
    const last = this.#counts.at(-1);
    if (last !== undefined && (sample.sent < last.sent || sample.launched < last.launched)) this.#counts.length = 0;
    else if (last !== undefined && time - last.time < 0.5 && this.#counts.length > 1) this.#counts.pop();
    this.#counts.push(sample);
    while ((this.#counts[1]?.time ?? time) <= time - WINDOW_SECONDS) this.#counts.shift();
  }

  /** Adds a point to each series if it is time; returns whether it did. After a long gap there is one point, not many. */
  maybeSample(totals: Totals, now: number): boolean {
    const { total, allocated } = totals;
    if (this.#sampledAt !== undefined && now < this.#sampledAt + SAMPLE_SECONDS) return false;
    this.#sampledAt = Math.floor(now / SAMPLE_SECONDS) * SAMPLE_SECONDS;
    const { launchesPerSecond, offersPerSecond } = this.#rates(now);
    this.#series = {
      cpus: grown(this.#series.cpus, part(allocated.cpus, total.cpus)),
      mem: grown(this.#series.mem, part(allocated.memMb, total.memMb)),
      disk: grown(this.#series.disk, part(allocated.diskMb, total.diskMb)),
      gpus: grown(this.#series.gpus, part(allocated.gpus, total.gpus)),
      launchesPerSecond: grown(this.#series.launchesPerSecond, launchesPerSecond),
      offersPerSecond: grown(this.#series.offersPerSecond, offersPerSecond),
    };
    return true;
  }

  toHistory(now: number): History {
    return { ...this.#series, last5Minutes: this.#last5Minutes(now), now: this.#rates(now) };
  }

  #last5Minutes(now: number): History['last5Minutes'] {
    const newest = this.#counts.at(-1);
    const base = this.#baseOf(now - WINDOW_SECONDS);
    const since = (name: 'finished' | 'failed' | 'lost' | 'accepted' | 'declined') =>
      newest === undefined || base === undefined ? 0 : newest[name] - base[name];
    return {
      seconds: base === undefined ? 0 : Math.max(0, Math.min(WINDOW_SECONDS, Math.floor(now - base.time))),
      finished: since('finished'),
      failed: since('failed'),
      lost: since('lost'),
      accepted: since('accepted'),
      declined: since('declined'),
    };
  }

  /** Over the last 5 s; a master that has nothing new to count says nothing, so the time since then counts as still. */
  #rates(now: number): History['now'] {
    const newest = this.#counts.at(-1);
    const base = this.#baseOf(now - SAMPLE_SECONDS);
    if (newest === undefined || base === undefined) return { launchesPerSecond: 0, offersPerSecond: 0 };
    const seconds = Math.max(newest.time, Math.min(now, base.time + SAMPLE_SECONDS)) - base.time;
    if (seconds <= 0) return { launchesPerSecond: 0, offersPerSecond: 0 };
    return {
      launchesPerSecond: (newest.launched - base.launched) / seconds,
      offersPerSecond: (newest.sent - base.sent) / seconds,
    };
  }

  /** The newest sample at or before `time`, else the oldest of all. */
  #baseOf(time: number): CountSample | undefined {
    for (let i = this.#counts.length - 1; i > 0; i--) {
      const sample = this.#counts[i];
      if (sample !== undefined && sample.time <= time) return sample;
    }
    return this.#counts[0];
  }
}

function sampleOf(counts: api.Counts, time: number): CountSample {
  return {
    time,
    launched: Number(counts.tasks_launched ?? 0),
    sent: Number(counts.offers_sent ?? 0),
    finished: Number(counts.tasks_finished ?? 0),
    failed: Number(counts.tasks_failed ?? 0) + Number(counts.tasks_error ?? 0),
    lost: Number(counts.tasks_lost ?? 0),
    accepted: Number(counts.offers_accepted ?? 0),
    declined: Number(counts.offers_declined ?? 0),
  };
}

function part(of: number, whole: number): number {
  return whole > 0 ? of / whole : 0;
}

function grown(series: readonly number[], point: number): readonly number[] {
  return [...series.slice(series.length >= MOST_POINTS ? 1 : 0), point];
}
