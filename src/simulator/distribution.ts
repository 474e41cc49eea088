/**
 * Lengths and sizes as they are drawn: closed set of distributions, sampled from a given generator only, so that a seed makes
 * the same work every time. Lengths are never negative: what a normal distribution has below zero is drawn again.
 */
import type { Random } from '../base/random.js';

export type Distribution =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  | { readonly kind: 'exponential'; readonly mean: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly sd: number }
  /** The median of it, and the standard deviation of its logarithm. */
  | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number }
  /** One of the recorded values, each as likely as the others. */
  | { readonly kind: 'recorded'; readonly values: readonly number[] };

/** Draws of a normal distribution that may fall below zero before it counts as zero. */
const MAX_REDRAWS = 16;

export function sample(distribution: Distribution, random: Random): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.value;
    case 'uniform':
      return distribution.min + random.next() * (distribution.max - distribution.min);
    case 'exponential':
      return exponential(distribution.mean, random);
    case 'normal':
      return positiveNormal(distribution.mean, distribution.sd, random);
    case 'lognormal':
      return distribution.median * Math.exp(distribution.sigma * standardNormal(random));
    case 'recorded':
      return distribution.values[Math.floor(random.next() * distribution.values.length)] ?? 0;
  }
}

/** At least 1. */
export function sampleCount(distribution: Distribution, random: Random): number {
  return Math.max(1, Math.round(sample(distribution, random)));
}

export function exponential(mean: number, random: Random): number {
  return -mean * Math.log(1 - random.next());
}

function positiveNormal(mean: number, sd: number, random: Random): number {
  for (let draw = 0; draw < MAX_REDRAWS; draw++) {
    const value = mean + sd * standardNormal(random);
    if (value > 0) return value;
  }
  return 0;
}

/** Box and Muller; one of the pair is thrown away, which keeps the draws independent of who drew before. */
function standardNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
