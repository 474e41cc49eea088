/**
 * A cluster with something to look at: two agents, two frameworks with living schedulers, tasks that run, that failed, that
 * wait, and an offer that is held.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scalars, TestScheduler } from '../harness/api.mjs';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import { type CliResult, CliRun } from './cli-process.js';

export interface OperatorCluster {
  readonly cluster: Cluster;
  /** Two running tasks, web.1 and web.2, and bad.1, which failed. */
  readonly shop: TestScheduler;
  /** Holds what it is offered. */
  readonly jobs: TestScheduler;
  /** For files of tasks. */
  readonly scratch: string;
  run(...args: string[]): Promise<CliResult>;
  start(...args: string[]): CliRun;
  json(...args: string[]): Promise<unknown>;
  /** Launches a shell command as a task of `shop` and waits until it runs. */
  launch(id: string, script: string): Promise<void>;
  stop(): Promise<void>;
}

const AGENT = { resources: 'cpus:4;mem:2048;disk:2048;ports:[31000-31099]' };

export async function startOperatorCluster(): Promise<OperatorCluster> {
  const scratch = mkdtempSync(join(tmpdir(), 'mesoctl-operator-'));
  const cluster = await startCluster({
    agents: 2,
    master: { args: ['--cluster', 'lab'] },
    agent: { ...AGENT, args: ['--attributes', 'rack:b2', '--max-log-size', '64KB', '--max-log-files', '50'] },
  });
  const env = { MESOCTL_MASTER: cluster.master.address };
  const start = (...args: string[]) => new CliRun(args, env);
  const run = (...args: string[]) => start(...args).done;
  const shop = await TestScheduler.subscribe(cluster.master.url, {
    user: 'root',
    name: 'shop',
    roles: ['web'],
    failover_timeout: 60,
    capabilities: [{ type: 'MULTI_ROLE' }, { type: 'PARTITION_AWARE' }, { type: 'TASK_KILLING_STATE' }],
  });
  const used = new Set<string>();
  let acknowledged = 0;
  const launch = async (id: string, script: string): Promise<void> => {
    const command = { shell: false, value: 'sh', arguments: ['sh', '-c', script] };
    const resources = scalars({ cpus: 0.1, mem: 32 });
    await until(`a task ${id}`, async () => {
      const offer = shop.offers().find(({ id: { value } }) => !used.has(value));
      if (offer === undefined) return false;
      used.add(offer.id.value);
      await shop.launch(offer, [{ name: id.split('.')[0], task_id: { value: id }, resources, command }], {
        refuse_seconds: 0,
      });
      return true;
    });
    // Each status but the first comes when the one before is acknowledged.
    await until(`task ${id} runs`, async () => {
      const statuses = shop.events.flatMap((event) => event.update?.status ?? []);
      for (; acknowledged < statuses.length; acknowledged++) await shop.acknowledge(statuses[acknowledged]);
      return statuses.some(({ task_id, state }) => task_id.value === id && state === 'TASK_RUNNING');
    });
  };
  /** Offers that it does not use are free for others. */
  const rest = async (): Promise<void> => {
    await shop.call({ type: 'SUPPRESS' });
    const held = shop.offers().filter(({ id: { value } }) => !used.has(value));
    for (const { id } of held) used.add(id.value);
    await shop.call({
      type: 'DECLINE',
      decline: { offer_ids: held.map(({ id }) => id), filters: { refuse_seconds: 0 } },
    });
  };
  await launch('web.1', 'i=0; while :; do echo out $i; echo err $i >&2; i=$((i+1)); sleep 0.2; done');
  await launch('web.2', `: ${scratch}/web2; trap 'exit 0' TERM; while :; do sleep 0.1; done`);
  await launch('bad.1', 'echo before the end; exit 3');
  await shop.runToEnd('bad.1');
  await rest();
  const jobs = await TestScheduler.subscribe(cluster.master.url, {
    user: 'root',
    name: 'jobs',
    roles: ['batch'],
    failover_timeout: 60,
    capabilities: [{ type: 'MULTI_ROLE' }],
  });
  await until('an offer of each agent', () => jobs.offers().length >= 2);
  const [, ...others] = jobs.offers();
  await jobs.call({ type: 'SUPPRESS' });
  await jobs.call({ type: 'DECLINE', decline: { offer_ids: others.map(({ id }) => id) } });
  return {
    cluster,
    shop,
    jobs,
    scratch,
    run,
    start,
    json: async (...args) => JSON.parse((await run(...args, '--json')).stdout),
    launch: async (id, script) => {
      await shop.call({ type: 'REVIVE' });
      await launch(id, script);
      await rest();
    },
    stop: async () => {
      shop.close();
      jobs.close();
      await cluster.stop();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}
