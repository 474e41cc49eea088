import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/system/clock.js';
import { createLogger } from '../../../src/base/system/logger.js';
import { SandboxCollector } from '../../../src/runtime/sandbox/collector.js';
import { GcSchedule, maxAllowedAgeMs, removalDelayMs } from '../../../src/runtime/sandbox/gc-schedule.js';
import { mountPointsBelow } from '../../../src/runtime/sandbox/mount-points.js';
import { removeTree } from '../../../src/runtime/sandbox/remove-tree.js';
import { scratchDirs } from './scratch.js';

const WEEK_MS = 7 * 24 * 3600 * 1000;
const RULES = { gcDelayMs: WEEK_MS, gcDiskHeadroom: 0.1 };

describe('garbage collection rules', () => {
  it('allows nine tenths of the delay on an empty disk and nothing on a full one', () => {
    expect(maxAllowedAgeMs(RULES, 0)).toBeCloseTo(0.9 * WEEK_MS);
    expect(maxAllowedAgeMs(RULES, 0.5)).toBeCloseTo(0.4 * WEEK_MS);
    expect(maxAllowedAgeMs(RULES, 0.9)).toBeCloseTo(0);
    expect(maxAllowedAgeMs(RULES, 1)).toBe(0);
  });

  it('counts the delay from the modification time', () => {
    expect(removalDelayMs(WEEK_MS, 5000, 4000)).toBe(WEEK_MS - 1000);
    expect(removalDelayMs(1000, 9000, 4000)).toBe(-4000);
  });

  it('takes paths when due, and by remaining time when the disk fills', () => {
    const schedule = new GcSchedule(RULES);
    schedule.schedule('/old', 0.05 * WEEK_MS, 0);
    schedule.schedule('/mid', 0.5 * WEEK_MS, 0);
    schedule.schedule('/new', WEEK_MS, 0);
    expect(schedule.nextDueMs()).toBe(0.05 * WEEK_MS);
    expect(schedule.takeDue(0.05 * WEEK_MS - 1)).toEqual([]);
    expect(schedule.takeForUsage(0, 0)).toEqual(['/old']);
    expect(schedule.takeForUsage(0.5, 0)).toEqual(['/mid']);
    expect(schedule.takeForUsage(0.95, 0)).toEqual(['/new']);
    expect(schedule.size).toBe(0);
  });

  it('replaces and withdraws entries', () => {
    const schedule = new GcSchedule(RULES);
    schedule.schedule('/a', 10, 0);
    schedule.schedule('/a', 100, 0);
    expect(schedule.takeDue(50)).toEqual([]);
    expect(schedule.unschedule('/a')).toBe(true);
    expect(schedule.unschedule('/a')).toBe(false);
    expect(schedule.takeDue(1000)).toEqual([]);
  });

  it('never takes a path twice or before a fuller disk would', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(WEEK_MS), { maxLength: 20 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (delays, usage) => {
          const schedule = new GcSchedule(RULES);
          for (const [i, delay] of delays.entries()) schedule.schedule(`/${i}`, delay, 0);
          const first = schedule.takeForUsage(usage, 0);
          const rest = schedule.takeForUsage(1, 0);
          expect(new Set([...first, ...rest]).size).toBe(delays.length);
          const remaining = (path: string) => delays[Number(path.slice(1))] ?? 0;
          for (const path of first)
            for (const other of rest) expect(remaining(path)).toBeLessThanOrEqual(remaining(other));
        },
      ),
    );
  });
});

describe('removeTree', () => {
  const scratch = scratchDirs();

  it('deletes a tree without following its links', async () => {
    const dir = scratch();
    mkdirSync(`${dir}/out`);
    writeFileSync(`${dir}/out/keep`, 'kept');
    mkdirSync(`${dir}/t/a/b`, { recursive: true });
    writeFileSync(`${dir}/t/a/f`, '');
    symlinkSync(`${dir}/out`, `${dir}/t/a/link`);
    execFileSync('mkfifo', [`${dir}/t/fifo`]);
    expect(await removeTree(`${dir}/t`)).toEqual({ state: 'removed' });
    expect(readdirSync(dir)).toEqual(['out']);
    expect(readFileSync(`${dir}/out/keep`, 'utf8')).toBe('kept');
  });

  it('deletes a link itself and single files, and tells what is missing', async () => {
    const dir = scratch();
    mkdirSync(`${dir}/out`);
    symlinkSync(`${dir}/out`, `${dir}/link`);
    writeFileSync(`${dir}/file`, '');
    expect(await removeTree(`${dir}/link`)).toEqual({ state: 'removed' });
    expect(await removeTree(`${dir}/file`)).toEqual({ state: 'removed' });
    expect(await removeTree(`${dir}/file`)).toEqual({ state: 'missing' });
    expect(await removeTree(`${dir}/no/such`)).toEqual({ state: 'missing' });
    expect(readdirSync(dir)).toEqual(['out']);
  });

  it('deletes a tree deeper than any path can name', async () => {
    const dir = scratch();
    const digger = [
      "const fs = require('fs'); fs.mkdirSync('t'); process.chdir('t');",
      "for (let i = 0; i < 700; i++) { fs.mkdirSync('dddddddddd'); process.chdir('dddddddddd'); }",
      "fs.writeFileSync('leaf', '');",
    ].join('');
    execFileSync(process.execPath, ['-e', digger], { cwd: dir });
    expect(await removeTree(`${dir}/t`)).toEqual({ state: 'removed' });
    expect(existsSync(`${dir}/t`)).toBe(false);
  });
});

describe('mountPointsBelow', () => {
  const table = [
    '21 1 8:1 / / rw - ext4 /dev/sda1 rw',
    '30 21 0:30 / /w/run rw - tmpfs t rw',
    '31 30 0:31 / /w/run/a\\040b rw shared:1 - tmpfs t rw',
    '32 21 0:32 / /w/runner rw - tmpfs t rw',
    '',
  ].join('\n');

  it('lists the innermost first and unescapes', () => {
    expect(mountPointsBelow(table, '/w/run')).toEqual(['/w/run/a b', '/w/run']);
    expect(mountPointsBelow(table, '/none')).toEqual([]);
  });
});

describe('SandboxCollector', () => {
  const scratch = scratchDirs();

  function collector(workDir: string, gcDelayMs: number): { collector: SandboxCollector; removed: string[] } {
    const removed: string[] = [];
    const made = new SandboxCollector({
      workDir,
      gcDelayMs,
      gcDiskHeadroom: 0.1,
      diskWatchIntervalMs: 3_600_000,
      clock: systemClock,
      log: createLogger({ name: 'test', level: 'silent' }),
      onRemoved: (path) => removed.push(path),
    });
    return { collector: made, removed };
  }

  async function eventually(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + 5000;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error('condition not met within 5 s');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  it('deletes what is old enough and keeps what is not', async () => {
    const workDir = scratch();
    mkdirSync(`${workDir}/old/sub`, { recursive: true });
    mkdirSync(`${workDir}/new`);
    utimesSync(`${workDir}/old`, 1, 1);
    const { collector: gc, removed } = collector(workDir, WEEK_MS);
    gc.schedule(`${workDir}/old`);
    gc.schedule(`${workDir}/new`);
    gc.schedule(`${workDir}/missing`);
    await eventually(() => removed.length > 0);
    await gc.settled();
    expect(removed).toEqual([`${workDir}/old`]);
    expect(gc.counts()).toMatchObject({ pending: 1, succeeded: 1, failed: 0 });
    expect(await gc.unschedule(`${workDir}/new`)).toBe(true);
    await gc.close();
    expect(existsSync(`${workDir}/new`)).toBe(true);
  });

  it('deletes first what is due first, whatever was scheduled before it', async () => {
    const workDir = scratch();
    for (const name of ['new', 'old']) mkdirSync(`${workDir}/${name}`);
    utimesSync(`${workDir}/old`, 1, 1);
    const { collector: gc, removed } = collector(workDir, WEEK_MS);
    gc.schedule(`${workDir}/new`);
    gc.schedule(`${workDir}/old`);
    await eventually(() => removed.length > 0);
    await gc.close();
    expect(removed).toEqual([`${workDir}/old`]);
  });

  it('keeps an unscheduled path even when its time is over', async () => {
    const workDir = scratch();
    mkdirSync(`${workDir}/a`);
    const { collector: gc, removed } = collector(workDir, 200);
    gc.schedule(`${workDir}/a`);
    expect(await gc.unschedule(`${workDir}/a`)).toBe(true);
    await gc.watchDisk();
    await gc.close();
    expect(removed).toEqual([]);
    expect(existsSync(`${workDir}/a`)).toBe(true);
  });

  it('refuses paths outside of the work directory', async () => {
    const { collector: gc } = collector(scratch(), 0);
    expect(() => gc.schedule('/etc')).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    await gc.close();
  });
});
