import { describe, expect, it } from 'vitest';
import { createClusterModel, wordEvent } from '../../../../src/views/model/cluster-model.js';
import type * as api from '../../../../src/wire/gen/mesoctl-api.js';
import { info } from './fixtures.js';

const NOW = 1_790_000_000;
const ID = '9d4b1c2e-1234-4abc-8def-0123456789ab';
const AGENT = { agent_id: { value: `${ID}-S9` } };
const FRAMEWORK = { framework_id: { value: `${ID}-0003` } };
const TASK: api.Task = { ...FRAMEWORK, ...AGENT, task_id: { value: 'web.11d0' }, state: 'TASK_RUNNING' };
const OFFER = { offer_id: { value: `${ID}-O118` }, ...FRAMEWORK, ...AGENT };

function known() {
  const model = createClusterModel();
  const tell = (event: Omit<api.Event, 'time'>) => model.apply({ ...event, time: NOW }, NOW * 1000);
  tell({ type: 'SUBSCRIBED', subscribed: { info, heartbeat_interval_seconds: 1 } });
  tell({
    type: 'SNAPSHOT',
    snapshot: {
      agents: [{ ...AGENT, state: 'ACTIVE', hostname: 'node-09', usage: { ...AGENT, tasks: 31 } }],
      frameworks: [{ ...FRAMEWORK, state: 'ACTIVE', name: 'jobs' }],
      tasks: [TASK],
      roles: [{ name: 'dev', frameworks: 1, limit: { cpus: 250 }, allocated: { cpus: 10 } }],
    },
  });
  return model;
}

function words(event: Omit<api.Event, 'time'>) {
  return wordEvent(known(), { ...event, time: NOW }).map(({ severity, text, weight }) => [severity, text, weight]);
}

const agentEvent = (reason: api.Event_AgentsUpdated_Reason, state: api.Agent_State) =>
  words({ type: 'AGENTS_UPDATED', agents_updated: { reason, agents: [{ ...AGENT, state }] } });
const frameworkEvent = (reason: api.Event_FrameworksUpdated_Reason, more: Partial<api.Framework>) =>
  words({
    type: 'FRAMEWORKS_UPDATED',
    frameworks_updated: { reason, frameworks: [{ ...FRAMEWORK, state: 'ACTIVE', ...more }] },
  });
const taskEvent = (more: Partial<api.Task>) => words({ type: 'TASKS_UPDATED', tasks_updated: [{ ...TASK, ...more }] });
const roleEvent = (more: Partial<api.Role>) =>
  words({ type: 'ROLES_UPDATED', roles_updated: { roles: [{ name: 'dev', frameworks: 1, ...more }] } });

describe('wordEvent', () => {
  it('tells of agents', () => {
    expect(agentEvent('REGISTERED', 'ACTIVE')).toEqual([['normal', 'agent node-09 registered (S9)', 'main']]);
    expect(agentEvent('REREGISTERED', 'ACTIVE')).toEqual([['normal', 'agent node-09 re-registered', 'main']]);
    expect(agentEvent('DISCONNECTED', 'DISCONNECTED')).toEqual([
      ['unknown', 'agent node-09 disconnected, 31 tasks', 'main'],
    ]);
    expect(agentEvent('UNREACHABLE', 'UNREACHABLE')).toEqual([
      ['unknown', 'agent node-09 UNREACHABLE, 31 tasks', 'main'],
    ]);
    expect(agentEvent('CHANGED', 'DRAINING')).toEqual([['waiting', 'agent node-09 DRAINING', 'main']]);
    expect(agentEvent('CHANGED', 'ACTIVE')).toEqual([['normal', 'agent node-09 changed', 'detail']]);
    expect(words({ type: 'AGENT_REMOVED', agent_removed: { ...AGENT, reason: 'GONE' } })).toEqual([
      ['unknown', 'agent node-09 marked gone', 'main'],
    ]);
  });

  it('tells of frameworks', () => {
    expect(frameworkEvent('SUBSCRIBED', {})).toEqual([['normal', 'framework jobs subscribed (0003)', 'main']]);
    expect(frameworkEvent('RESUBSCRIBED', {})).toEqual([['normal', 'framework jobs re-subscribed', 'main']]);
    expect(frameworkEvent('DISCONNECTED', { state: 'DISCONNECTED', failover_deadline: NOW + 600 })).toEqual([
      ['bad', 'framework jobs disconnected, removed in 10m unless it returns', 'main'],
    ]);
    expect(frameworkEvent('CHANGED', { back_pressured: true })).toEqual([
      ['waiting', 'framework jobs reads its events too slowly to get offers', 'main'],
    ]);
    expect(frameworkEvent('CHANGED', { suppressed_roles: ['web'] })).toEqual([
      ['normal', 'framework jobs changed', 'detail'],
    ]);
    const removed = (reason: api.Event_FrameworkRemoved_Reason) =>
      words({ type: 'FRAMEWORK_REMOVED', framework_removed: { ...FRAMEWORK, reason } });
    expect(removed('TEARDOWN')).toEqual([['normal', 'framework jobs torn down', 'main']]);
    expect(removed('FAILOVER_TIMEOUT')).toEqual([['bad', 'framework jobs removed, did not return in time', 'main']]);
  });

  it('tells of tasks what changed, with cause and host', () => {
    expect(
      taskEvent({
        state: 'TASK_FAILED',
        reason: 'REASON_CONTAINER_LIMITATION_MEMORY',
        resources: { mem_mb: 256 },
        limits: { mem_mb: 512 },
      }),
    ).toEqual([['bad', 'task web.11d0 FAILED, OOM 512M  node-09', 'main']]);
    expect(taskEvent({ state: 'TASK_FINISHED' })).toEqual([['normal', 'task web.11d0 FINISHED  node-09', 'routine']]);
    expect(taskEvent({ state: 'TASK_KILLING' })).toEqual([['waiting', 'task web.11d0 KILLING  node-09', 'routine']]);
    expect(taskEvent({ healthy: false })).toEqual([['bad', 'task web.11d0 unhealthy  node-09', 'main']]);
    expect(taskEvent({ state: 'TASK_UNREACHABLE' })).toEqual([
      ['unknown', 'task web.11d0 UNREACHABLE, agent  node-09', 'detail'],
    ]);
    expect(taskEvent({ ip: '10.0.0.1' })).toEqual([]);
  });

  it('tells of offers to whoever wants them', () => {
    const offer: api.Offer = { ...OFFER, role: 'web', made_at: NOW, resources: { cpus: 8, mem_mb: 30 * 1024 } };
    expect(words({ type: 'OFFERS_MADE', offers_made: [offer] })).toEqual([
      ['normal', 'offer O118 to jobs: 8 cpus, 30G  node-09', 'detail'],
    ]);
    const ended = (outcome: api.Event_OfferEnded_Outcome, refuse_seconds?: number) =>
      words({ type: 'OFFERS_ENDED', offers_ended: [{ ...OFFER, outcome, refuse_seconds }] });
    expect(ended('DECLINED', 300)).toEqual([
      ['normal', 'offer O118 declined by jobs, not again for 5m  node-09', 'detail'],
    ]);
    expect(ended('EXPIRED')).toEqual([['waiting', 'offer O118 expired with jobs  node-09', 'detail']]);
  });

  it('tells of quotas that change and roles that come below theirs', () => {
    expect(roleEvent({ limit: { cpus: 300 }, allocated: { cpus: 10 } })).toEqual([
      ['normal', 'role dev limit: cpus 250 -> 300', 'main'],
    ]);
    expect(roleEvent({ limit: { cpus: 250 }, guarantee: { mem_mb: 1024 } })).toEqual([
      ['normal', 'role dev guarantee: mem none -> 1G', 'main'],
      ['waiting', 'role dev below guarantee', 'routine'],
    ]);
    expect(roleEvent({ limit: { cpus: 250 }, allocated: { cpus: 90 } })).toEqual([]);
  });

  it('tells who leads', () => {
    const leads = (term: number) =>
      words({ type: 'SUBSCRIBED', subscribed: { info: { ...info, term }, heartbeat_interval_seconds: 1 } });
    expect(leads(14)).toEqual([['normal', 'connected to leader m2:5050, term 14', 'main']]);
    expect(leads(15)).toEqual([['waiting', 'new leader m2:5050, term 15', 'main']]);
  });

  it('passes over what says nothing by itself', () => {
    expect(words({ type: 'HEARTBEAT' })).toEqual([]);
    expect(words({ type: 'COUNTED', counted: { offers_sent: 1 } })).toEqual([]);
    expect(words({ type: 'UNKNOWN' })).toEqual([]);
  });
});
