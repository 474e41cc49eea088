/**
 * A3, "large and small quota": 3,000 roles with one framework each, 2,500 with a guarantee and limit of one agent and 500 of
 * two, on exactly the 3,500 agents this takes. Each repetition is a new cluster. The same again with these roles below 60 teams
 * in 6 departments, each with a guarantee and limit of what is below it: quota at three levels of the tree.
 */
import { type Sample, type Table, timed } from './samples.js';
import { addAgent, addAgents, addFrameworks, newAllocator, type Sorter } from './shapes.js';

const SORTERS: readonly Sorter[] = ['drf', 'random'];
const SMALL = 2_500;
const LARGE = 500;
const AGENTS = SMALL + 2 * LARGE;
/** Agents that are free afterwards, but not for anybody: all limits are reached. */
const SPARE = 3_000;
const NO_OPS_PER_REPETITION = 4;

interface Shape {
  readonly name: string;
  readonly note: string;
  readonly roleOf: (i: number) => string;
}

const SHAPES: readonly Shape[] = [
  { name: 'Quota', note: '', roleOf: (i) => `role-${i}` },
  {
    name: 'NestedQuota',
    note: 'quota of 6 departments; of 60 teams; of 3000 roles',
    roleOf: (i) => `department-${i % 6}/team-${i % 60}/role-${i}`,
  },
];

/** Both shapes in turn, so that they meet the same conditions. */
export function measureQuota(table: Table, repetitions: number): void {
  for (const sorter of SORTERS) {
    const samplesOf = new Map(SHAPES.map((shape) => [shape, new Map<string, Sample[]>()]));
    for (let i = 0; i < repetitions; i++)
      for (const [shape, samples] of samplesOf)
        oneRepetition(sorter, shape, (name, sample) => push(samples, `${shape.name}${name}/${sorter}`, sample));
    for (const [{ note }, ofShape] of samplesOf)
      for (const [name, samples] of ofShape)
        table.add({ goal: 'A3', name, agents: AGENTS, frameworks: SMALL + LARGE, samples, note });
  }
}

function push(samples: Map<string, Sample[]>, name: string, sample: Sample): void {
  const ofName = samples.get(name);
  if (ofName === undefined) samples.set(name, [sample]);
  else ofName.push(sample);
}

function oneRepetition(sorter: Sorter, { roleOf }: Shape, record: (name: string, sample: Sample) => void): void {
  const allocator = newAllocator(sorter);
  for (const [role, agents] of agentsByRole(roleOf)) {
    const amounts = new Map([
      ['cpus', 24 * agents],
      ['mem', 4_096 * agents],
      ['disk', 4_096 * agents],
    ]);
    allocator.updateQuota(role, { guarantees: amounts, limits: amounts });
  }
  addAgents(allocator, AGENTS);
  record(
    'AddFrameworks',
    timed(() => addFrameworks(allocator, SMALL + LARGE, roleOf)),
  );
  const satisfied = timed(() => allocator.allocate(undefined, 0));
  if (satisfied.result.offers.length !== AGENTS) throw new Error('the first cycle satisfies every guarantee');
  record('SatisfyAll', satisfied);
  for (let i = 0; i < NO_OPS_PER_REPETITION; i++)
    record(
      'NoOp',
      timed(() => allocator.allocate(undefined, 1_000)),
    );
  for (let i = 0; i < SPARE; i++) addAgent(allocator, `spare-${i}`);
  for (let i = 0; i < NO_OPS_PER_REPETITION; i++)
    record(
      'NoOpWithSpareAgents',
      timed(() => allocator.allocate(undefined, 2_000)),
    );
}

/** Of each role and of every role above it: how many agents it is guaranteed. */
function agentsByRole(roleOf: (i: number) => string): Map<string, number> {
  const agentsOf = new Map<string, number>();
  for (let i = 0; i < SMALL + LARGE; i++) {
    const path = roleOf(i).split('/');
    const agents = i < SMALL ? 1 : 2;
    for (let depth = 1; depth <= path.length; depth++) {
      const role = path.slice(0, depth).join('/');
      agentsOf.set(role, (agentsOf.get(role) ?? 0) + agents);
    }
  }
  return agentsOf;
}
