import { describe, expect, it } from 'vitest';
import type { FakeAgent } from './support/fake-agent.js';
import { taskInfo } from './support/fake-scheduler.js';
import { runningPair } from './support/scenarios.js';

function lastKill(agent: FakeAgent) {
  return agent.messages.findLast(({ kill_task }) => kill_task !== undefined)?.kill_task;
}

describe('KILL_TASK', () => {
  const task = (value: string) => ({ task_id: { value } });

  it('goes to the agent as the kill of a scheduler does, and says so in the log', () => {
    const { harness, scheduler, agent } = runningPair(['a', 'b']);
    const kill_policy = { grace_period: { nanoseconds: 5 } };
    expect(harness.killTask({ ...task('a'), kill_policy })).toMatchObject({
      status: 200,
      extension: { type: 'KILL_TASK', kill_task: { task: { task_id: { value: 'a' }, state: 'TASK_RUNNING' } } },
    });
    expect(lastKill(agent)).toEqual({ framework_id: { value: scheduler.id }, ...task('a'), kill_policy });
    expect(harness.effects).toContainEqual(
      expect.objectContaining({ kind: 'log', level: 'info', message: 'operator kills task' }),
    );
    agent.update('a', 'TASK_KILLED');
    expect(scheduler.lastUpdate.state).toBe('TASK_KILLED');
  });

  it('only judges in a dry run', () => {
    const { harness, agent } = runningPair(['a']);
    const before = agent.messages.length;
    expect(harness.killTask({ ...task('a'), dry_run: true })).toMatchObject({ status: 200 });
    expect(harness.killTask({ ...task('b'), dry_run: true })).toMatchObject({ status: 404 });
    expect(agent.messages).toHaveLength(before);
  });

  it('waits for an agent that is away', () => {
    const { harness, agent } = runningPair(['a']);
    agent.disconnect();
    expect(harness.killTask(task('a'))).toMatchObject({ extension: { kill_task: { waits_for_agent: true } } });
    agent.connect();
    agent.reregister();
    expect(lastKill(agent)?.task_id).toEqual({ value: 'a' });
  });

  it('is 404 for what nobody knows', () => {
    const { harness, scheduler } = runningPair(['a']);
    expect(harness.killTask(task('nope'))).toMatchObject({ status: 404, rejection: { message: /^task 'nope'/ } });
    expect(harness.killTask({ ...task('a'), framework_id: { value: 'nobody' } })).toMatchObject({ status: 404 });
    expect(harness.killTask({ ...task('nope'), framework_id: { value: scheduler.id } })).toMatchObject({ status: 404 });
  });

  it('is 409 with the reason for what cannot be killed', () => {
    const config = { agentReregisterTimeoutMs: 10_000 };
    const { harness, scheduler, agent } = runningPair(['a', 'b', 'c'], {}, { config });
    agent.update('a', 'TASK_FAILED');
    const message = (id: string) => {
      const outcome = harness.killTask(task(id));
      expect(outcome?.status).toBe(409);
      return outcome !== undefined && 'rejection' in outcome ? outcome.rejection.message : '';
    };
    expect(message('a')).toBe("task 'a' has ended already: it is TASK_FAILED");
    scheduler.acknowledge(scheduler.lastUpdate);
    expect(message('a')).toBe("task 'a' has ended already: it is TASK_FAILED");
    agent.disconnect();
    harness.advance(11_000);
    expect(message('b')).toContain(`is on agent '${agent.id}', which is unreachable`);
  });

  it('is 409 while the framework is being removed', () => {
    const { harness, scheduler } = runningPair(['a', 'b'], {}, { stepBudget: 1 });
    let answer: number | undefined;
    harness.onStep = () => {
      const framework = harness.core.view.frameworks.get(scheduler.id);
      if (framework?.state !== 'REMOVING' || framework.tasks.size < 1) return;
      harness.onStep = undefined;
      answer = harness.killTask(task('b'))?.status;
    };
    scheduler.call({ type: 'TEARDOWN' });
    expect(answer).toBe(409);
  });

  it('asks which framework where several have such a task', () => {
    const { harness, scheduler, agent } = runningPair(['a']);
    const other = harness.scheduler({ name: 'other', failover_timeout: 3600 });
    other.subscribe();
    harness.advance(6_000);
    const offer = [...other.takeOffers(), ...scheduler.takeOffers()][0];
    if (offer === undefined) throw new Error('an offer');
    const owner = offer.framework_id.value === other.id ? other : undefined;
    if (owner === undefined) {
      scheduler.decline([offer], 1000);
      harness.advance(2_000);
    }
    const theirs = owner === undefined ? other.takeOffer() : offer;
    other.launch(theirs, taskInfo(theirs, 'a'));
    const outcome = harness.killTask(task('a'));
    expect(outcome?.status).toBe(409);
    const message = outcome !== undefined && 'rejection' in outcome ? outcome.rejection.message : '';
    expect(message).toContain(`'test' (${scheduler.id}), 'other' (${other.id})`);
    expect(harness.killTask({ ...task('a'), framework_id: { value: other.id } })).toMatchObject({ status: 200 });
    expect(lastKill(agent)?.framework_id).toEqual({ value: other.id });
  });
});
