/**
 * Row a of the first issue: the example of resource offers from the Mesos paper (NSDI 2011, section 2 and figure 3).
 * Agent 1 reports 4 cpus and 4 GB; framework 1 is offered all of it and launches <2 cpus, 1 GB> and <1 cpu, 2 GB>; what
 * remains, <1 cpu, 1 GB>, is offered to framework 2, and only that.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Json, scalars, TestScheduler } from '../harness/api.mjs';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ agents: 1, agent: { resources: 'cpus:4;mem:4096;disk:0;ports:[]' } });
}, 90_000);
afterAll(() => cluster?.stop());

const quantities = (offer: Json) =>
  Object.fromEntries(offer.resources.map((one: Json) => [one.name, one.scalar?.value ?? one.ranges]));

it('offers the rest of an agent to the next framework', { timeout: 60_000 }, async () => {
  const first = await TestScheduler.subscribe(cluster.master.url, { user: 'root', name: 'framework 1' });
  const offered = await until('framework 1 is offered the agent', () => first.offers()[0]);
  expect(quantities(offered)).toEqual({ cpus: 4, mem: 4096 });

  const second = await TestScheduler.subscribe(cluster.master.url, { user: 'root', name: 'framework 2' });
  const command = { shell: true, value: 'sleep 30' };
  const answer = await first.launch(
    offered,
    [
      { name: 'task 1', task_id: { value: 'task-1' }, resources: scalars({ cpus: 2, mem: 1024 }), command },
      { name: 'task 2', task_id: { value: 'task-2' }, resources: scalars({ cpus: 1, mem: 2048 }), command },
    ],
    { refuse_seconds: 600 },
  );
  expect(answer.status).toBe(202);
  for (const taskId of ['task-1', 'task-2']) {
    const isFrom = (state: string) => (event: Json) =>
      event.update.status.task_id.value === taskId && event.update.status.state === state;
    // RUNNING comes after STARTING was acknowledged.
    await first.acknowledge((await first.waitFor('UPDATE', isFrom('TASK_STARTING'))).update.status);
    await first.waitFor('UPDATE', isFrom('TASK_RUNNING'));
  }

  const rest = await until('framework 2 is offered the rest', () => second.offers()[0]);
  expect(quantities(rest)).toEqual({ cpus: 1, mem: 1024 });
  expect(rest.agent_id).toEqual(offered.agent_id);
  expect(second.offers()).toHaveLength(1);
  expect(first.offers()).toHaveLength(1);
  await first.call({ type: 'TEARDOWN' });
  await second.call({ type: 'TEARDOWN' });
});
