/**
 * A1 and A2: the time of one whole allocation cycle. In every round the frameworks hand back what they were offered, in
 * one of three ways; only the cycle itself is timed. The first rounds count, too: a master pays for them.
 */
import type { Allocator, OfferDecision } from '../../../src/offers/allocator/allocator.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import { type Sample, type Table, timed } from './samples.js';
import { AGENT_TOTAL, addAgents, addFrameworks, giveBack, NEVER_MS, newAllocator } from './shapes.js';

export interface Cell {
  readonly agents: number;
  readonly frameworks: number;
  readonly rounds: number;
}

/** Persistent volumes on each agent, in the three shapes that are measured. */
const VOLUMES_PER_AGENT = [1, 8, 32];

export function measureCycles(table: Table, cell: Cell): void {
  declineOffers(table, cell);
  suppressOffers(table, cell);
  for (const volumes of VOLUMES_PER_AGENT) persistentVolumes(table, cell, volumes);
}

/** Part of every agent is in use; everything offered is declined with a filter that does not end. */
function declineOffers(table: Table, cell: Cell): void {
  const allocator = newAllocator();
  addFrameworks(allocator, cell.frameworks);
  addAgents(allocator, cell.agents, { usedBy: (i) => `framework-${i % cell.frameworks}` });
  let offered = 0;
  const samples = inRounds(cell, allocator, (offers) => {
    offered += offers.length;
    giveBack(allocator, offers, NEVER_MS);
  });
  const isNamed = cell.agents === 10_000 && cell.frameworks === 1_000;
  add(table, isNamed ? 'A1' : 'A2', 'DeclineOffers', { cell, samples, note: `${offered} offers` });
}

/** Before each round a further part of the frameworks suppresses; offers come back without a filter. */
function suppressOffers(table: Table, cell: Cell): void {
  const allocator = newAllocator();
  addFrameworks(allocator, cell.frameworks);
  addAgents(allocator, cell.agents, { usedBy: (i) => `framework-${i % cell.frameworks}` });
  let suppressed = 0;
  const samples = inRounds(cell, allocator, (offers, round) => {
    giveBack(allocator, offers);
    const until = Math.floor((cell.frameworks * (round + 1)) / cell.rounds);
    for (; suppressed < until; suppressed++) allocator.suppressRoles(`framework-${suppressed}`, []);
  });
  add(table, 'A2', 'SuppressOffers', { cell, samples, note: '' });
}

/** Agents hold volumes reserved to the frameworks' role beside what is unreserved; everything is declined. */
function persistentVolumes(table: Table, cell: Cell, volumes: number): void {
  const allocator = newAllocator();
  addFrameworks(allocator, cell.frameworks, () => 'role');
  addAgents(allocator, cell.agents, { total: AGENT_TOTAL.add(volumesOf('role', volumes)) });
  const samples = inRounds(cell, allocator, (offers) => giveBack(allocator, offers, NEVER_MS));
  add(table, 'A2', `PersistentVolumes/${volumes}`, { cell, samples, note: `${volumes} volumes an agent` });
}

function volumesOf(role: string, count: number): Resources {
  return Resources.of(
    Array.from({ length: count }, (_, i) => ({
      name: 'disk',
      type: 'SCALAR' as const,
      scalar: { value: 64 },
      reservations: [{ type: 'DYNAMIC' as const, role }],
      disk: { persistence: { id: `volume-${i}` }, volume: { container_path: `v${i}`, mode: 'RW' as const } },
    })),
  );
}

/** `after` says what the frameworks do with the offers of a round. */
function inRounds(
  { rounds }: Cell,
  allocator: Allocator,
  after: (offers: readonly OfferDecision[], round: number) => void,
): Sample[] {
  const samples: Sample[] = [];
  for (let round = 0; round < rounds; round++) {
    const { ms, cpuMs, result } = timed(() => allocator.allocate(undefined, round * 1_000));
    samples.push({ ms, cpuMs });
    after(result.offers, round);
  }
  return samples;
}

function add(
  table: Table,
  goal: string,
  name: string,
  { cell, samples, note }: { readonly cell: Cell; readonly samples: readonly Sample[]; readonly note: string },
): void {
  table.add({ goal, name, agents: cell.agents, frameworks: cell.frameworks, samples, note });
}
