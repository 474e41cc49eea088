// The registry of 50,000 agents, through the real threads and disk of a cluster of one: admitted, marked unreachable, marked
// reachable, removed; then recovery (open, lead, read everything), pruning, and the part of a recovery that the main thread does.
// node --import tsx test/bench/registry.ts [--agents 50000] [--runs 3] [--dir DIR]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MemoryRegistryStore } from '../../src/daemon/master/registry/memory-registry.js';
import { decodeRegistryState, encodeRegistryState } from '../../src/daemon/master/registry/registry-codec.js';
import { applyOperation } from '../../src/daemon/master/registry/registry-machine.js';
import type * as registry from '../../src/wire/gen/mesoctl-registry.js';
import type * as mesos from '../../src/wire/gen/mesos.js';
import { SoloRegistry } from '../contract/registry/solo-registry.js';
import { printHeader, printRuns } from './report.js';

const { values } = parseArgs({
  options: {
    agents: { type: 'string', default: '50000' },
    runs: { type: 'string', default: '3' },
    dir: { type: 'string', default: tmpdir() },
  },
});
const agents = Number(values.agents);
const runs = Number(values.runs);
const figures = new Map<string, number[]>();

/** As large as a real one: resources, attributes, a domain. */
function agentInfo(i: number): mesos.AgentInfo {
  const scalar = (name: string, value: number): mesos.Resource => ({ name, type: 'SCALAR', scalar: { value } });
  return {
    id: { value: `8f2c6d1e-5a0b-4b7e-9c3d-2f1a6b7c8d9e-S${i}` },
    hostname: `node-${i}.rack-${i % 40}.example.com`,
    port: 5051,
    resources: [
      scalar('cpus', 32),
      scalar('mem', 131_072),
      scalar('disk', 1_000_000),
      { name: 'ports', type: 'RANGES', ranges: { range: [{ begin: 31_000, end: 32_000 }] } },
    ],
    attributes: [{ name: 'rack', type: 'TEXT', text: { value: `rack-${i % 40}` } }],
    domain: { fault_domain: { region: { name: 'eu' }, zone: { name: `z${i % 3}` } } },
  };
}

const infos = Array.from({ length: agents }, (_, i) => agentInfo(i));
const ids = infos.map(({ id }) => ({ value: id?.value ?? '' }));
const unreachable_time = { nanoseconds: 1_790_000_000_123_456_789n };
const unreachable = ids.map(
  (agent_id): registry.Operation => ({
    mark_agent_unreachable: { agent_id, unreachable_time },
  }),
);

const STAGES: readonly (readonly [string, readonly registry.Operation[]])[] = [
  ['admit', infos.map((agent_info) => ({ admit_agent: { agent_info } }))],
  ['mark unreachable', unreachable],
  ['mark reachable', infos.map((agent_info) => ({ mark_agent_reachable: { agent_info } }))],
  ['remove', ids.map((agent_id) => ({ remove_agent: { agent_id } }))],
  ['admit again', infos.map((agent_info) => ({ admit_agent: { agent_info } }))],
];

function note(name: string, ms: number): void {
  figures.set(name, [...(figures.get(name) ?? []), ms]);
}

async function time(name: string, work: () => Promise<unknown>): Promise<void> {
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  note(name, performance.now() - started);
  // Of all threads: what a machine with other work does not change much.
  const { user, system } = process.cpuUsage(cpu);
  note(`${name}: processor time`, (user + system) / 1000);
}

async function mustPropose(solo: SoloRegistry, operations: readonly registry.Operation[]): Promise<void> {
  const results = await solo.propose(operations);
  const refused = results.find((result) => !result.ok);
  if (refused !== undefined || results.length !== operations.length) throw new Error(JSON.stringify(refused));
}

async function run(): Promise<void> {
  const workDir = mkdtempSync(join(values.dir, 'mesoctl-bench-registry-'));
  const master: mesos.MasterInfo = { id: 'm', ip: 16_777_343, port: 5050 };
  let solo = new SoloRegistry(workDir, master);
  try {
    await solo.lead();
    await solo.close();
    await time('recovery of an empty registry: loading the threads from sources, election', async () => {
      solo = new SoloRegistry(workDir, master);
      await solo.lead();
    });
    for (const [name, operations] of STAGES) await time(name, () => mustPropose(solo, operations));
    await solo.close();
    await time('recovery, with that', async () => {
      solo = new SoloRegistry(workDir, master);
      const { registry: state } = await solo.lead();
      if (state.agents.size !== agents) throw new Error(`${state.agents.size} agents came back`);
    });
    note('of it, from the election to the registry in memory', solo.recoveredInMs);
    await mustPropose(solo, unreachable);
    await time('prune all, one operation', () => mustPropose(solo, [{ prune: { unreachable: ids } }]));
  } finally {
    await solo.close();
    rmSync(workDir, { recursive: true, force: true });
  }
}

/** What the main thread does of a recovery. */
async function decode(): Promise<void> {
  const store = new MemoryRegistryStore();
  for (const agent_info of infos) applyOperation(store, { admit_agent: { agent_info } });
  const bytes = encodeRegistryState(store.state());
  for (let i = 0; i < runs; i++) await time('decode and build the state', async () => decodeRegistryState(bytes));
  console.log(`the state is ${(bytes.length / 1e6).toFixed(1)} MB`);
}

printHeader(`registry of ${agents} agents, ${runs} runs`);
for (let i = 0; i < runs; i++) await run();
await decode();
for (const [name, list] of figures) printRuns(name, list, 'ms');
