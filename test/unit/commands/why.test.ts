/** `mesoctl why`: what is asked, what is said, the JSON against its schema, the words of errors. */
import { describe, expect, it } from 'vitest';
import { type Asked, askWhy } from '../../../src/cli/why/run-why.js';
import { whyRecord, whyText } from '../../../src/cli/why/why-answer.js';
import { nothingAsked, refuseTaskFlags, subjectOf, taskQuestion } from '../../../src/cli/why/why-request.js';
import { explainTask } from '../../../src/cli/why/why-task.js';
import type * as api from '../../../src/wire/gen/mesoctl-api.js';
import { schemaErrors } from '../../harness/schemas.js';
import { agentOf, FakeCluster, frameworkOf, PREFIX, taskOf } from './support/fake-cluster.js';

const NOW = 1100;

const ANSWER: api.Response_Why = {
  summary: 'No offer of cpus 4: 2 agents are in use: the nearest, node-1, has cpus 1 of the 4 wanted free.',
  first_step: 'Wait for tasks to end, or free cpus 3 on node-1.',
  commands: ['mesoctl task list --filter host==node-1'],
  agents: 3,
  available: 0,
  reasons: [
    {
      code: 'IN_USE',
      message: '2 agents are in use',
      agents: 2,
      best_agent_id: { value: `${PREFIX}-S1` },
      best_hostname: 'node-1',
      best_available: [
        { name: 'cpus', type: 'SCALAR', scalar: { value: 1 } },
        { name: 'ports', type: 'RANGES', ranges: { range: [{ begin: 31000, end: 31009 }] } },
      ],
      shortages: [{ name: 'cpus', wanted: 4, has: 1, lacks: 3 }],
      holders: [{ framework_id: { value: `${PREFIX}-0001` }, role: 'web', resources: [], since: 1000 }],
      behind: ['QUOTA_LIMIT'],
    },
    {
      code: 'DRF_ORDER',
      message: '1 agent is free and goes to others first',
      agents: 1,
      ahead: [{ role: 'web', framework_id: { value: 'f' }, share: 0.1, weight: 2 }],
      own: { framework_id: { value: 'g' }, share: 0.4, weight: 1 },
    },
  ],
  findings: [
    {
      agent_id: { value: `${PREFIX}-S1` },
      hostname: 'node-1',
      code: 'IN_USE',
      message: '1 agent is in use',
      behind: ['QUOTA_LIMIT'],
    },
  ],
};

class WhyCluster extends FakeCluster {
  readonly asked: api.Call_Why[] = [];
  why(request: api.Call_Why): Promise<api.Response_Why> {
    this.asked.push(request);
    return Promise.resolve(ANSWER);
  }
}

const cluster = () =>
  new WhyCluster({
    agents: [agentOf(17), agentOf(1)],
    frameworks: [frameworkOf(1, { name: 'shop' })],
    tasks: [taskOf('web.7f3a'), taskOf('web.11d0', { state: 'TASK_FAILED', message: 'exit 3' })],
    roles: [{ name: 'web' }],
  });

const ask = (client: WhyCluster, asked: Partial<Asked>) =>
  askWhy(
    { client, nowMs: () => NOW * 1000 },
    {
      subject: undefined,
      question: {},
      flags: { framework: undefined, on: undefined, agents: false },
      signal: new AbortController().signal,
      ...asked,
    },
  );

describe('what is asked', () => {
  it('is the size of a task, a role and constraints', () => {
    const flags = { cpus: '4', mem: '8G', ports: '3', role: 'eng', where: ['rack=b2', 'hostname~node-.*', 'ssd'] };
    expect(taskQuestion(flags)).toEqual({
      role: 'eng',
      resources: [
        { name: 'cpus', type: 'SCALAR', scalar: { value: 4 } },
        { name: 'mem', type: 'SCALAR', scalar: { value: 8192 } },
        { name: 'ports', type: 'SCALAR', scalar: { value: 3 } },
      ],
      constraints: {
        groups: [
          {
            attribute_constraints: [
              { selector: { attribute_name: 'rack' }, predicate: { text_equals: { value: 'b2' } } },
              { selector: { pseudoattribute_type: 'HOSTNAME' }, predicate: { text_matches: { regex: 'node-.*' } } },
              { selector: { attribute_name: 'ssd' }, predicate: { exists: {} } },
            ],
          },
        ],
      },
    });
  });

  it.each([
    [{ cpus: 'four' }, '--cpus: "four" is not a number of at least 0.001'],
    [{ mem: '4X' }, '--mem: "4X" is not a size: write 512, 512M or 2G'],
    [{ gpus: '0.5' }, '--gpus: "0.5" is not a whole number'],
    [{ role: 'a//b' }, '--role: Role "a//b" must not contain two slashes in a row'],
    [{ where: ['=x'] }, '--where: "=x" is no constraint: write rack=b2, rack!=b2, rack~b.* or rack'],
  ])('is refused where it is wrong: %j', (flags, message) => {
    expect(() => taskQuestion(flags)).toThrow(message);
  });

  it('is a whole subject', () => {
    expect(subjectOf({ kind: 'agent', id: 'S1' })).toEqual({ kind: 'agent', reference: 'S1' });
    expect(subjectOf({})).toBeUndefined();
    expect(() => subjectOf({ kind: 'role' })).toThrow('which role: its id or name is missing');
    expect(() => refuseTaskFlags('task', { cpus: '4' })).toThrow('--cpus says nothing about a task');
    expect(() => refuseTaskFlags('role', { role: 'eng' })).toThrow('--role says nothing about a role');
    refuseTaskFlags('framework', { cpus: '4', role: 'eng', on: 'node-1' });
    expect(nothingAsked().code).toBe('BAD_INPUT');
  });

  it.each([
    ['framework', 'shop', { framework_id: { value: `${PREFIX}-0001` } }],
    ['agent', 'node-17', { agent_id: { value: `${PREFIX}-S17` } }],
    ['role', 'web', { role: 'web' }],
    ['role', 'nobody/yet', { role: 'nobody/yet' }],
  ] as const)('names a %s by its full id', async (kind, reference, ids) => {
    const client = cluster();
    await ask(client, { subject: { kind, reference } });
    expect(client.asked).toHaveLength(1);
    expect(client.asked[0]).toMatchObject({ ...ids, max_findings: 20 });
  });

  it('may be narrowed to a framework and an agent', async () => {
    const client = cluster();
    await ask(client, { flags: { framework: 'shop', on: 'S17', agents: true } });
    expect(client.asked[0]).toMatchObject({
      framework_id: { value: `${PREFIX}-0001` },
      agent_id: { value: `${PREFIX}-S17` },
      max_findings: 1000,
    });
  });

  it('is an error where nothing is meant, or several things', async () => {
    const client = cluster();
    await expect(ask(client, { subject: { kind: 'task', reference: 'nope' } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(ask(client, { subject: { kind: 'task', reference: 'web' } })).rejects.toMatchObject({
      code: 'AMBIGUOUS',
    });
    await expect(ask(client, { subject: { kind: 'role', reference: 'wab' } })).rejects.toMatchObject({
      message: 'no role "wab". Did you mean web?',
    });
    expect(client.asked).toEqual([]);
  });
});

describe('the answer', () => {
  it('is a sentence, what to do first, and the reasons where there are several', () => {
    expect(whyText(ANSWER, { agents: false }).split('\n')).toEqual([
      ANSWER.summary,
      'First: Wait for tasks to end, or free cpus 3 on node-1.',
      'Try:   mesoctl task list --filter host==node-1',
      '',
      'CODE       AGENTS  BEHIND       BECAUSE',
      'IN_USE          2  QUOTA_LIMIT  2 agents are in use',
      'DRF_ORDER       1  -            1 agent is free and goes to others first',
      '',
    ]);
  });

  it('tells agent by agent', () => {
    expect(whyText(ANSWER, { agents: true }).split('\n').slice(3)).toEqual([
      '',
      'AGENT   CODE    BEHIND       BECAUSE',
      'node-1  IN_USE  QUOTA_LIMIT  1 agent is in use',
      'and 2 more',
      '',
    ]);
  });

  it('is a document that its schema knows, of each kind', async () => {
    const client = cluster();
    for (const kind of ['framework', 'role', 'agent', 'task'] as const) {
      const reference = { framework: 'shop', role: 'web', agent: 'S1', task: '7f3a' }[kind];
      const { subject, answer } = await ask(client, { subject: { kind, reference } });
      expect(schemaErrors('why', whyRecord(subject, answer))).toEqual([]);
    }
    const { subject, answer } = await ask(client, {});
    expect(schemaErrors('why', whyRecord(subject, answer))).toEqual([]);
    expect(whyRecord(subject, answer)).toMatchObject({
      subject: { kind: 'request', id: null },
      reasons: [{ best_available: { cpus: 1, ports: 10 }, holders: [{ since: '1970-01-01T00:16:40.000Z' }] }, {}],
    });
  });
});

describe('a task', () => {
  const say = (facts: Partial<api.Task>, agent: Partial<api.Agent> = {}) => {
    const { summary, first_step } = explainTask({ task: taskOf('web.1', facts), agent: agentOf(1, agent) }, NOW);
    return [summary, first_step];
  };

  it.each<[Partial<api.Task>, string, string]>([
    [{}, 'web.1 is RUNNING for 100s on node-1.', 'Nothing: it runs.'],
    [
      { healthy: false },
      'web.1 is RUNNING for 100s on node-1, and its health check fails.',
      'See in its log why it is not healthy.',
    ],
    [
      { state: 'TASK_STAGING' },
      'web.1 is STAGING for 100s on node-1: the agent prepares it (sandbox, image, executor).',
      'Wait; after a minute, look at the log and at its agent.',
    ],
    [{ state: 'TASK_FINISHED' }, 'web.1 ended 100s ago on node-1: FINISHED.', 'Nothing: it ended well.'],
    [
      {
        state: 'TASK_FAILED',
        reason: 'REASON_CONTAINER_LIMITATION_MEMORY',
        message: 'Memory limit exceeded.',
      },
      'web.1 ended 100s ago on node-1: FAILED, OOM: Memory limit exceeded (REASON_CONTAINER_LIMITATION_MEMORY).',
      'Launch it again with more memory (--mem).',
    ],
    [
      { place: 'UNREACHABLE', state: 'TASK_UNREACHABLE' },
      'web.1 is UNREACHABLE for 100s: its agent node-1 is silent; it may still run there.',
      'Look after its agent: the task comes back with it.',
    ],
    [{ state: 'TASK_KILLING' }, 'web.1 is KILLING for 100s on node-1.', 'Wait: it has its grace period to end.'],
  ])('%j', (facts, summary, step) => {
    expect(say(facts)).toEqual([summary, step]);
  });

  it('on an agent that is away waits for it', () => {
    expect(say({ state: 'TASK_STARTING' }, { state: 'DISCONNECTED' })).toEqual([
      'web.1 is STARTING for 100s on node-1, which is DISCONNECTED.',
      'Wait for its agent, or look after it.',
    ]);
  });
});
