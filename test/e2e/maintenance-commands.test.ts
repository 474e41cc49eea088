/** `mesoctl maintenance` by the built command against a real master and agent: a window, an answer, a machine down and up again. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scalars, TestScheduler } from '../harness/api.mjs';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import { schemaErrors } from '../harness/schemas.js';
import { type CliResult, mesoctl } from './cli-process.js';

let cluster: Cluster;
let shop: TestScheduler;

const run = (...words: string[]): Promise<CliResult> =>
  mesoctl(['maintenance', ...words], { MESOCTL_MASTER: cluster.master.address });
const json = async (...words: string[]) => {
  const { status, stdout, stderr } = await run(...words, '--json', '-q');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
};

beforeAll(async () => {
  cluster = await startCluster({
    agents: 1,
    master: { args: ['--cluster', 'lab'] },
    agent: { resources: 'cpus:4;mem:2048', args: ['--hostname', 'node-1.example'] },
  });
  shop = await TestScheduler.subscribe(cluster.master.url, {
    user: 'root',
    name: 'shop',
    roles: ['web'],
    capabilities: [{ type: 'MULTI_ROLE' }],
  });
  await until('an offer', () => shop.offers().length > 0);
  const [offer] = shop.offers();
  const command = { shell: false, value: 'sleep', arguments: ['sleep', '1000'] };
  const task = { name: 'w', task_id: { value: 'w.1' }, resources: scalars({ cpus: 1, mem: 64 }), command };
  await shop.launch(offer, [task], { refuse_seconds: 600 });
}, 120_000);
afterAll(async () => {
  shop.close();
  await cluster.stop();
});

describe('mesoctl maintenance', () => {
  it('has nothing to show at first', async () => {
    const none = { status: 0, stdout: '', stderr: 'No maintenance is scheduled.\n' };
    expect(await run('show')).toMatchObject(none);
    expect(await json('show')).toEqual({ windows: [] });
  });

  it('schedules by hostname or id of the agent, first in a dry run', async () => {
    const words = ['schedule', 'node-1.example', '--start', 'in 2h', '--duration', '4h'];
    expect((await run(...words, '--dry-run')).stdout).toMatch(
      /^would schedule node-1\.example \(127\.0\.0\.1\): from /,
    );
    expect((await json('show')).windows).toEqual([]);
    expect((await run(...words)).stdout).toMatch(/^Scheduled node-1\.example .* \(in (2h|1h59m)\) for 4hrs\n$/);
    const change = await json('schedule', 'S0', '--start', '2099-01-01 02:00 Z');
    expect(schemaErrors('maintenance-change', change)).toEqual([]);
    expect(change).toMatchObject({ change: 'schedule', start: '2099-01-01T02:00:00.000Z', duration_seconds: null });
    const { windows } = await json('show');
    expect(windows).toMatchObject([{ start: '2099-01-01T02:00:00.000Z', end: null }]);
    expect((await run('show', '-o', 'name')).stdout).toBe('node-1.example\n');
  });

  it('shows tasks, and what frameworks answer', async () => {
    const asked = () => shop.events.flatMap(({ inverse_offers }) => inverse_offers?.inverse_offers ?? []).at(-1);
    await until('it is asked to leave', () => asked() !== undefined);
    const inverse_offer_ids = [asked()?.id];
    await shop.call({ type: 'DECLINE_INVERSE_OFFERS', decline_inverse_offers: { inverse_offer_ids } });
    await until('the answer is shown', async () => {
      const record = await json('show');
      expect(schemaErrors('maintenance-show', record)).toEqual([]);
      return record.windows[0].machines[0].answers.length > 0;
    });
    const { stdout } = await run('show');
    const [when, head, row] = stdout.split('\n');
    expect(when).toMatch(/^From \d{4}-\d\d-\d\d .*\(in \d+d\), no end$/);
    expect(head).toBe('  MACHINE         IP         STATE     AGENT  TASKS  ANSWERS');
    expect(row).toMatch(/^ {2}node-1\.example {2}127\.0\.0\.1 {2}DRAINING {2}S0 {9}1 {2}shop declines \(\d+s ago\)$/);
  });

  it.each([
    [['start', 'node-1.example'], 2, 'BAD_INPUT', 'Take 1 machine down on lab? No terminal: nothing was done.'],
    [['stop', 'node-1.example'], 6, 'REFUSED', 'is not down, only scheduled'],
    [['schedule', 'node-1.exampel', '--start', 'now'], 3, 'NOT_FOUND', 'Did you mean node-1.example?'],
    [['schedule', 'S0', '--start', 'soon'], 2, 'BAD_INPUT', '--start: "soon" is no time'],
    [['schedule', 'S0'], 2, 'BAD_INPUT', '--start is missing'],
    [['schedule', '--start', 'now'], 2, 'BAD_INPUT', 'no machine named'],
    [['schedule', 'S0', '--clear', '--all'], 2, 'BAD_INPUT', '--all goes with --clear and no machines'],
    [['start'], 2, 'BAD_INPUT', 'no machine named'],
  ])('%j fails with %d', async (words, exit, code, text) => {
    const { status, stdout, stderr } = await run(...words);
    expect({ status, stdout }).toEqual({ status: exit, stdout: '' });
    expect(stderr).toContain(text);
    expect(stderr).toMatch(new RegExp(`${code} ${exit}\\n$`));
    const machine = await run(...words, '--json');
    expect(schemaErrors('error', JSON.parse(machine.stderr))).toEqual([]);
  });

  it('takes machines down and brings them up', async () => {
    expect((await run('start', '127.0.0.1', '--dry-run')).stdout).toBe(
      'would take node-1.example (127.0.0.1) down: 1 task is lost\n',
    );
    expect((await run('start', 'node-1.example', '--yes')).stdout).toBe(
      'Took node-1.example (127.0.0.1) down: 1 task is lost\n',
    );
    expect((await json('show')).windows[0].machines).toMatchObject([{ mode: 'DOWN', agents: [] }]);
    const clear = await run('schedule', 'node-1.example', '--clear');
    expect(clear).toMatchObject({ status: 6 });
    expect(clear.stderr).toContain('Try: mesoctl maintenance stop node-1.example');
    expect((await run('stop', 'node-1.example')).stdout).toBe(
      'Brought node-1.example (127.0.0.1) up: its agent may come back\n',
    );
    expect(await json('show')).toEqual({ windows: [] });
  });
});
