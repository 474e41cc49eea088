/**
 * A3, "large and small quota": 3,000 roles with one framework each, 2,500 with a guarantee and limit of one agent and 500 of
 * two, on exactly the 3,500 agents this takes. Each repetition is a new cluster.
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

export function measureQuota(table: Table, repetitions: number): void {
  for (const sorter of SORTERS) {
    const samples = new Map<string, Sample[]>();
    for (let i = 0; i < repetitions; i++) oneRepetition(sorter, (name, sample) => push(samples, name, sample));
    for (const [name, ofName] of samples)
      table.add({
        goal: 'A3',
        name: `${name}/${sorter}`,
        agents: AGENTS,
        frameworks: SMALL + LARGE,
        samples: ofName,
        note: '',
      });
  }
}

function push(samples: Map<string, Sample[]>, name: string, sample: Sample): void {
  const ofName = samples.get(name);
  if (ofName === undefined) samples.set(name, [sample]);
  else ofName.push(sample);
}

function oneRepetition(sorter: Sorter, record: (name: string, sample: Sample) => void): void {
  const allocator = newAllocator(sorter);
  for (let i = 0; i < SMALL + LARGE; i++) {
    const agents = i < SMALL ? 1 : 2;
    const amounts = new Map([
      ['cpus', 24 * agents],
      ['mem', 4_096 * agents],
      ['disk', 4_096 * agents],
    ]);
    allocator.updateQuota(`role-${i}`, { guarantees: amounts, limits: amounts });
  }
  addAgents(allocator, AGENTS);
  record(
    'QuotaAddFrameworks',
    timed(() => addFrameworks(allocator, SMALL + LARGE, (i) => `role-${i}`)),
  );
  const satisfied = timed(() => allocator.allocate(undefined, 0));
  if (satisfied.result.offers.length !== AGENTS) throw new Error('the first cycle satisfies every guarantee');
  record('QuotaSatisfyAll', satisfied);
  for (let i = 0; i < NO_OPS_PER_REPETITION; i++)
    record(
      'QuotaNoOp',
      timed(() => allocator.allocate(undefined, 1_000)),
    );
  for (let i = 0; i < SPARE; i++) addAgent(allocator, `spare-${i}`);
  for (let i = 0; i < NO_OPS_PER_REPETITION; i++)
    record(
      'QuotaNoOpWithSpareAgents',
      timed(() => allocator.allocate(undefined, 2_000)),
    );
}
