import { describe, expect, test } from 'vitest';
import type { AgentCore } from '../../../src/daemon/agent/core/options.js';
import type { AgentEffect, AgentEvent, CheckpointChange, Durability } from '../../../src/daemon/agent/core/protocol.js';
import { CoreDriver } from '../../../src/daemon/agent/shell/core-driver.js';
import { until } from '../http/fixture.js';

const TICK: AgentEvent = { kind: 'tick' };

/** A core that answers each step with what the test put there. */
class ScriptedCore {
  readonly batches: (readonly AgentEvent[])[] = [];
  readonly answers: AgentEffect[][] = [];
  deadlineMs: number | undefined;

  step(events: readonly AgentEvent[]): readonly AgentEffect[] {
    this.batches.push(events);
    return this.answers.shift() ?? [];
  }

  nextDeadlineMs(): number | undefined {
    return this.deadlineMs;
  }
}

/** Commits wait until the test lets them through. */
class HeldStore {
  readonly commits: { readonly changes: number; readonly durability: Durability; done(error?: Error): void }[] = [];

  commit(changes: readonly CheckpointChange[], durability: Durability): Promise<void> {
    return new Promise((resolve, reject) => {
      this.commits.push({
        changes: changes.length,
        durability,
        done: (error) => (error === undefined ? resolve() : reject(error)),
      });
    });
  }
}

function persist(durability: Durability): AgentEffect {
  return { type: 'persist', kind: 'change', change: { kind: 'remove-container', containerId: 'c' }, durability };
}

function later(containerId: string): AgentEffect {
  return { type: 'afterPersist', kind: 'release-launch', containerId };
}

function atOnce(containerId: string): AgentEffect {
  return { type: 'now', kind: 'abort-launch', containerId };
}

function create() {
  const core = new ScriptedCore();
  const store = new HeldStore();
  const performed: string[] = [];
  const fatal: unknown[] = [];
  const driver = new CoreDriver({
    core: core as unknown as AgentCore,
    clock: { now: () => ({ monotonicMs: performance.now(), unixMs: 0 }) },
    store,
    perform: (effect) => performed.push('containerId' in effect ? effect.containerId : effect.kind),
    onFatal: (error) => fatal.push(error),
  });
  return { core, driver, fatal, performed, store };
}

async function turns(count = 3): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

describe('the driver of the core', () => {
  test('steps once with all of a turn, and commits all of a step at once', async () => {
    const { core, driver, store } = create();
    core.answers.push([persist('process'), persist('machine')]);
    driver.post(TICK);
    driver.post(TICK);
    await turns();
    expect(core.batches.map((batch) => batch.length)).toEqual([2]);
    expect(store.commits).toMatchObject([{ changes: 2, durability: 'machine' }]);
  });

  test('performs some effects at once and others after the commit', async () => {
    const { core, driver, performed, store } = create();
    core.answers.push([later('a'), persist('machine'), atOnce('b'), later('c')]);
    driver.post(TICK);
    await turns();
    expect(performed).toEqual(['b']);
    store.commits[0]?.done();
    await turns();
    expect(performed).toEqual(['b', 'a', 'c']);
  });

  test('never lets a later step overtake an earlier commit', async () => {
    const { core, driver, performed, store } = create();
    core.answers.push([persist('machine'), later('first')], [later('second')], [persist('process'), later('third')]);
    for (let i = 0; i < 3; i++) {
      driver.post(TICK);
      await turns();
    }
    store.commits[1]?.done();
    await turns();
    expect(performed).toEqual([]);
    store.commits[0]?.done();
    await turns();
    expect(performed).toEqual(['first', 'second', 'third']);
  });

  test('tells when an event has become durable, or that it never will', async () => {
    const { core, driver, store } = create();
    core.answers.push([persist('machine')]);
    let durable = false;
    const first = driver.postDurably(TICK).then(() => {
      durable = true;
    });
    await turns();
    expect(durable).toBe(false);
    store.commits[0]?.done();
    await first;
    core.answers.push([persist('machine')]);
    const second = driver.postDurably(TICK);
    await turns();
    const stopping = driver.stop();
    await expect(second).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(driver.postDurably(TICK)).rejects.toMatchObject({ code: 'REFUSED' });
    store.commits[1]?.done();
    await stopping;
  });

  test('ends for good with a checkpoint that fails', async () => {
    const { core, driver, fatal, performed, store } = create();
    core.answers.push([persist('machine'), later('a')], [atOnce('b')]);
    driver.post(TICK);
    await turns();
    store.commits[0]?.done(new Error('disk full'));
    await turns();
    driver.post(TICK);
    await turns();
    expect(fatal).toMatchObject([{ message: 'disk full' }]);
    expect(performed).toEqual([]);
    expect(core.batches).toHaveLength(1);
  });

  test('ends for good with a core that throws', async () => {
    const { core, driver, fatal } = create();
    core.step = () => {
      throw new Error('a bug');
    };
    driver.post(TICK);
    await turns();
    expect(fatal).toMatchObject([{ message: 'a bug' }]);
  });

  test('ticks when the core wants it', async () => {
    const { core, driver } = create();
    core.deadlineMs = performance.now() + 20;
    driver.post(TICK);
    await until('the deadline', () => core.batches.length >= 2);
    core.deadlineMs = undefined;
    await driver.stop();
  });
});
