/**
 * A4: the sorter's share of the work. A full sort of all clients after the cluster's total changed, the removal of every
 * agent while all frameworks hold something (the whole allocator, not its sorter alone), and UpdateAllocation: one holding
 * of many objects, turned into volumes and back.
 */
import { ClusterTotals, Measure, ScalarNames } from '../../../src/offers/allocator/quantities.js';
import { ShareTable } from '../../../src/offers/allocator/share-table.js';
import { SiblingOrder } from '../../../src/offers/allocator/sibling-order.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import { type Sample, type Table, timed } from './samples.js';
import { AGENT_TOTAL, addAgents, addFrameworks, newAllocator, parsed } from './shapes.js';

const OBJECTS = 800;
const UPDATES = 20;

export function measureSorter(table: Table, agents: number, clients: number, repetitions: number): void {
  fullSort(table, agents, clients, repetitions);
  removeAgents(table, agents, clients, repetitions);
  const samples = Array.from({ length: repetitions }, () => updateAllocation(OBJECTS, UPDATES));
  const note = `${OBJECTS} objects; ${UPDATES} updates together; the first in a new process compiles`;
  table.add({ goal: 'A4', name: 'UpdateAllocation', agents: 1, frameworks: 1, samples, note });
}

function fullSort(table: Table, agents: number, clients: number, repetitions: number): void {
  const names = new ScalarNames(new Set());
  const totals = new ClusterTotals();
  const measure = new Measure(names);
  const shares = new ShareTable(totals, names);
  const order = new SiblingOrder(shares);
  for (let i = 0; i < agents; i++) totals.change(measure.take(AGENT_TOTAL), 1);
  for (let i = 0; i < clients; i++) order.insert(shares.add(`framework-${i}`, 1));
  for (let i = 0; i < agents; i++) {
    const slot = (i * 7_919) % clients;
    shares.charge(slot, measure.take(parsed(`cpus:${1 + (slot % 24)}`)).all, 1, true);
    order.touch(slot);
  }
  const samples = Array.from({ length: repetitions }, () => {
    totals.change(measure.take(AGENT_TOTAL), 1);
    return timed(() => order.begin());
  });
  table.add({ goal: 'A4', name: 'FullSort', agents, frameworks: clients, samples, note: 'after the total changed' });
}

function removeAgents(table: Table, agents: number, frameworks: number, repetitions: number): void {
  const samples: Sample[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const allocator = newAllocator();
    addFrameworks(allocator, frameworks);
    addAgents(allocator, agents, { usedBy: (i) => `framework-${i % frameworks}` });
    allocator.allocate(undefined, 0);
    samples.push(
      timed(() => {
        for (let i = 0; i < agents; i++) allocator.removeAgent(`agent-${i}`);
      }),
    );
  }
  table.add({
    goal: 'A4',
    name: 'RemoveAllAgents',
    agents,
    frameworks,
    samples,
    note: 'every agent; offered and in use',
  });
}

/** All `updates` together. */
function updateAllocation(objects: number, updates: number): Sample {
  const allocator = newAllocator();
  addFrameworks(allocator, 1, () => 'role');
  const numbers = Array.from({ length: objects }, (_, i) => i);
  const plain = Resources.of(numbers.map((i) => reservedDisk(i, undefined)));
  const volumes = Resources.of(numbers.map((i) => reservedDisk(i, `v${i}`)));
  addAgents(allocator, 1, { total: plain.add(parsed('cpus:1;mem:128')) });
  allocator.allocate(undefined, 0);
  const turn = (i: number): readonly [Resources, Resources] => (i % 2 === 0 ? [plain, volumes] : [volumes, plain]);
  return timed(() => {
    for (let i = 0; i < updates; i++) {
      const [from, to] = turn(i);
      allocator.updateAllocation('framework-0', 'agent-0', from.allocatedTo('role'), to.allocatedTo('role'));
    }
  });
}

/** Labels keep the objects apart, as reservations of many owners would be. */
function reservedDisk(i: number, volume: string | undefined) {
  return {
    name: 'disk',
    type: 'SCALAR' as const,
    scalar: { value: 1 },
    reservations: [
      { type: 'DYNAMIC' as const, role: 'role', labels: { labels: [{ key: 'object', value: String(i) }] } },
    ],
    disk:
      volume === undefined
        ? undefined
        : { persistence: { id: volume }, volume: { container_path: volume, mode: 'RW' as const } },
  };
}
