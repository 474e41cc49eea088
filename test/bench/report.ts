/**
 * What every benchmark prints around its figures: the conditions (revision, machine, load, cost of an fsync) and
 * median, minimum and maximum of its runs. Figures are read by people; nothing here ever decides a test.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';

/** Prints the conditions of this run. */
export function printHeader(name: string): void {
  const revision = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  const load = loadavg().map((one) => one.toFixed(2));
  console.log(`# ${name}`);
  console.log(
    `# revision ${revision}, node ${process.version}, kernel ${release()}, ${cpus().length} x ${cpus()[0]?.model}`,
  );
  console.log(
    `# ${(totalmem() / 2 ** 30).toFixed(0)} GiB, load ${load.join(' ')}, fdatasync of 256 bytes p50 ${fsyncMedianMs().toFixed(2)} ms`,
  );
}

function fsyncMedianMs(): number {
  const dir = mkdtempSync(join(tmpdir(), 'mesoctl-bench-'));
  const file = openSync(join(dir, 'probe'), 'w');
  const block = Buffer.alloc(256);
  const times: number[] = [];
  for (let i = 0; i < 50; i++) {
    const started = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    times.push(performance.now() - started);
  }
  closeSync(file);
  rmSync(dir, { recursive: true, force: true });
  return quantile(times, 0.5);
}

/** The value below which a share of `q` (0 to 1) of the samples lies. */
export function quantile(samples: readonly number[], q: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** One line of percentiles for samples of one run. */
export function printSamples(name: string, samples: readonly number[], unit: string): void {
  const figures = [0.5, 0.9, 0.99].map((q) => `p${q * 100} ${quantile(samples, q).toFixed(2)}`);
  const [low, high] = [quantile(samples, 0), quantile(samples, 1)];
  console.log(
    `${name}: ${figures.join(', ')}, min ${low.toFixed(2)}, max ${high.toFixed(2)} ${unit} (n=${samples.length})`,
  );
}

/** One line of median, minimum and maximum for one figure of several runs. */
export function printRuns(name: string, runs: readonly number[], unit: string): void {
  const all = [quantile(runs, 0.5), quantile(runs, 0), quantile(runs, 1)].map((one) => one.toFixed(1));
  console.log(`${name}: median ${all[0]}, min ${all[1]}, max ${all[2]} ${unit} (${runs.length} runs)`);
}
