/** `agent drain`, `deactivate`, `reactivate`, `gone`: what is asked, what is sent, what is said. */
import { describe, expect, it } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { type AgentChange, type ChangeAgentOptions, changeAgent } from '../../../src/cli/agent/change-agent.js';
import { schemaErrors } from '../../harness/schemas.js';
import { agentOf, FakeCluster, PREFIX } from './support/fake-cluster.js';
import { FakeConsole, type FakeConsoleOptions } from './support/fake-console.js';

const ID = `${PREFIX}-S1`;
const NAME = `node-1 (${ID})`;
const OPTIONS: ChangeAgentOptions = {
  reference: 'node-1',
  dryRun: false,
  json: false,
  yes: false,
  noInput: false,
  confirm: undefined,
};
const DRAIN: AgentChange = { kind: 'drain', maxGraceMs: undefined, markGone: false };

function setUp(options: FakeConsoleOptions = {}, tasks = 3) {
  const usage = { agent_id: { value: ID }, tasks };
  const cluster = new FakeCluster({ agents: [agentOf(1, { usage }), agentOf(2)] });
  const console = new FakeConsole(options);
  const session = { client: cluster, console, timeoutMs: 300, nowMs: Date.now };
  const run = (change: AgentChange, more: Partial<ChangeAgentOptions> = {}) =>
    changeAgent(change, { ...OPTIONS, ...more }, session);
  return { cluster, console, run };
}

describe('agent drain', () => {
  it('asks with what is killed, then drains', async () => {
    const { cluster, console, run } = setUp({ canAsk: true, answers: ['y'] });
    expect(await run({ ...DRAIN, maxGraceMs: 90_500 })).toBe(0);
    expect(console.stderr).toBe(`  3 tasks are killed\nDrain ${NAME} on prod? [y/N] `);
    const max_grace_period = { seconds: 90, nanos: 500_000_000 };
    const drain_agent = { agent_id: { value: ID }, max_grace_period, mark_gone: false };
    expect(cluster.calls).toEqual([{ type: 'DRAIN_AGENT', drain_agent }]);
    expect(console.stdout).toBe(`${NAME} drains: 3 tasks left\n`);
  });

  it('does not ask where nothing runs, or with --yes', async () => {
    const idle = setUp({}, 0);
    expect(await idle.run(DRAIN)).toBe(0);
    expect(idle.console.stdout).toBe(`${NAME} drains: it runs nothing\n`);
    const busy = setUp();
    expect(await busy.run(DRAIN, { yes: true })).toBe(0);
    expect(busy.cluster.calls).toHaveLength(1);
  });

  it('does nothing when the answer is no, in a dry run, and where nobody can answer', async () => {
    const { cluster, console, run } = setUp({ canAsk: true, answers: ['n'] });
    expect(await run(DRAIN)).toBe(1);
    expect(await run(DRAIN, { dryRun: true })).toBe(0);
    expect(console.stdout).toBe(`would drain ${NAME}, kill 3 tasks\n`);
    expect(cluster.checks).toMatchObject([{ type: 'DRAIN_AGENT', drain_agent: { agent_id: { value: ID } } }]);
    await expect(run(DRAIN, { noInput: true })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(cluster.calls).toEqual([]);
  });

  it('says in a dry run what the master has against it', async () => {
    const { cluster, run } = setUp();
    cluster.judge = () => Promise.reject(new MesoError('BAD_INPUT', 'm2:5050 refused CHECK: in the schedule'));
    await expect(run(DRAIN, { dryRun: true })).rejects.toMatchObject({ code: 'REFUSED' });
  });

  it('with --mark-gone wants the name', async () => {
    const change = { ...DRAIN, markGone: true };
    const { cluster, console, run } = setUp({ canAsk: true, answers: ['node-1'] });
    await expect(run(change, { yes: true })).rejects.toMatchObject({
      suggestions: ['--confirm node-1', expect.anything()],
    });
    expect(await run(change)).toBe(0);
    expect(console.stderr).toContain(`Drain and mark ${NAME} on prod gone?`);
    expect(console.stdout).toBe(`${NAME} drains: 3 tasks left, and is gone then\n`);
    expect(cluster.calls).toMatchObject([{ drain_agent: { mark_gone: true } }]);
  });
});

describe('agent gone', () => {
  it('wants the name, typed or given', async () => {
    const { cluster, console, run } = setUp({ canAsk: true, answers: ['node-2'] });
    expect(await run({ kind: 'gone' })).toBe(1);
    await expect(run({ kind: 'gone' }, { confirm: 'node-2' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(cluster.calls).toEqual([]);
    expect(await run({ kind: 'gone' }, { confirm: 'node-1' })).toBe(0);
    expect(cluster.calls).toEqual([{ type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id: { value: ID } } }]);
    expect(console.stdout).toBe(`Marked ${NAME} gone, with 3 tasks\n`);
  });
});

describe('agent deactivate and reactivate', () => {
  it('do not ask', async () => {
    const { cluster, console, run } = setUp();
    expect([await run({ kind: 'deactivate' }), await run({ kind: 'reactivate' })]).toEqual([0, 0]);
    expect(cluster.calls.map(({ type }) => type)).toEqual(['DEACTIVATE_AGENT', 'REACTIVATE_AGENT']);
    expect(console.stdout).toBe(
      `Deactivated ${NAME}: nothing of it is offered; 3 tasks run on\nReactivated ${NAME}: it is offered again\n`,
    );
  });
});

describe('every change of an agent', () => {
  it.each(['deactivate', 'reactivate', 'gone'] as const)('%s --json is as its schema says', async (kind) => {
    const { console, run } = setUp();
    await run({ kind }, { json: true, confirm: 'node-1' });
    const result = JSON.parse(console.stdout);
    expect(schemaErrors('agent-drain', result)).toEqual([]);
    expect(result).toEqual({ id: ID, hostname: 'node-1', change: kind, tasks: 3, dry_run: false });
  });

  it('that the master refuses is a matter of state', async () => {
    const { cluster, run } = setUp();
    cluster.refusal = new MesoError('BAD_INPUT', 'm2:5050 refused REACTIVATE_AGENT: Agent is not deactivated');
    await expect(run({ kind: 'reactivate' })).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('is not deactivated'),
      suggestions: [`mesoctl agent show ${ID}`],
    });
  });

  it('whose answer is lost says so', async () => {
    const { cluster, run } = setUp();
    cluster.refusal = new MesoError('OUTCOME_UNKNOWN', 'lost');
    await expect(run({ kind: 'deactivate' })).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      message: expect.stringContaining('may or may not have happened'),
    });
  });

  it('of nobody, or of several, is none', async () => {
    const { cluster, run } = setUp();
    await expect(run({ kind: 'gone' }, { reference: 'node-9' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(run({ kind: 'gone' }, { reference: 'node-' })).rejects.toMatchObject({ code: 'AMBIGUOUS' });
    expect(cluster.calls).toEqual([]);
  });
});
