/**
 * Drain, quota and maintenance with real processes: a task is killed in its grace, what operators want survives kill -9 of the agent
 * and of the master, and an agent that goes down for maintenance ends with its tasks.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { get, type Json, postJson } from '../harness/api.mjs';
import type { Cluster } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import { agentOf, Framework, isRoot, startAgentCluster } from './agent-fixture.js';

if (!isRoot) console.log('operator drain: skipped, containers need root');

describe.skipIf(!isRoot)('what operators want of real agents', () => {
  let cluster: Cluster;

  afterEach(() => cluster?.stop());

  const call = (type: string, more: Json = {}) => postJson(`${cluster.master.url}/api/v1`, { type, ...more });
  const read = async (path: string): Promise<Json> => JSON.parse((await get(`${cluster.master.url}${path}`)).text);
  const slave = async (): Promise<Json> => (await read('/slaves')).slaves[0];
  const drain = async (more: Json = {}) => {
    const agent_id = { value: (await slave()).id };
    const reply = await call('DRAIN_AGENT', { drain_agent: { agent_id, ...more } });
    expect([reply.status, reply.text]).toEqual([200, '']);
  };
  /** Of the one agent, or '' while there is none. */
  const drainState = async (): Promise<string> => (await slave())?.drain_info?.state ?? '';

  it('a drain kills tasks within the grace, is over when they have ended, and ends with REACTIVATE_AGENT', async () => {
    cluster = await startAgentCluster();
    const framework = await Framework.subscribe(cluster);
    const task = await framework.start("trap 'echo got TERM; exit 0' TERM; echo ready; while :; do sleep 0.05; done");
    await task.prints('ready');
    await drain({ max_grace_period: { seconds: 5 } });
    expect(await task.ended()).toMatchObject({ state: 'TASK_KILLED', reason: 'REASON_AGENT_DRAINING' });
    expect(task.stdout).toContain('got TERM');
    await until('it is drained', async () => (await drainState()) === 'DRAINED');
    const agent_id = { value: (await slave()).id };
    expect((await call('REACTIVATE_AGENT', { reactivate_agent: { agent_id } })).status).toBe(200);
    const next = await framework.start('echo again; sleep 100');
    await next.reaches('TASK_RUNNING');
    expect(await slave()).toMatchObject({ deactivated: false, active: true });
  });

  it('goes on after kill -9 of the agent, and of the master', async () => {
    cluster = await startAgentCluster();
    const framework = await Framework.subscribe(cluster, { failover_timeout: 60 });
    // It does not end by itself: what is asked before it has, is asked while it drains.
    const task = await framework.start("trap 'echo no' TERM; echo ready; while :; do sleep 0.05; done");
    await task.prints('ready');
    await drain({ max_grace_period: { seconds: 3600 } });
    const agent = agentOf(cluster);
    await agent.kill();
    await agent.restart();
    await until('the agent is back', async () => (await slave())?.deactivated === true);
    await cluster.master.kill();
    await cluster.master.restart();
    await until('the agent is back', async () => (await slave())?.deactivated === true);
    expect(await drainState()).toBe('DRAINING');
    // The time was too long: now it is short. The end counts when the framework has heard of it.
    const returned = await Framework.subscribe(cluster, { id: framework.scheduler.frameworkId, failover_timeout: 60 });
    await drain({ max_grace_period: { seconds: 0 }, mark_gone: true });
    const isGone = async () => {
      await returned.acknowledgeAll();
      return (await slave()) === undefined;
    };
    await until('the agent is gone', isGone, { deadlineMs: 30_000, explain: () => cluster.logs() });
    const end = returned.scheduler.events.find(({ update }) => update?.status.reason === 'REASON_AGENT_DRAINING');
    expect(end?.update.status.task_id.value).toBe(task.id);
  }, 90_000);

  it('a machine that goes down takes its agent and tasks with it; its quota and schedule survive kill -9', async () => {
    cluster = await startAgentCluster();
    const framework = await Framework.subscribe(cluster);
    const task = await framework.start('echo ready; sleep 100');
    await task.reaches('TASK_RUNNING');
    const { hostname } = await slave();
    const unavailability = { start: { nanoseconds: 0 } };
    const schedule = { windows: [{ machine_ids: [{ hostname }], unavailability }] };
    const quota_configs = [{ role: 'eng', limits: { cpus: { value: 2 } } }];
    expect((await call('UPDATE_QUOTA', { update_quota: { quota_configs } })).status).toBe(200);
    expect((await call('UPDATE_MAINTENANCE_SCHEDULE', { update_maintenance_schedule: { schedule } })).status).toBe(200);
    await framework.scheduler.waitFor('INVERSE_OFFERS');
    expect((await call('START_MAINTENANCE', { start_maintenance: { machines: [{ hostname }] } })).status).toBe(200);
    expect(await task.ended()).toMatchObject({ state: 'TASK_LOST' });
    await agentOf(cluster).exited;
    await cluster.master.kill();
    await cluster.master.restart();
    expect(await read('/maintenance/status')).toEqual({ down_machines: [{ hostname }] });
    expect((await read('/quota')).configs).toEqual([{ role: 'eng', limits: { cpus: { value: 2 } } }]);
  });
});
