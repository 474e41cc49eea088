/**
 * Row d of the first issue: master, agent and scheduler are killed with -9 in turn while 50 tasks run. The exit codes
 * follow from the task ids and the ends are spread over the downtimes, so that a lost or an invented status shows.
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { TERMINAL_STATES } from '../harness/api.mjs';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { StartedProcess, sweep, until } from '../harness/process.mjs';

const ROUNDS = 20;
const TASKS = 50;
const DOWN_MS = 1_200;
const UP_MS = 2_300;
const FIRST_END_MS = 4_000;
const schedulerPath = fileURLToPath(new URL('durable-scheduler.mjs', import.meta.url));

interface Expected {
  readonly taskId: string;
  readonly command: string;
  readonly state: string;
  readonly message: string;
}
interface Line {
  readonly kind: string;
  readonly taskId?: string;
  readonly state?: string;
  readonly uuid?: string;
  readonly message?: string;
  readonly source?: string;
  readonly reason?: string;
}

/** Task i: every tenth kills itself with SIGKILL, one exits 137 (which must not look like it), the others exit i mod 7. */
function plan(startAtMs: number): Expected[] {
  const spreadMs = ROUNDS * (DOWN_MS + UP_MS);
  return Array.from({ length: TASKS }, (_, i) => {
    const taskId = `task-${i}`;
    const endAt = ((startAtMs + FIRST_END_MS + (i * spreadMs) / TASKS) / 1000).toFixed(1);
    const wait = `while [ "$(date +%s)" -lt ${Math.ceil(Number(endAt))} ]; do sleep 0.2; done`;
    if (i % 10 === 9)
      return {
        taskId,
        command: `${wait}; kill -9 $$`,
        state: 'TASK_FAILED',
        message: 'Command terminated with signal Killed',
      };
    const code = i === 20 ? 137 : i % 7;
    return {
      taskId,
      command: `${wait}; exit ${code}`,
      state: code === 0 ? 'TASK_FINISHED' : 'TASK_FAILED',
      message: `Command exited with status ${code}`,
    };
  });
}

let cluster: Cluster | undefined;
let scheduler: StartedProcess | undefined;
let scratch: string | undefined;

afterAll(async () => {
  await scheduler?.end('SIGKILL');
  await cluster?.stop();
  if (scratch !== undefined) await sweep(scratch);
});

it(`${ROUNDS} rounds of kill -9 lose no task and invent none`, { timeout: 400_000 }, async () => {
  scratch = mkdtempSync(join(tmpdir(), 'mesoctl-kill-'));
  const logPath = join(scratch, 'scheduler.jsonl');
  const tasksPath = join(scratch, 'tasks.json');
  cluster = await startCluster({ agents: 1, agent: { resources: 'cpus:8;mem:8192;disk:1024' } });
  const running = cluster;
  // Half a minute to launch 50 real tasks on a busy machine, then the ends begin.
  const tasks = plan(Date.now() + 20_000);
  writeFileSync(tasksPath, JSON.stringify(tasks));

  const startScheduler = () => {
    scheduler = new StartedProcess({
      name: 'scheduler',
      logPath: join(scratch as string, 'scheduler.log'),
      command: process.execPath,
      args: [schedulerPath, running.master.url, logPath, tasksPath],
    });
    return scheduler;
  };
  startScheduler();
  const lines = () => readLog(logPath);
  const statuses = () => lines().filter((line) => line.kind === 'status');
  await until(
    'all tasks run',
    () =>
      new Set(
        statuses()
          .filter((one) => one.state === 'TASK_RUNNING')
          .map((one) => one.taskId),
      ).size === TASKS,
    { deadlineMs: 40_000, explain: () => `${running.logs()}\n${scheduler?.log()}` },
  );

  for (let round = 0; round < ROUNDS; round++) {
    const victim = round % 3;
    if (victim === 0) await running.master.kill();
    else if (victim === 1) await running.agents[0]?.kill();
    else await scheduler?.end('SIGKILL');
    await pause(DOWN_MS);
    if (victim === 0) await running.master.restart();
    else if (victim === 1) await running.agents[0]?.restart();
    else startScheduler();
    await pause(UP_MS);
  }

  const isOver = (taskId: string) =>
    statuses().some((one) => one.taskId === taskId && TERMINAL_STATES.has(one.state ?? ''));
  await until('all tasks end', () => tasks.every((task) => isOver(task.taskId)), {
    deadlineMs: 90_000,
    explain: () =>
      `open: ${tasks.filter((task) => !isOver(task.taskId)).map((task) => task.taskId)}\n${running.logs()}`,
  });

  expect(lines().filter((line) => line.kind === 'error')).toEqual([]);
  for (const task of tasks) {
    const ends = dedupe(statuses().filter((one) => one.taskId === task.taskId && TERMINAL_STATES.has(one.state ?? '')));
    expect(ends, `terminal states of ${task.taskId}`).toEqual([`${task.state} ${task.message}`]);
  }
});

/** The terminal states of one task, each once: redeliveries and reconciliation answers repeat them. */
function dedupe(ends: readonly Line[]): string[] {
  const told = ends.filter((one) => one.reason !== 'REASON_RECONCILIATION');
  return [...new Set((told.length > 0 ? told : ends).map((one) => `${one.state} ${one.message}`))];
}

function readLog(path: string): Line[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as Line);
  } catch {
    return [];
  }
}
