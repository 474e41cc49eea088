import fc from 'fast-check';
import { test } from 'vitest';
import { AgentWorld } from './agent-world.js';

const TASKS = ['t0', 't1', 't2', 't3'];
const WAIT_STATUSES = [0, 256, 9, 15];

/** One thing that happens; `pick` chooses among what there is. */
const action = fc.record({
  what: fc.constantFrom(
    'launch',
    'launch',
    'kill',
    'acknowledge',
    'acknowledge',
    'progress',
    'progress',
    'progress',
    'fail-launch',
    'run',
    'run',
    'connect',
    'disconnect',
    'crash',
    'crash-before-commit',
    'crash-after-commit',
    'start',
    'start',
  ),
  pick: fc.nat(15),
  twice: fc.boolean(),
  ms: fc.constantFrom(0, 1, 50, 2_000, 12_000, 80_000),
});

type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

function perform(world: AgentWorld, { ms, pick, twice, what }: Action): void {
  const task = TASKS[pick % TASKS.length] ?? 't0';
  const containers = [...world.containers.values()];
  const container = containers[pick % Math.max(1, containers.length)];
  if (what === 'launch') world.launch(task, twice);
  else if (what === 'kill') world.kill(task);
  else if (what === 'acknowledge') world.acknowledge(task, twice);
  else if (what === 'progress' && container !== undefined) world.progress(container, WAIT_STATUSES[pick % 4] ?? 0);
  else if (what === 'fail-launch' && container !== undefined) world.failLaunch(container);
  else if (what === 'run') world.run(ms);
  else if (what === 'connect') world.connect();
  else if (what === 'disconnect') world.disconnect();
  else if (what === 'crash') world.crash();
  else if (what === 'crash-before-commit') world.crashInNextStep('before-commit');
  else if (what === 'crash-after-commit') world.crashInNextStep('after-commit');
  else if (what === 'start' && !world.isUp) world.startAgent();
}

// No update lost, none out of order, one end for each task and the true one, no task run twice, no container left:
// whatever the master, the machine and the power switch of the agent do in whatever order.
test('an agent keeps its promises across crashes at any point', () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 5, maxLength: 80 }), (actions) => {
      const world = new AgentWorld();
      world.connect();
      world.run(0);
      world.run(0);
      for (const one of actions) perform(world, one);
      world.settle();
      world.checkAtRest();
    }),
    { numRuns: Number(process.env.MESOCTL_PROP_RUNS ?? 600) },
  );
});
