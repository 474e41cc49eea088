import { describe, expect, it } from 'vitest';
import { type ClusterModel, createClusterModel } from '../../../../src/views/model/cluster-model.js';
import { sanitize } from '../../../../src/views/text/width.js';
import type * as api from '../../../../src/wire/gen/mesoctl-api.js';
import type * as mesos from '../../../../src/wire/gen/mesos.js';
import { ClusterStream } from '../../../bench/cluster-stream.js';
import { info } from './fixtures.js';

const START = 1_790_000_000;

/** A model and what it is told, second by second. */
class Told {
  readonly model: ClusterModel = createClusterModel();
  now = START;

  send(event: Omit<api.Event, 'time'>): this {
    this.model.apply({ ...event, time: this.now }, this.now * 1000);
    return this;
  }

  sync(snapshot: api.Event_Snapshot = {}, more: Partial<api.Response_Info> = {}): this {
    this.send({ type: 'SUBSCRIBED', subscribed: { info: { ...info, ...more }, heartbeat_interval_seconds: 1 } });
    return this.send({ type: 'SNAPSHOT', snapshot }).send({ type: 'SNAPSHOT_END' });
  }

  tasks(...tasks: api.Task[]): this {
    return this.send({ type: 'TASKS_UPDATED', tasks_updated: tasks });
  }

  agent(reason: api.Event_AgentsUpdated_Reason, ...agents: api.Agent[]): this {
    return this.send({ type: 'AGENTS_UPDATED', agents_updated: { reason, agents } });
  }

  framework(reason: api.Event_FrameworksUpdated_Reason, ...frameworks: api.Framework[]): this {
    return this.send({ type: 'FRAMEWORKS_UPDATED', frameworks_updated: { reason, frameworks } });
  }

  after(seconds: number): this {
    this.now += seconds;
    this.model.tick(this.now * 1000);
    return this;
  }

  problems(): readonly string[] {
    return this.model.problems(20).first.map(({ text }) => text);
  }

  log(): readonly string[] {
    return this.model.events.map(({ text }) => text);
  }
}

function agent(id: string, more: Partial<api.Agent> = {}): api.Agent {
  return { agent_id: { value: id }, state: 'ACTIVE', since: START, hostname: `host-${id}`, ...more };
}

function framework(id: string, more: Partial<api.Framework> = {}): api.Framework {
  return { framework_id: { value: id }, state: 'ACTIVE', since: START, name: `name-${id}`, ...more };
}

function task(id: string, state: mesos.TaskState, more: Partial<api.Task> = {}): api.Task {
  return {
    framework_id: { value: 'f1' },
    task_id: { value: id },
    state,
    since: START,
    agent_id: { value: 'a1' },
    ...more,
  };
}

function offer(id: string, more: Partial<api.Offer> = {}): api.Offer {
  return {
    offer_id: { value: id },
    framework_id: { value: 'f1' },
    agent_id: { value: 'a1' },
    role: 'web',
    made_at: START,
    ...more,
  };
}

describe('names', () => {
  it('of frameworks and agents reach the rows of tasks and offers when they become known', () => {
    const told = new Told()
      .sync()
      .tasks(task('t1', 'TASK_RUNNING'))
      .send({ type: 'OFFERS_MADE', offers_made: [offer('o1')] });
    const row = () => told.model.tables.tasks.get('f1/t1');
    expect(row()).toMatchObject({ frameworkName: 'f1', hostname: '' });
    told.agent('REGISTERED', agent('a1')).framework('SUBSCRIBED', framework('f1'));
    expect(row()).toMatchObject({ frameworkName: 'name-f1', hostname: 'host-a1' });
    expect(told.model.tables.offers.get('o1')).toMatchObject({ frameworkName: 'name-f1', hostname: 'host-a1' });
    expect(told.model.totals.oldestOffer).toEqual({ madeAt: START, frameworkName: 'name-f1' });
  });

  it('touch no other rows when they change', () => {
    const tasks = [task('t1', 'TASK_RUNNING'), task('t2', 'TASK_RUNNING', { agent_id: { value: 'a2' } })];
    const told = new Told().sync({ agents: [agent('a1'), agent('a2')], tasks });
    const untouched = told.model.tables.tasks.get('f1/t2');
    told.agent('CHANGED', agent('a1', { hostname: 'other' }));
    expect(told.model.tables.tasks.get('f1/t1')?.hostname).toBe('other');
    expect(told.model.tables.tasks.get('f1/t2')).toBe(untouched);
  });

  it('stay when their agent is gone, as long as a task tells of it', () => {
    const told = new Told().sync({ agents: [agent('a1')], tasks: [task('t1', 'TASK_RUNNING')] });
    told.send({ type: 'AGENT_REMOVED', agent_removed: { agent_id: { value: 'a1' }, reason: 'GONE' } });
    told.tasks(task('t1', 'TASK_GONE_BY_OPERATOR', { place: 'COMPLETED' }));
    expect(told.model.tables.tasks.get('f1/t1')).toMatchObject({ hostname: 'host-a1', severity: 'unknown' });
  });
});

describe('the name of an agent that is gone', () => {
  it('stays when the only row that shows it becomes a problem', () => {
    const told = new Told().sync({ agents: [agent('a1')], offers: [offer('o1')], tasks: [] });
    told.send({ type: 'AGENT_REMOVED', agent_removed: { agent_id: { value: 'a1' }, reason: 'GONE' } });
    expect(told.after(60).model.tables.offers.get('o1')).toMatchObject({ severity: 'bad', hostname: 'host-a1' });
  });
});

describe('a lost and a new connection', () => {
  it('leave the picture as it is until the new snapshot has ended', () => {
    const told = new Told().sync({
      agents: [agent('a1')],
      tasks: [task('t1', 'TASK_RUNNING'), task('t2', 'TASK_RUNNING')],
    });
    const [kept, agentRow] = [told.model.tables.tasks.get('f1/t1'), told.model.tables.agents.get('a1')];
    const view = told.model.tables.tasks.open();
    told.model.disconnected({ reason: 'm2 refused', retryAtUnixMs: 1 }, told.now * 1000 + 500);
    told.model.disconnected({ reason: 'm3 refused', retryAtUnixMs: 2 }, told.now * 1000 + 900);
    expect(told.model.connection).toEqual({
      kind: 'stale',
      reason: 'm3 refused',
      sinceUnixMs: told.now * 1000 + 500,
      retryAtUnixMs: 2,
    });
    expect(told.model.masterTime(told.now * 1000 + 7000)).toBe(told.now + 7);
    expect(view.size).toBe(2);

    told.after(3).send({
      type: 'SUBSCRIBED',
      subscribed: { info: { ...info, term: 15 }, heartbeat_interval_seconds: 1, tasks: 1 },
    });
    expect(told.model.connection).toMatchObject({ kind: 'syncing', received: 0, expected: 1 });
    told.send({ type: 'SNAPSHOT', snapshot: { tasks: [task('t1', 'TASK_RUNNING')], agents: [agent('a1')] } });
    expect(told.model.connection).toMatchObject({ kind: 'syncing', received: 1, expected: 1 });
    expect(view.size).toBe(2);
    told.send({ type: 'SNAPSHOT_END' });
    expect(told.model.connection).toEqual({ kind: 'live', lastEventUnixMs: told.now * 1000 });
    expect(view.window(0, 10)).toEqual([kept]);
    expect(view.window(0, 10)[0]).toBe(kept);
    expect(told.model.tables.agents.get('a1')).toBe(agentRow);
    expect(told.log()).toEqual([
      'new leader m2:5050, term 15',
      'connection lost: m2 refused',
      'connected to leader m2:5050, term 14',
    ]);
  });

  it('give in the end what a fresh subscription gives', () => {
    const cluster = new ClusterStream({
      seed: 7,
      agents: 60,
      tasks: 600,
      frameworks: 8,
      eventsPerSecond: 200,
      startUnixMs: START * 1000,
      unreachableEverySeconds: 5,
      completedTasks: 200,
    });
    const [model, fresh] = [createClusterModel(), createClusterModel()];
    let nowMs = START * 1000;
    const follow = (seconds: number, isHeard: boolean) => {
      for (let i = 0; i < seconds; i++) {
        nowMs += 1000;
        for (const event of cluster.advance(nowMs)) if (isHeard) model.apply(event, nowMs);
        model.tick(nowMs);
      }
    };
    for (const event of cluster.subscribe()) model.apply(event, nowMs);
    follow(40, true);
    model.disconnected({ reason: 'gone', retryAtUnixMs: nowMs }, nowMs);
    follow(40, false);
    for (const event of cluster.subscribe()) {
      model.apply(event, nowMs);
      fresh.apply(event, nowMs);
    }
    for (const table of ['agents', 'frameworks', 'tasks', 'offers'] as const) {
      const [seen, expected] = [model.tables[table].open(), fresh.tables[table].open()];
      expect(seen.size).toBeGreaterThan(0);
      expect(seen.window(0, 10_000)).toEqual(expected.window(0, 10_000));
    }
    expect(model.totals).toEqual(fresh.totals);
  });
});

describe('totals of the generated cluster', () => {
  it('are the sums of its tasks and offers once usage was told', () => {
    const cluster = new ClusterStream({
      seed: 3,
      agents: 200,
      tasks: 800,
      frameworks: 5,
      eventsPerSecond: 100,
      startUnixMs: START * 1000,
      unreachableEverySeconds: 0,
    });
    const model = createClusterModel();
    for (const event of cluster.subscribe()) model.apply(event, START * 1000);
    for (const event of cluster.advance(START * 1000 + 60_000)) model.apply(event, START * 1000 + 60_000);
    for (const event of cluster.subscribe()) model.apply(event, START * 1000 + 60_000);
    const live = model.tables.tasks
      .open()
      .window(0, 10_000)
      .filter(({ task }) => task.place !== 'COMPLETED');
    const offers = model.tables.offers.open().window(0, 10_000);
    const cpus = (all: readonly (api.Amounts | undefined)[]) => all.reduce((sum, one) => sum + (one?.cpus ?? 0), 0);
    expect(model.totals.taskCount).toBe(live.length);
    expect(live.length).toBe(cluster.liveTasks);
    expect(model.totals.allocated.cpus).toBeCloseTo(cpus(live.map(({ task }) => task.resources)), 6);
    expect(model.totals.offered.cpus).toBeCloseTo(cpus(offers.map(({ offer }) => offer.resources)), 6);
    expect(offers.length).toBeGreaterThan(0);
  });
});

describe('bounds', () => {
  it('keep the newest 10,000 completed tasks, 1,000 events and 120 points', () => {
    const told = new Told().sync();
    for (let i = 0; i < 10_050; i++) told.tasks(task(`t${i}`, 'TASK_FAILED', { place: 'COMPLETED', since: START + i }));
    expect(told.model.tables.tasks.size).toBe(10_000);
    expect(told.model.tables.tasks.get('f1/t49')).toBeUndefined();
    expect(told.model.tables.tasks.get('f1/t50')).toBeDefined();
    for (let i = 0; i < 700; i++) told.after(1).tasks(task(`r${i}`, 'TASK_RUNNING'));
    expect(told.model.events.length).toBe(1000);
    const sequences = told.model.events.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.toSorted((a, b) => b - a));
    for (let i = 0; i < 200; i++) told.after(5);
    expect(told.model.history.cpus.length).toBe(120);
    expect(told.model.history.launchesPerSecond.length).toBe(120);
  });

  it('do not let routine lines wash away that an agent was lost', () => {
    const told = new Told().sync({ agents: [agent('a1', { usage: { agent_id: { value: 'a1' }, tasks: 31 } })] });
    told.agent('UNREACHABLE', agent('a1', { state: 'UNREACHABLE' }));
    for (let i = 0; i < 3000; i++) told.tasks(task(`t${i}`, 'TASK_RUNNING'));
    expect(told.log()).toContain('agent host-a1 UNREACHABLE, 31 tasks');
  });

  it('keep routine lines only while they are few enough to read', () => {
    const told = new Told().sync();
    const routine = () => told.log().filter((text) => text.startsWith('task ')).length;
    for (let i = 0; i < 500; i++) told.tasks(task(`t${i}`, 'TASK_RUNNING'));
    expect(routine()).toBe(30);
    told.after(10).tasks(task('t501', 'TASK_RUNNING'));
    expect(routine()).toBe(30);
    told.after(20).tasks(task('t502', 'TASK_RUNNING'));
    expect(routine()).toBe(31);
  });
});

describe('history', () => {
  it('is made of differences of counts, and starts again with a new master', () => {
    const told = new Told().sync({ counts: { tasks_launched: 1000, offers_sent: 50, tasks_failed: 5 } });
    for (let i = 1; i <= 10; i++)
      told.after(1).send({
        type: 'COUNTED',
        counted: {
          tasks_launched: 1000 + 12 * i,
          offers_sent: 50 + 3 * i,
          tasks_failed: 5 + i,
          tasks_error: 1,
          offers_accepted: i,
        },
      });
    expect(told.model.history.now).toEqual({ launchesPerSecond: 12, offersPerSecond: 3 });
    expect(told.model.history.last5Minutes).toEqual({
      seconds: 10,
      finished: 0,
      failed: 11,
      lost: 0,
      accepted: 10,
      declined: 0,
    });
    told.sync({ counts: { tasks_launched: 1, offers_sent: 1 } }, { term: 15 });
    expect(told.model.history.now).toEqual({ launchesPerSecond: 0, offersPerSecond: 0 });
    expect(told.model.history.last5Minutes).toMatchObject({ failed: 0, seconds: 0 });
  });

  it('forgets what is older than 5 minutes, and shows no rate when nothing is counted', () => {
    const told = new Told().sync({ counts: { tasks_finished: 0, tasks_launched: 0 } });
    told.after(1).send({ type: 'COUNTED', counted: { tasks_finished: 7, tasks_launched: 7 } });
    expect(told.model.history.last5Minutes.finished).toBe(7);
    expect(told.model.history.now.launchesPerSecond).toBe(7);
    told.after(10);
    expect(told.model.history.now.launchesPerSecond).toBe(0);
    told.after(295).send({ type: 'COUNTED', counted: { tasks_finished: 8, tasks_launched: 7 } });
    expect(told.model.history.last5Minutes).toMatchObject({ finished: 1, seconds: 300 });
  });

  it('stands still while the connection is lost', () => {
    const told = new Told().sync().after(5).after(5);
    const points = told.model.history.cpus.length;
    told.model.disconnected({ reason: 'gone', retryAtUnixMs: 0 }, told.now * 1000);
    told.after(60);
    expect(told.model.history.cpus.length).toBe(points);
  });
});

describe('problems', () => {
  it('are none in a healthy cluster', () => {
    const told = new Told().sync({
      agents: [agent('a1'), agent('a2', { state: 'DRAINING' })],
      frameworks: [framework('f1')],
      tasks: [
        task('t1', 'TASK_RUNNING'),
        task('t2', 'TASK_STAGING'),
        task('t3', 'TASK_FINISHED', { place: 'COMPLETED' }),
      ],
      offers: [offer('o1')],
      roles: [{ name: 'web', frameworks: 1, guarantee: { cpus: 1 }, allocated: { cpus: 1 } }],
    });
    expect(told.after(10).model.problems(5)).toEqual({ total: 0, first: [] });
  });

  it('tell of agents that are not to be reached, with their tasks, until they return', () => {
    const told = new Told().sync({ agents: [agent('a1'), agent('a2')], tasks: [task('t1', 'TASK_RUNNING')] });
    told.agent('UNREACHABLE', agent('a1', { state: 'UNREACHABLE', since: START + 1 }));
    told.agent('DISCONNECTED', agent('a2', { state: 'DISCONNECTED', since: START + 2 }));
    expect(told.problems()).toEqual(['host-a2 disconnected (0 tasks)', 'host-a1 unreachable (1 task)']);
    expect(told.model.problems(1)).toMatchObject({
      total: 2,
      first: [{ table: 'agents', key: 'a2', since: START + 2 }],
    });
    told.agent('REREGISTERED', agent('a1'), agent('a2'));
    expect(told.problems()).toEqual([]);
  });

  it('tell of a lost agent before any number of tasks that failed since', () => {
    const told = new Told().sync({ agents: [agent('a1')], frameworks: [framework('f1')] });
    told.agent('UNREACHABLE', agent('a1', { state: 'UNREACHABLE', since: START + 1 }));
    told.tasks(task('t1', 'TASK_FAILED', { place: 'COMPLETED', since: START + 2, reason: 'REASON_TASK_INVALID' }));
    expect(told.problems()).toEqual(['host-a1 unreachable (0 tasks)', 'task t1 failed, invalid']);
  });

  it('tell when a disconnected framework will be removed', () => {
    const told = new Told().sync({ frameworks: [framework('f1')], tasks: [task('t1', 'TASK_RUNNING')] });
    told.framework('DISCONNECTED', framework('f1', { state: 'DISCONNECTED', failover_deadline: START + 540 }));
    expect(told.problems()).toEqual(['framework name-f1 disconnected (1 task), removed in 9m']);
    told.framework('DISCONNECTED', framework('f2', { state: 'DISCONNECTED', detached: true }));
    expect(told.problems()).toHaveLength(1);
    told.send({
      type: 'FRAMEWORK_REMOVED',
      framework_removed: { framework_id: { value: 'f1' }, reason: 'FAILOVER_TIMEOUT' },
    });
    expect(told.problems()).toEqual([]);
  });

  it('group failures by framework and cause, for 5 minutes', () => {
    const failed = (id: string, reason: mesos.TaskStatus_Reason) =>
      task(id, 'TASK_FAILED', { reason, place: 'COMPLETED', since: START + 1 });
    const told = new Told().sync({ frameworks: [framework('f1')] }).after(1);
    told.tasks(failed('t1', 'REASON_CONTAINER_LIMITATION_MEMORY'), failed('t2', 'REASON_CONTAINER_LIMITATION_MEMORY'));
    told.tasks(failed('t2', 'REASON_CONTAINER_LIMITATION_MEMORY'), failed('t3', 'REASON_CONTAINER_LAUNCH_FAILED'));
    expect(told.problems().toSorted()).toEqual(['name-f1: 2 tasks failed in 5m, OOM', 'task t3 failed, launch']);
    expect(told.after(290).problems().length).toBe(2);
    expect(told.after(30).problems()).toEqual([]);
  });

  it('do not count failures again that a new snapshot repeats, nor old ones', () => {
    const old = task('t0', 'TASK_FAILED', { place: 'COMPLETED', since: START - 400 });
    const snapshot = { tasks: [old, task('t1', 'TASK_FAILED', { place: 'COMPLETED' })] };
    const told = new Told().sync(snapshot).sync(snapshot);
    expect(told.problems()).toEqual(['task t1 failed, failed']);
  });

  it('tell of tasks that do not start for 60 s, found by time alone', () => {
    const told = new Told().sync({ frameworks: [framework('f1')] });
    told.tasks(
      task('t1', 'TASK_STAGING'),
      task('t2', 'TASK_STAGING', { since: START - 5 }),
      task('t3', 'TASK_RUNNING'),
    );
    const view = told.model.tables.tasks.open();
    const version = view.version;
    told.after(54);
    expect([told.problems(), view.version]).toEqual([[], version]);
    told.after(6);
    expect(told.problems()).toEqual(['name-f1: 2 tasks not started for over 60s']);
    expect(view.window(0, 1)[0]).toMatchObject({ severity: 'waiting', note: 'not started' });
    told.tasks(task('t1', 'TASK_RUNNING'), task('t2', 'TASK_RUNNING'));
    expect(told.problems()).toEqual([]);
  });

  it('tell of offers that are held for long', () => {
    const told = new Told().sync({
      frameworks: [framework('f1')],
      offers: [offer('o1'), offer('o2', { made_at: START + 30 })],
    });
    expect(told.after(59).problems()).toEqual([]);
    expect(told.after(1).problems()).toEqual(['name-f1 holds 1 offer for too long']);
    expect(told.model.tables.offers.get('o1')).toMatchObject({ severity: 'bad', note: 'held' });
    expect(told.model.tables.frameworks.get('f1')?.oldestOfferAt).toBe(START);
    const ended = { offer_id: { value: 'o1' }, framework_id: { value: 'f1' }, agent_id: { value: 'a1' } };
    told.send({ type: 'OFFERS_ENDED', offers_ended: [{ ...ended, outcome: 'DECLINED' }] });
    expect(told.problems()).toEqual([]);
    expect(told.model.tables.frameworks.get('f1')?.oldestOfferAt).toBe(START + 30);
  });

  it('tell of roles that starve for 60 s, and move their tree up', () => {
    const told = new Told().sync({ roles: [{ name: 'dev' }, { name: 'web' }, { name: 'web/front' }] });
    const view = told.model.tables.roles.open();
    expect(view.window(0, 9).map(({ key }) => key)).toEqual(['dev', 'web', 'web/front']);
    const below: api.Role = { name: 'web/front', frameworks: 1, guarantee: { cpus: 10 }, allocated: { cpus: 3 } };
    told.send({ type: 'ROLES_UPDATED', roles_updated: { roles: [below] } });
    expect(view.window(0, 9).map(({ key }) => key)).toEqual(['web', 'web/front', 'dev']);
    expect(told.after(59).problems()).toEqual([]);
    expect(told.after(1).problems()).toEqual(['role web/front starved']);
    told.send({ type: 'ROLES_UPDATED', roles_updated: { roles: [{ ...below, allocated: { cpus: 10 } }] } });
    expect(told.problems()).toEqual([]);
  });

  it('never carry what would repaint the terminal', () => {
    const told = new Told().sync({ agents: [agent('a1', { hostname: 'evil\u001b[2J' })] });
    told.agent('UNREACHABLE', agent('a1', { hostname: 'evil\u001b[2J', state: 'UNREACHABLE' }));
    told.tasks(task('t\u202e1', 'TASK_FAILED'));
    for (const text of [...told.problems(), ...told.log()]) expect(text).toBe(sanitize(text));
  });
});

describe("the master's clock", () => {
  it('is followed whatever this machine says, and not turned back by a late event', () => {
    const model = createClusterModel();
    const event = (time: number): api.Event => ({ type: 'HEARTBEAT', time });
    model.apply(event(START), 5_000_000);
    expect(model.masterTime(5_001_000)).toBe(START + 1);
    model.apply(event(START + 1), 5_003_000);
    expect(model.masterTime(5_003_000)).toBe(START + 3);
    // Somebody set one of the clocks.
    model.apply(event(START - 100), 5_004_000);
    expect(model.masterTime(5_004_000)).toBe(START - 100);
  });
});
