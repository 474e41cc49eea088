/**
 * Allocation cycles in the shapes of Mesos' own allocator benchmarks (design/performance.md, rows A1 to A4).
 *
 *   npx tsx test/bench/allocator.ts [decline|suppress|quota|sorter|volumes|all] [--agents 1000,10000] [--frameworks 1,1000] [--rounds 10]
 *
 * Prints its surroundings, then one CSV line a cell: median, minimum and maximum of the timed cycles and the median of
 * their CPU time (all threads), in milliseconds.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { loadavg, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isRejection } from '../../src/base/rejection.js';
import type { Allocator, AllocatorOptions, OfferDecision } from '../../src/offers/allocator/allocator.js';
import { createAllocator } from '../../src/offers/allocator/hierarchical-allocator.js';
import { Resources } from '../../src/offers/resources/resources.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    agents: { type: 'string', default: '1000,10000' },
    frameworks: { type: 'string', default: '1,50,100,200,500,1000' },
    rounds: { type: 'string', default: '10' },
  },
});
const rounds = Number(flags.rounds);
const numbersOf = (text: string) => text.split(',').map(Number);

function res(text: string): Resources {
  const parsed = Resources.parse(text);
  if (isRejection(parsed)) throw new Error(parsed.message);
  return parsed;
}

const fragments = Array.from({ length: 16 }, (_, i) => `${31000 + i * 62}-${31000 + i * 62 + 60}`);
const AGENT_TOTAL = `cpus:24;mem:4096;disk:4096;ports:[${fragments.join(',')}]`;
const USED = res('cpus:16;mem:2014;disk:1024');
const LONG_MS = 1e12;
/** CPU time of the timed cycles since the last report: on a busy machine wall time says little. */
const cpuMs: number[] = [];

function newAllocator(sorter: 'drf' | 'random' = 'drf'): Allocator {
  const options: AllocatorOptions = {
    seed: 42,
    minAllocatable: [res('cpus:0.01'), res('mem:32')],
    roleSorter: sorter,
    frameworkSorter: sorter,
    excludedResourceNames: new Set(),
    filterGpuResources: true,
  };
  return createAllocator(options);
}

function addFrameworks(allocator: Allocator, count: number, roleOf: (i: number) => string = () => '*'): number {
  const start = performance.now();
  for (let i = 0; i < count; i++)
    allocator.addFramework(
      {
        id: `framework-${i}`,
        info: { user: 'user', name: `framework-${i}`, roles: [roleOf(i)], capabilities: [{ type: 'MULTI_ROLE' }] },
        suppressedRoles: new Set(),
        active: true,
      },
      new Map(),
    );
  return performance.now() - start;
}

function addAgents(allocator: Allocator, count: number, total: Resources, usedBy?: (i: number) => string): number {
  const start = performance.now();
  for (let i = 0; i < count; i++)
    allocator.addAgent({
      id: `agent-${i}`,
      info: { hostname: `host-${i}` },
      capabilities: new Set(['MULTI_ROLE', 'HIERARCHICAL_ROLE', 'RESERVATION_REFINEMENT']),
      // Every agent registers its own: no object is shared between agents, as on a real master.
      total: Resources.of(total.toWire()),
      used: usedBy === undefined ? new Map() : new Map([[usedBy(i), Resources.of(USED.allocatedTo('*').toWire())]]),
    });
  return performance.now() - start;
}

function timedAllocate(
  allocator: Allocator,
  nowMs: number,
): { readonly ms: number; readonly offers: readonly OfferDecision[] } {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const { offers } = allocator.allocate(undefined, nowMs);
  const ms = performance.now() - start;
  const used = process.cpuUsage(cpu);
  cpuMs.push((used.user + used.system) / 1000);
  return { ms, offers };
}

function recoverAll(allocator: Allocator, offers: readonly OfferDecision[], untilMs: number | undefined): void {
  for (const { frameworkId, agentId, resources } of offers)
    allocator.recoverResources({
      frameworkId,
      agentId,
      resources,
      allocated: false,
      refuse: untilMs === undefined ? undefined : { untilMs },
    });
}

function report(name: string, agents: number, frameworks: number, times: readonly number[], note: string): void {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (fraction: number) => (sorted[Math.floor((sorted.length - 1) * fraction)] ?? 0).toFixed(2);
  // Only where the times of this line are exactly the cycles whose CPU time was taken.
  const cpu = cpuMs.splice(0).sort((a, b) => a - b);
  const cpuMedian = cpu.length === times.length ? (cpu[Math.floor((cpu.length - 1) / 2)] ?? 0).toFixed(2) : '';
  console.log([name, agents, frameworks, at(0.5), at(0), at(1), cpuMedian, sorted.length, note].join(','));
}

/** A1, A2: every framework declines everything with a filter; the next allocation is timed. */
function declineOffers(agents: number, frameworks: number): void {
  const allocator = newAllocator();
  addFrameworks(allocator, frameworks);
  addAgents(allocator, agents, res(AGENT_TOTAL), (i) => `framework-${i % frameworks}`);
  const times: number[] = [];
  let offered = 0;
  for (let round = 0; round < rounds; round++) {
    const { ms, offers } = timedAllocate(allocator, round * 1000);
    times.push(ms);
    offered += offers.length;
    recoverAll(allocator, offers, LONG_MS);
  }
  report('DeclineOffers', agents, frameworks, times, `${offered} offers; first ${(times[0] ?? 0).toFixed(2)}`);
}

/** All filters in place and nothing to give: what an idle cluster pays each interval. */
function idleCycles(agents: number, frameworks: number): void {
  const allocator = newAllocator();
  addFrameworks(allocator, frameworks);
  addAgents(allocator, agents, res(AGENT_TOTAL));
  for (;;) {
    const { offers } = allocator.allocate(undefined, 0);
    if (offers.length === 0) break;
    recoverAll(allocator, offers, LONG_MS);
  }
  const times = Array.from({ length: rounds }, (_, round) => timedAllocate(allocator, round * 1000).ms);
  const live = allocator.snapshot().activeFilters;
  const heapMb = Math.round(process.memoryUsage().rss / 2 ** 20);
  report('AllDeclinedIdle', agents, frameworks, times, `${live} filters; rss ${heapMb} MB`);
}

/** A2: half of the frameworks suppress before each round. */
function suppressOffers(agents: number, frameworks: number): void {
  const allocator = newAllocator();
  addFrameworks(allocator, frameworks);
  addAgents(allocator, agents, res(AGENT_TOTAL), (i) => `framework-${i % frameworks}`);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const suppressed = Math.floor((frameworks * round) / rounds);
    for (let i = 0; i < suppressed; i++) allocator.suppressRoles(`framework-${i}`, []);
    const { ms, offers } = timedAllocate(allocator, round * 1000);
    times.push(ms);
    recoverAll(allocator, offers, undefined);
  }
  report('SuppressOffers', agents, frameworks, times, '');
}

/** A2: each agent holds reserved disk with persistent volumes of one role. */
function persistentVolumes(agents: number, frameworks: number): void {
  const allocator = newAllocator();
  addFrameworks(allocator, frameworks, () => 'role');
  const volumes = Array.from({ length: 8 }, (_, i) => ({
    name: 'disk',
    type: 'SCALAR' as const,
    scalar: { value: 64 },
    reservations: [{ type: 'DYNAMIC' as const, role: 'role' }],
    disk: { persistence: { id: `volume-${i}` }, volume: { container_path: `v${i}`, mode: 'RW' as const } },
  }));
  addAgents(allocator, agents, res(AGENT_TOTAL).add(Resources.of(volumes)));
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { ms, offers } = timedAllocate(allocator, round * 1000);
    times.push(ms);
    recoverAll(allocator, offers, LONG_MS);
  }
  report('PersistentVolumes', agents, frameworks, times, '');
}

interface QuotaTimes {
  readonly satisfy: number[];
  readonly noOp: number[];
  readonly noOpWithSpare: number[];
  readonly addFrameworks: number[];
}

/** A3: 2,500 roles whose quota is one agent, 500 whose quota is two; one framework each. Each repetition starts anew. */
function largeAndSmallQuota(sorter: 'drf' | 'random'): void {
  const times: QuotaTimes = { satisfy: [], noOp: [], noOpWithSpare: [], addFrameworks: [] };
  for (let repetition = 0; repetition < 5; repetition++) oneLargeAndSmallQuota(sorter, times);
  for (const [name, measured] of Object.entries(times)) report(`Quota-${name}-${sorter}`, 3500, 3000, measured, '');
}

function oneLargeAndSmallQuota(sorter: 'drf' | 'random', times: QuotaTimes): void {
  const small = 2500;
  const large = 500;
  const allocator = newAllocator(sorter);
  for (let i = 0; i < small + large; i++) {
    const agents = i < small ? 1 : 2;
    const amounts = new Map([
      ['cpus', 24 * agents],
      ['mem', 4096 * agents],
      ['disk', 4096 * agents],
    ]);
    allocator.updateQuota(`role-${i}`, { guarantees: amounts, limits: amounts });
  }
  addAgents(allocator, small + 2 * large, res(AGENT_TOTAL));
  times.addFrameworks.push(addFrameworks(allocator, small + large, (i) => `role-${i}`));
  times.satisfy.push(timedAllocate(allocator, 0).ms);
  for (let i = 0; i < 4; i++) times.noOp.push(timedAllocate(allocator, 1000 + i).ms);
  // As much again is free, but nobody may have it.
  for (let i = 0; i < 3000; i++)
    allocator.addAgent({
      id: `spare-${i}`,
      info: { hostname: `spare-${i}` },
      capabilities: new Set(['MULTI_ROLE']),
      total: res(AGENT_TOTAL),
      used: new Map(),
    });
  for (let i = 0; i < 4; i++) times.noOpWithSpare.push(timedAllocate(allocator, 9000 + i).ms);
}

/** A4: removing every agent while all frameworks hold something; conversions on one large holding. */
function sorter(agents: number, frameworks: number): void {
  const times: number[] = [];
  for (let repetition = 0; repetition < 5; repetition++) {
    const allocator = newAllocator();
    addFrameworks(allocator, frameworks);
    addAgents(allocator, agents, res(AGENT_TOTAL), (i) => `framework-${i % frameworks}`);
    allocator.allocate(undefined, 0);
    const start = performance.now();
    for (let i = 0; i < agents; i++) allocator.removeAgent(`agent-${i}`);
    times.push(performance.now() - start);
  }
  report('RemoveAgents', agents, frameworks, times, '');
}

function updateAllocation(objects: number, updates: number): void {
  const allocator = newAllocator();
  addFrameworks(allocator, 1, () => 'role');
  const disk = (id: string | undefined, i: number) => ({
    name: 'disk',
    type: 'SCALAR' as const,
    scalar: { value: 1 },
    reservations: [
      { type: 'DYNAMIC' as const, role: 'role', labels: { labels: [{ key: 'object', value: String(i) }] } },
    ],
    disk: id === undefined ? undefined : { persistence: { id }, volume: { container_path: id, mode: 'RW' as const } },
  });
  const numbers = Array.from({ length: objects }, (_, i) => i);
  const plain = Resources.of(numbers.map((i) => disk(undefined, i)));
  const volumes = Resources.of(numbers.map((i) => disk(`v${i}`, i)));
  allocator.addAgent({
    id: 'agent',
    info: { hostname: 'host' },
    capabilities: new Set(['MULTI_ROLE']),
    total: plain.add(res('cpus:1;mem:128')),
    used: new Map(),
  });
  allocator.allocate(undefined, 0);
  const times: number[] = [];
  for (let i = 0; i < updates; i++) {
    const [from, to] = i % 2 === 0 ? [plain, volumes] : [volumes, plain];
    const start = performance.now();
    allocator.updateAllocation('framework-0', 'agent', from.allocatedTo('role'), to.allocatedTo('role'));
    times.push(performance.now() - start);
  }
  const total = times.reduce((sum, ms) => sum + ms, 0).toFixed(1);
  report('UpdateAllocation', objects, 1, times, `${updates} updates in ${total} ms`);
}

function header(): void {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  const file = openSync(join(directory, 'f'), 'w');
  const syncs = Array.from({ length: 21 }, () => {
    const start = performance.now();
    writeSync(file, Buffer.alloc(256));
    fsyncSync(file);
    return performance.now() - start;
  }).sort((a, b) => a - b);
  closeSync(file);
  rmSync(directory, { recursive: true });
  const revision = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  console.log(
    `# revision ${revision}, node ${process.version}, kernel ${release()}, load ${loadavg()[0]?.toFixed(2)}, fsync p50 ${syncs[10]?.toFixed(2)} ms`,
  );
  console.log('case,agents,frameworks,median_ms,min_ms,max_ms,cpu_median_ms,cycles,note');
}

header();
const what = positionals[0] ?? 'decline';
const all = what === 'all';
for (const agents of numbersOf(flags.agents))
  for (const frameworks of numbersOf(flags.frameworks)) {
    if (all || what === 'decline') declineOffers(agents, frameworks);
    if (all || what === 'idle') idleCycles(agents, frameworks);
    if (all || what === 'suppress') suppressOffers(agents, frameworks);
    if (all || what === 'volumes') persistentVolumes(agents, frameworks);
    if (all || what === 'sorter') sorter(agents, frameworks);
  }
if (all || what === 'sorter') updateAllocation(800, 20);
if (all || what === 'quota') for (const kind of ['drf', 'random'] as const) largeAndSmallQuota(kind);
