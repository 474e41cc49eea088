/** One fact is one number, wherever it stands: the command line, the snapshot of `top`, the metrics (design/ux, principle 2). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestScheduler } from '../harness/api.mjs';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import { mesoctl } from './cli-process.js';

let cluster: Cluster;
let scheduler: TestScheduler;

function task(id: string, command: string): unknown {
  const scalar = (name: string, value: number) => ({ name, type: 'SCALAR', scalar: { value } });
  return {
    name: id,
    task_id: { value: id },
    resources: [scalar('cpus', 0.25), scalar('mem', 32)],
    command: { value: command },
  };
}

async function metrics(): Promise<Readonly<Record<string, number>>> {
  return (await (await fetch(`${cluster.master.url}/metrics/snapshot`)).json()) as Record<string, number>;
}

async function json<T>(...args: readonly string[]): Promise<T> {
  const { status, stdout } = await mesoctl([...args, '--json', '--master', cluster.master.address]);
  expect(status).toBe(0);
  return JSON.parse(stdout) as T;
}

beforeAll(async () => {
  cluster = await startCluster({ agents: 1 });
  scheduler = await TestScheduler.subscribe(cluster.master.url, {
    user: 'root',
    name: 'shop',
    roles: ['web'],
    failover_timeout: 600,
    capabilities: [{ type: 'MULTI_ROLE' }],
  });
  const offer = await scheduler.waitFor('OFFERS');
  await scheduler.launch(offer.offers.offers[0], [
    task('web.1', 'sleep 1000'),
    task('web.2', 'sleep 1000'),
    task('etl.1', 'exit 3'),
  ]);
  // A task that has ended counts as one that is there until its framework has heard of it.
  await scheduler.runToEnd('etl.1');
  await until('two tasks that run', async () => {
    const seen = await metrics();
    return seen['master/tasks_running'] === 2 && seen['master/cpus_used'] === 0.5 ? true : undefined;
  });
});

afterAll(async () => {
  scheduler?.close();
  await cluster?.stop();
});

describe('one fact', () => {
  it('is the same in lists, master show, top --once and the metrics', async () => {
    const seen = await metrics();
    expect(seen).toMatchObject({ 'master/mem_used': 64, 'master/tasks_failed': 1, 'master/slaves_active': 1 });

    const shown = await json<Record<string, unknown>>('master', 'show');
    expect(shown).toMatchObject({
      allocated: { cpus: 0.5, mem_mb: 64 },
      agents: { total: 1, by_state: { ACTIVE: 1 } },
      tasks: { total: 2, by_state: { TASK_RUNNING: 2 } },
    });
    const [agent] = await json<readonly unknown[]>('agent', 'list');
    expect(agent).toMatchObject({ tasks: 2, allocated: { cpus: 0.5, mem_mb: 64 } });
    const [role] = await json<readonly { readonly name: string; readonly dominant_share: number }[]>('role', 'list');
    expect(role).toMatchObject({ name: 'web', allocated: { cpus: 0.5, mem_mb: 64 } });
    const tasks = await json<readonly { readonly state: string }[]>('task', 'list');
    expect(tasks.map(({ state }) => state).sort()).toEqual(['TASK_FAILED', 'TASK_RUNNING', 'TASK_RUNNING']);

    const { stdout } = await mesoctl(['top', '--once', '--master', cluster.master.address]);
    expect(stdout).toMatch(/^CPU +0\.5 +\d+%/m);
    expect(stdout).toMatch(/^MEM +64M +\d+%/m);
    expect(stdout).toMatch(/^AGENTS +1 {2}active 1$/m);
    expect(stdout).toMatch(/^TASKS +2 {2}running 2$/m);
    expect(stdout).toMatch(/^! task etl\.1 failed, exit 3 /m);
    const share = /^web +([\d.]+)% +0\.5 /m.exec(stdout)?.[1];
    expect(Number(share)).toBeCloseTo((role?.dominant_share ?? Number.NaN) * 100, 1);
  });
});
