/**
 * Frames of every screen of `top`, of the cluster of the mockups. `UPDATE_GOLDEN=1 npx vitest run test/golden/top` rewrites them:
 * read every changed line before committing. Frames are plain text; only the last one is written with its colours (`\e[`).
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClusterModel } from '../../../src/views/model/cluster-model.js';
import type { Theme } from '../../../src/views/tui/ui.js';
import { Driver, logOf } from '../../unit/tui/driver.js';
import { failedTask, frameworkId, infoOf, mockupModel, NOW_MS } from '../../unit/tui/mockup-cluster.js';

const directory = fileURLToPath(new URL('./', import.meta.url));
const zone = process.env.TZ;

beforeAll(() => {
  process.env.TZ = 'UTC';
});

afterAll(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

const FAILED_KEY = `${frameworkId(1)}/web.11d0`;

function logLines(): readonly string[] {
  const calm = Array.from({ length: 40 }, (_, index) => {
    const ms = String(36 * index).padStart(4, '0');
    return `14:02:1${ms.slice(0, 1)}.${ms.slice(1)} INFO  cart ${9800 + index} priced`;
  });
  return [
    ...calm,
    '14:02:18.114 WARN  heap 96% after full GC',
    '14:02:18.902 WARN  request queue 1,204',
    '14:02:19.007 FATAL OutOfMemoryError: Java heap',
  ];
}

function withLog(driver: Driver): Driver {
  const lines = logLines();
  const firstLine = 8813 - lines.length;
  driver.ui.onLog(
    logOf(FAILED_KEY, lines, {
      firstLine,
      totalBytes: 1_468_006,
      status: 'ended',
      note: 'task ended; sandbox kept until 15:02',
    }),
  );
  return driver;
}

/** What the master and the agent answer about the task that failed. */
function withDetail(driver: Driver): Driver {
  const end = failedTask().since ?? 0;
  const start = failedTask().launched_at ?? 0;
  const status = (state: 'TASK_STARTING' | 'TASK_RUNNING' | 'TASK_FAILED', timestamp: number, message?: string) => ({
    task_id: { value: 'web.11d0' },
    state,
    timestamp,
    source: 'SOURCE_EXECUTOR' as const,
    message,
  });
  driver.ui.onDetail('tasks', FAILED_KEY, {
    kind: 'found',
    match: {
      task: failedTask(),
      task_detail: {
        name: 'web',
        task_id: { value: 'web.11d0' },
        framework_id: { value: frameworkId(1) },
        agent_id: failedTask().agent_id ?? { value: '' },
        state: 'TASK_FAILED',
        statuses: [
          status('TASK_STARTING', start + 1.1),
          { ...status('TASK_RUNNING', start + 1.4), healthy: true },
          status('TASK_FAILED', end, 'out of memory, limit 512M'),
        ],
      },
    },
    usage: { cpus: 0.41, memMb: 512, memLimitMb: 512, cpusLimit: 1 },
  });
  return driver;
}

interface Scene {
  readonly name: string;
  /** `80x24`, `120x40` and so on; default: these two. */
  readonly sizes?: readonly string[];
  readonly theme?: Theme;
  readonly draw: (make: (options?: { readonly model?: ReturnType<typeof mockupModel> }) => Driver) => Driver;
}

const SCENES: readonly Scene[] = [
  { name: 'overview', sizes: ['80x24', '120x40', '200x60', '60x16', '40x10', '50x20'], draw: (make) => make() },
  { name: 'agents', draw: (make) => make().press('2') },
  { name: 'frameworks', draw: (make) => make().press('3') },
  { name: 'offers', draw: (make) => make().press('4') },
  { name: 'tasks', sizes: ['80x24', '120x40', '200x60', '60x16', '40x10'], draw: (make) => make().press('5') },
  { name: 'roles', draw: (make) => make().press('6') },
  { name: 'events', draw: (make) => make().press('7') },
  { name: 'problems', draw: (make) => make().press('enter') },
  { name: 'task', draw: (make) => withDetail(withLog(make().press('5 enter'))) },
  { name: 'task-log', sizes: ['80x24'], draw: (make) => withLog(make().press('5 l')).press('up up') },
  { name: 'task-log-filter', sizes: ['80x24'], draw: (make) => withLog(make().press('5 l /')).type('warn') },
  { name: 'task-resources', sizes: ['80x24'], draw: (make) => withDetail(make().press('5 enter tab tab')) },
  { name: 'task-events', sizes: ['80x24'], draw: (make) => withDetail(make().press('5 enter tab tab tab')) },
  { name: 'agent', draw: (make) => make().press('2 G enter') },
  { name: 'framework', draw: (make) => make().press('3 enter') },
  { name: 'framework-offers', sizes: ['80x24'], draw: (make) => make().press('3 o') },
  { name: 'role', sizes: ['80x24'], draw: (make) => make().press('6 enter') },
  { name: 'offer', sizes: ['80x24'], draw: (make) => make().press('4 enter') },
  { name: 'help', sizes: ['80x24'], draw: (make) => make().press('5 ?') },
  { name: 'sort-menu', sizes: ['80x24'], draw: (make) => make().press('2 s down down') },
  { name: 'filter', sizes: ['80x24'], draw: (make) => make().press('5 /').type('state=STAGING') },
  { name: 'filter-error', sizes: ['80x24'], draw: (make) => make().press('5 /').type('stat=RUNNING') },
  { name: 'filter-nothing', sizes: ['80x24'], draw: (make) => make().press('5 /').type('zebra').press('enter') },
  { name: 'goto', sizes: ['80x24'], draw: (make) => make().press(':').type('agent 17').press('tab') },
  { name: 'confirm', sizes: ['80x24'], draw: (make) => make().press('5 /').type('RUNNING').press('enter x') },
  {
    name: 'confirm-many',
    sizes: ['80x24'],
    draw: (make) => make().press('5 /').type('RUNNING').press('enter').press('space j '.repeat(13)).press('x'),
  },
  { name: 'confirm-teardown', sizes: ['80x24'], draw: (make) => make().press('3 x') },
  {
    name: 'why',
    sizes: ['80x24'],
    draw: (make) => {
      const driver = make().press('6 w');
      driver.ui.onWhy('roles', 'web', [
        'web has 1,996 of the 2,200 cpus it is guaranteed.',
        '640 agents have too little memory free (largest 6.1G, needs 8G)',
        '41 agents are held by offers of jobs (oldest 41s)',
      ]);
      return driver;
    },
  },
  { name: 'ids', sizes: ['80x24'], draw: (make) => make().press('5 i') },
  { name: 'copied', sizes: ['80x24'], draw: (make) => make().press('5 y') },
  { name: 'paused', sizes: ['80x24'], draw: (make) => make().press('p') },
  { name: 'connecting', draw: (make) => make({ model: createClusterModel() }) },
  {
    name: 'syncing',
    sizes: ['80x24'],
    draw: (make) => {
      const model = createClusterModel();
      const subscribed = { info: infoOf(), heartbeat_interval_seconds: 1, tasks: 98_311 };
      model.apply({ type: 'SUBSCRIBED', time: NOW_MS / 1000 - 1, subscribed }, NOW_MS - 1000);
      return make({ model }).press('5');
    },
  },
  {
    name: 'empty',
    sizes: ['80x24'],
    draw: (make) => {
      const model = createClusterModel();
      const subscribed = { info: infoOf(), heartbeat_interval_seconds: 1 };
      model.apply({ type: 'SUBSCRIBED', time: NOW_MS / 1000, subscribed }, NOW_MS);
      model.apply({ type: 'SNAPSHOT_END', time: NOW_MS / 1000 }, NOW_MS);
      return make({ model }).press('2');
    },
  },
  {
    name: 'stale',
    draw: (make) => {
      const driver = make().press('5');
      driver.model.disconnected({ reason: 'm2 refused', retryAtUnixMs: NOW_MS + 4000 }, NOW_MS - 12_000);
      return driver.press('x');
    },
  },
  {
    name: 'new-leader',
    sizes: ['80x24'],
    draw: (make) => {
      const driver = make();
      const subscribed = { info: infoOf(15, 'm3'), heartbeat_interval_seconds: 1, tasks: 98_311 };
      driver.model.apply({ type: 'SUBSCRIBED', time: NOW_MS / 1000, subscribed }, NOW_MS);
      return driver;
    },
  },
  { name: 'tiny', sizes: ['39x9'], draw: (make) => make() },
  { name: 'overview-utf8', theme: { colors: 'none', unicode: true }, draw: (make) => make() },
];

function sizeOf(size: string): { readonly columns: number; readonly rows: number } {
  const [columns, rows] = size.split('x').map(Number);
  return { columns: columns ?? 80, rows: rows ?? 24 };
}

function compare(file: string, actual: string): void {
  const path = directory + file;
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(directory, { recursive: true });
    writeFileSync(path, actual);
  } else expect(actual).toBe(readFileSync(path, 'utf8'));
}

for (const { name, sizes = ['80x24', '120x40'], theme, draw } of SCENES)
  for (const size of sizes)
    it(`draws ${name} at ${size}`, () => {
      const options = theme === undefined ? sizeOf(size) : { ...sizeOf(size), theme };
      const driver = draw(
        ({ model = mockupModel() } = {}) => new Driver(model, { ...options, masters: 'm1:5050,m2:5050' }),
      );
      compare(`${name}-${size}.txt`, driver.text());
    });

it('draws tasks with 16 colours', () => {
  const driver = new Driver(mockupModel(), { theme: { colors: '16', unicode: true } }).press('5');
  const lines = driver.ui.frame(NOW_MS).map((line) => line.replaceAll('\u001b', '\\e'));
  compare('tasks-16-colors.txt', `${lines.join('\n')}\n`);
});
