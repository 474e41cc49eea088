import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Instant } from '../../../src/base/clock.js';
import { Sandboxes } from '../../../src/daemon/agent/shell/sandboxes.js';
import { SandboxCollector } from '../../../src/runtime/sandbox/collector.js';
import { SandboxFiles } from '../../../src/runtime/sandbox/files.js';
import { silentLogger, until } from '../http/fixture.js';

const IDS = { agentId: 'S0', frameworkId: 'f', executorId: 't1', containerId: 'c1' };
let workDir: string;
let collector: SandboxCollector;
let files: SandboxFiles;
let sandboxes: Sandboxes;

beforeEach(async () => {
  workDir = mkdtempSync(join(tmpdir(), 'mesoctl-sandboxes-'));
  open({ gcDelayMs: 3_600_000 });
  await sandboxes.open('S0');
});
afterEach(async () => {
  await collector.close();
  rmSync(workDir, { recursive: true, force: true });
});

function open({ gcDelayMs }: { readonly gcDelayMs: number }): void {
  files = new SandboxFiles();
  collector = new SandboxCollector({
    workDir,
    gcDelayMs,
    gcDiskHeadroom: 0.1,
    diskWatchIntervalMs: 3_600_000,
    clock: { now: (): Instant => ({ monotonicMs: performance.now(), unixMs: Date.now() }) },
    log: silentLogger,
    onRemoved: () => undefined,
  });
  sandboxes = new Sandboxes({ workDir, collector, files, logger: silentLogger });
}

test('a sandbox is shown from the moment it exists, by its host path and by its virtual one', async () => {
  const path = await sandboxes.create(IDS, undefined);
  expect(path).toBe(sandboxes.path(IDS));
  writeFileSync(join(path, 'stdout'), 'x');
  for (const shown of [
    `${path}/stdout`,
    '/frameworks/f/executors/t1/runs/latest/stdout',
    '/frameworks/f/executors/t1/runs/c1/stdout',
  ])
    expect(await files.read(shown, 0)).toMatchObject({ sizeBytes: 1 });
});

test('what is over goes when its time has come, a framework with its last task', async () => {
  await collector.close();
  open({ gcDelayMs: 0 });
  const path = await sandboxes.create(IDS, undefined);
  const other = await sandboxes.create({ ...IDS, executorId: 't2', containerId: 'c2' }, undefined);
  sandboxes.retire({ ...IDS, frameworkIsOver: false });
  await until('the sandbox is gone', () => !existsSync(path));
  expect(existsSync(other)).toBe(true);
  sandboxes.retire({ ...IDS, executorId: 't2', containerId: 'c2', frameworkIsOver: true });
  await until('the framework is gone', () => !existsSync(join(workDir, 'slaves/S0/frameworks/f')));
});

test('a directory that is used again is kept, and what ran in it before still goes', async () => {
  await sandboxes.create(IDS, undefined);
  sandboxes.retire({ ...IDS, frameworkIsOver: true });
  expect(collector.counts().pending).toBe(2);
  await sandboxes.create({ ...IDS, containerId: 'c2' }, undefined);
  expect(collector.counts().pending).toBe(1);
  sandboxes.retire({ ...IDS, containerId: 'c2', frameworkIsOver: true });
  expect(collector.counts().pending).toBe(3);
});

test('what earlier agents left is scheduled, what lives is not', async () => {
  await sandboxes.create(IDS, undefined);
  await sandboxes.create({ ...IDS, containerId: 'c2' }, undefined);
  await sandboxes.create({ ...IDS, executorId: 't2', containerId: 'c3' }, undefined);
  await sandboxes.create({ ...IDS, frameworkId: 'g', containerId: 'c4' }, undefined);
  await sandboxes.open('S9');
  await sandboxes.retireLeftovers('S0', (containerId) => containerId === 'c2');
  // Another agent's directory, the old run c1, the executors t2 and g/t1, the framework g.
  expect(collector.counts().pending).toBe(5);
});
