// CHECK: every call that it takes is judged as the call itself is, and nothing changes.
import { describe, expect, it } from 'vitest';
import type * as master from '../../../src/wire/gen/master.js';
import { Harness } from './support/harness.js';
import { realAllocator } from './support/real-allocator.js';

const H1 = { hostname: 'h1', ip: '10.0.0.1' };

function cluster(options: ConstructorParameters<typeof Harness>[0] = {}) {
  const harness = new Harness({ allocator: realAllocator(), ...options });
  const agent = harness.agent({ ...H1, capabilities: ['MULTI_ROLE', 'AGENT_DRAINING'] });
  agent.register();
  return { harness, agent };
}

const quota = (limit: number, guarantee = 0, force = false): master.Call => ({
  type: 'UPDATE_QUOTA',
  update_quota: {
    force,
    quota_configs: [
      {
        role: 'eng',
        guarantees: guarantee === 0 ? {} : { cpus: { value: guarantee } },
        limits: { cpus: { value: limit } },
      },
    ],
  },
});
const schedule = (...machine_ids: { hostname: string; ip: string }[]): master.Call => ({
  type: 'UPDATE_MAINTENANCE_SCHEDULE',
  update_maintenance_schedule: {
    schedule: { windows: [{ machine_ids, unavailability: { start: { nanoseconds: 7e18 } } }] },
  },
});
const start: master.Call = { type: 'START_MAINTENANCE', start_maintenance: { machines: [H1] } };
const stop: master.Call = { type: 'STOP_MAINTENANCE', stop_maintenance: { machines: [H1] } };
const drain = (value: string): master.Call => ({ type: 'DRAIN_AGENT', drain_agent: { agent_id: { value } } });

describe('CHECK', () => {
  it('changes nothing that it says yes to', () => {
    const { harness, agent } = cluster();
    for (const call of [quota(2), schedule(H1), drain(agent.id)])
      expect(harness.checkCall(call)).toMatchObject({ status: 200, extension: { type: 'CHECK' } });
    const { quotas, machines, deactivatedAgents } = harness.core.view;
    expect([quotas.size, machines.size, deactivatedAgents.size]).toEqual([0, 0, 0]);
    expect(harness.store.state().quotas.size).toBe(0);
  });

  it.each<[string, (agentId: string) => master.Call]>([
    ['a quota beyond the cluster', () => quota(1e6, 1e6)],
    ['a machine twice', () => schedule(H1, H1)],
    ['a start out of the schedule', () => start],
    ['a stop of what is not down', () => stop],
    ['an agent that nobody knows', () => drain('nobody')],
  ])('says to %s what the call itself is told', (_, callFor) => {
    const { harness, agent } = cluster();
    const answer = harness.checkCall(callFor(agent.id));
    expect(answer).toMatchObject({ status: 400 });
    expect(answer).toEqual(harness.operatorCall(callFor(agent.id)));
  });

  it('goes by what is so now', () => {
    const { harness, agent } = cluster();
    expect(harness.checkCall(quota(1e6, 1e6, true))).toMatchObject({ status: 200 });
    harness.operatorCall(schedule(H1));
    expect(harness.checkCall(start)).toMatchObject({ status: 200 });
    expect(harness.checkCall(drain(agent.id))).toMatchObject({ status: 400 });
    harness.operatorCall(start);
    expect(harness.checkCall(stop)).toMatchObject({ status: 200 });
  });

  it('is for changes of quota, maintenance and agents', () => {
    const { harness } = cluster();
    expect(harness.checkCall({ type: 'TEARDOWN', teardown: { framework_id: { value: 'f' } } })).toMatchObject({
      status: 501,
    });
  });
});
