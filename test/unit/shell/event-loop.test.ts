import { describe, expect, test } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { systemClock } from '../../../src/base/system/clock.js';
import type { MasterCore } from '../../../src/daemon/master/core/options.js';
import type { MasterEffect, MasterEvent } from '../../../src/daemon/master/core/protocol.js';
import type { MasterView } from '../../../src/daemon/master/core/view.js';
import { EventLoop, MAX_STEP_EVENTS, type ShellEffect } from '../../../src/daemon/master/event-loop.js';
import { MemoryRegistry, MemoryRegistryStore } from '../../../src/daemon/master/registry/memory-registry.js';
import type { Registry } from '../../../src/daemon/master/registry/registry.js';

type Proposes = Pick<Registry, 'propose'>;

import { until } from '../http/fixture.js';

const TICK: MasterEvent = { kind: 'tick' };
const closed = (connectionId: number): MasterEvent => ({ kind: 'operator-closed', connectionId });
const log = (message: string): MasterEffect => ({ type: 'now', kind: 'log', level: 'info', message, fields: {} });

/** A core that answers each batch by script and notes what it was given. */
class ScriptedCore implements MasterCore {
  readonly batches: MasterEvent[][] = [];
  readonly view = {} as MasterView;
  deadlineMs: number | undefined;

  constructor(private readonly answer: (events: readonly MasterEvent[]) => readonly MasterEffect[]) {}

  step(events: readonly MasterEvent[]): readonly MasterEffect[] {
    this.batches.push([...events]);
    return this.answer(events);
  }

  nextDeadlineMs(): number | undefined {
    return this.deadlineMs;
  }
}

function run(core: ScriptedCore, registry: Proposes = new MemoryRegistry(new MemoryRegistryStore())) {
  const performed: ShellEffect[] = [];
  const failures: unknown[] = [];
  const loop = new EventLoop({
    core,
    clock: systemClock,
    registry,
    perform: (effect) => performed.push(effect),
    onFatal: (error) => failures.push(error),
  });
  return { loop, performed, failures };
}

describe('event loop', () => {
  test('what comes in one turn is one step, in order', async () => {
    const core = new ScriptedCore(() => []);
    const { loop } = run(core);
    for (let i = 0; i < 5; i++) loop.post(closed(i));
    queueMicrotask(() => loop.post(closed(5)));
    await until('a step', () => core.batches.length > 0);
    expect(core.batches).toEqual([[0, 1, 2, 3, 4, 5].map(closed)]);
    loop.stop();
  });

  test('a burst is stepped in lots, in order, and others are served between them', async () => {
    const core = new ScriptedCore(() => []);
    const { loop } = run(core);
    const count = 2 * MAX_STEP_EVENTS + 1;
    for (let i = 0; i < count; i++) loop.post(closed(i));
    expect(loop.queueLength).toBe(count);
    let servedAfter = 0;
    setImmediate(() => {
      servedAfter = core.batches.length;
      loop.post(closed(count));
    });
    await until('all of it', () => loop.queueLength === 0);
    expect(core.batches.map(({ length }) => length)).toEqual([MAX_STEP_EVENTS, MAX_STEP_EVENTS, 1, 1]);
    expect(core.batches.flat()).toEqual(Array.from({ length: count + 1 }, (_, i) => closed(i)));
    expect(servedAfter).toBe(1);
    loop.stop();
  });

  test('nothing of a burst is stepped after the end', async () => {
    const core: ScriptedCore = new ScriptedCore(() => {
      loop.stop();
      return [];
    });
    const { loop } = run(core);
    for (let i = 0; i <= MAX_STEP_EVENTS; i++) loop.post(closed(i));
    await until('a step', () => core.batches.length > 0);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(core.batches).toHaveLength(1);
    expect(loop.queueLength).toBe(0);
  });

  test('an event posted while effects are performed waits for the next step', async () => {
    const core = new ScriptedCore((events) => (events[0]?.kind === 'tick' ? [log('a'), log('b')] : []));
    const performed: string[] = [];
    const loop: EventLoop = new EventLoop({
      core,
      clock: systemClock,
      registry: new MemoryRegistry(new MemoryRegistryStore()),
      perform(effect) {
        performed.push(effect.kind);
        loop.post(closed(performed.length));
      },
      onFatal: () => undefined,
    });
    loop.post(TICK);
    await until('two steps', () => core.batches.length === 2);
    expect(performed).toEqual(['log', 'log']);
    expect(core.batches[1]).toEqual([closed(1), closed(2)]);
    loop.stop();
  });

  test('all proposals of a step share one transaction and are answered each with its own results', async () => {
    const proposals: number[] = [];
    const store = new MemoryRegistryStore();
    const memory = new MemoryRegistry(store);
    const registry: Proposes = {
      propose(operations) {
        proposals.push(operations.length);
        return memory.propose(operations);
      },
    };
    const admit = (id: string) => ({ admit_agent: { agent_info: { hostname: 'h', id: { value: id } } } });
    const propose = (proposalId: number, ids: readonly string[]): MasterEffect => ({
      type: 'persist',
      kind: 'propose',
      proposalId,
      operations: ids.map(admit),
    });
    const core = new ScriptedCore((events) =>
      events[0]?.kind === 'tick' ? [propose(1, ['a']), log('between'), propose(2, ['a', 'b'])] : [],
    );
    const { loop, performed } = run(core, registry);
    loop.post(TICK);
    await until('the answers', () => core.batches.length === 2);
    expect(proposals).toEqual([3]);
    expect(performed).toHaveLength(1);
    expect(core.batches[1]).toEqual([
      { kind: 'registry-applied', proposalId: 1, results: [{ ok: true }] },
      {
        kind: 'registry-applied',
        proposalId: 2,
        results: [{ ok: false, message: 'Agent a is admitted already' }, { ok: true }],
      },
    ]);
    loop.stop();
  });

  test('continue gives other events their turn', async () => {
    let left = 3;
    const core = new ScriptedCore(() => (--left > 0 ? [{ type: 'now', kind: 'continue' }] : []));
    const { loop } = run(core);
    loop.post(TICK);
    await until('three steps', () => core.batches.length === 3);
    loop.stop();
  });

  test('the timer follows the next deadline', async () => {
    const core = new ScriptedCore(() => {
      // One deadline only: the second step finds none.
      core.deadlineMs = core.batches.length === 1 ? performance.now() + 30 : undefined;
      return [];
    });
    const { loop } = run(core);
    const startMs = performance.now();
    loop.post(closed(1));
    await until('the timer', () => core.batches.length === 2);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(29);
    expect(core.batches[1]).toEqual([TICK]);
    loop.stop();
  });

  test.each([
    [
      'a core that throws',
      () =>
        new ScriptedCore(() => {
          throw new Error('bug');
        }),
      'bug',
    ],
    [
      'abdication',
      () => new ScriptedCore(() => [{ type: 'now', kind: 'abdicate', message: 'too many lost' }, log('never')]),
      'too many lost',
    ],
  ] as const)('%s is fatal, once, and nothing happens after it', async (_what, makeCore, message) => {
    const core = makeCore();
    core.deadlineMs = performance.now() + 20;
    const { loop, performed, failures } = run(core);
    loop.post(TICK);
    await until('the failure', () => failures.length > 0);
    loop.post(TICK);
    const startMs = performance.now();
    await until('some time', () => performance.now() - startMs > 50);
    expect(failures).toHaveLength(1);
    expect(String(failures[0])).toContain(message);
    expect(core.batches).toHaveLength(1);
    expect(performed).toEqual([]);
  });

  const proposing = () => new ScriptedCore(() => [{ type: 'persist', kind: 'propose', proposalId: 1, operations: [] }]);

  test('a registry that fails is fatal', async () => {
    const broken: Proposes = { propose: () => Promise.reject(new MesoError('DISK', 'no room')) };
    const { loop, failures } = run(proposing(), broken);
    loop.post(TICK);
    await until('the failure', () => failures.length === 1);
    expect(failures[0]).toMatchObject({ code: 'DISK' });
  });

  test.each(['NOT_LEADER', 'OUTCOME_UNKNOWN'] as const)(
    '%s ends the term quietly: nothing is stepped any more',
    async (code) => {
      let refused = false;
      const deposed: Proposes = {
        propose: () => {
          refused = true;
          return Promise.reject(new MesoError(code, 'another master leads'));
        },
      };
      const core = proposing();
      const { loop, failures } = run(core, deposed);
      loop.post(TICK);
      await until('the refusal', () => refused);
      await new Promise((resolve) => setImmediate(resolve));
      const steps = core.batches.length;
      loop.post(TICK);
      await new Promise((resolve) => setImmediate(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      expect(core.batches).toHaveLength(steps);
      expect(failures).toEqual([]);
    },
  );
});
