/**
 * What the extension API costs a master: the snapshot for a new watcher (time to SNAPSHOT_END, longest step), every event with
 * one watcher, the telling of usage, FIND. The real core and allocator in this process, driven step by step, each event encoded
 * as the shell would; no sockets. All times but one are processor time. Run: node --import tsx test/bench/extension-stream.ts [AGENTS] [TASKS]
 */
import { assert } from '../../src/base/assert.js';
import { seededRandom } from '../../src/base/random.js';
import { encodeEvent } from '../../src/daemon/http/api-call.js';
import { findThings } from '../../src/daemon/master/core/find.js';
import { createMasterCore } from '../../src/daemon/master/core/master-core.js';
import type { MasterCore } from '../../src/daemon/master/core/options.js';
import type { MasterEffect, MasterEvent } from '../../src/daemon/master/core/protocol.js';
import { MemoryRegistryStore } from '../../src/daemon/master/registry/memory-registry.js';
import { applyOperation } from '../../src/daemon/master/registry/registry-machine.js';
import { createAllocator } from '../../src/offers/allocator/hierarchical-allocator.js';
import * as api from '../../src/wire/gen/mesoctl-api.js';
import type * as mesos from '../../src/wire/gen/mesos.js';
import type { MessageFormat } from '../../src/wire/media-type.js';
import { DEFAULT_CONFIG } from '../unit/master/support/harness.js';
import { scalar } from './emulator.js';
import { printHeader, printSamples, quantile } from './report.js';

const agentCount = Number(process.argv[2] ?? 10_000);
const taskCount = Number(process.argv[3] ?? 100_000);
const FRAMEWORKS = 20;
const UPDATES = 100_000;
const EVENTS_A_STEP = 10;
const masterInfo = { id: 'bench', ip: 1, port: 5050 };

/** Processor time of this process so far, garbage collection included: other work on the machine does not show in it. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Drives a core whose registry answers at once; time is the machine's. */
class Driver {
  readonly core: MasterCore;
  readonly stepsMs: number[] = [];
  bytes = 0;
  sawSnapshotEnd = false;
  readonly #store = new MemoryRegistryStore();
  readonly #startedMs = performance.now();
  #nextId = 1;
  #aheadMs = 0;

  constructor(readonly format: MessageFormat) {
    this.core = createMasterCore({
      config: { ...DEFAULT_CONFIG, agentPingTimeoutMs: 3_600_000 },
      masterInfo,
      allocator: createAllocator({
        seed: 1,
        minAllocatable: [],
        roleSorter: 'drf',
        frameworkSorter: 'drf',
        excludedResourceNames: new Set(),
        filterGpuResources: true,
      }),
      random: seededRandom(1),
      startedAt: this.now(),
    });
    this.run({ kind: 'elected', term: 1, registry: this.#store.state() });
  }

  now() {
    const monotonicMs = performance.now() - this.#startedMs + this.#aheadMs;
    return { monotonicMs, unixMs: 1_700_000_000_000 + monotonicMs };
  }

  newId(): number {
    return this.#nextId++;
  }

  /** Timers of the next `ms` become due. */
  skip(ms: number): void {
    this.#aheadMs += ms;
  }

  /** Steps until nothing is left to do now. */
  run(...events: readonly MasterEvent[]): void {
    let pending: readonly MasterEvent[] = events;
    for (;;) {
      const startedMs = cpuMs();
      const effects = this.core.step(pending, this.now());
      const answers = effects.flatMap((effect) => this.#perform(effect));
      this.stepsMs.push(cpuMs() - startedMs);
      pending = answers;
      if (answers.length === 0 && !effects.some(({ kind }) => kind === 'continue')) return;
    }
  }

  #perform(effect: MasterEffect): MasterEvent[] {
    if (effect.kind === 'watch-event') {
      this.bytes += encodeEvent(this.format, api.Event, effect.event).length;
      this.sawSnapshotEnd ||= effect.event.type === 'SNAPSHOT_END';
    }
    if (effect.kind !== 'propose') return [];
    const results = effect.operations.map((operation) => applyOperation(this.#store, operation));
    return [{ kind: 'registry-applied', proposalId: effect.proposalId, results }];
  }
}

function taskOf(i: number): mesos.Task {
  const taskId = `service-${i % 500}.${(i * 2654435761).toString(16)}-${i}`;
  return {
    name: `service-${i % 500}`,
    task_id: { value: taskId },
    framework_id: { value: `framework-${String(i % FRAMEWORKS).padStart(4, '0')}` },
    agent_id: { value: agentIdOf(i) },
    state: 'TASK_RUNNING',
    resources: [scalar('cpus', 0.1), scalar('mem', 64), scalar('disk', 10)].map((one) => ({
      ...one,
      allocation_info: { role: `team-${i % FRAMEWORKS}` },
    })),
    statuses: [
      {
        task_id: { value: taskId },
        state: 'TASK_RUNNING',
        timestamp: 1_699_999_000,
        source: 'SOURCE_EXECUTOR',
        container_status: { network_infos: [{ ip_addresses: [{ ip_address: '10.1.2.3' }] }] },
      },
    ],
  };
}

function agentIdOf(task: number): string {
  return `3f1f0c8e-2a3d-4c52-9d51-0123456789ab-S${task % agentCount}`;
}

/** Agents that return with all they run; their frameworks become known by that. */
function fill(driver: Driver): void {
  const tasks = Array.from({ length: taskCount }, (_, i) => taskOf(i));
  const framework = (i: number): mesos.FrameworkInfo => ({
    user: 'root',
    name: `framework ${i}`,
    id: { value: `framework-${String(i).padStart(4, '0')}` },
    roles: [`team-${i}`],
    capabilities: [{ type: 'MULTI_ROLE' }],
  });
  const frameworks = Array.from({ length: FRAMEWORKS }, (_, i) => framework(i));
  for (let i = 0; i < agentCount; i++) {
    const own = [];
    for (let task = i; task < taskCount; task += agentCount) own.push(tasks[task] ?? taskOf(task));
    driver.run({
      kind: 'agent-frame',
      connectionId: 1_000_000 + i,
      channel: 1,
      remoteIp: '127.0.0.1',
      frame: {
        channel: 1,
        sequence: 1,
        term: 1,
        reregister: {
          agent_info: {
            id: { value: agentIdOf(i) },
            hostname: `node-${i}.example`,
            port: 5051,
            resources: [scalar('cpus', 16), scalar('mem', 65_536), scalar('disk', 100_000)],
            attributes: [{ name: 'rack', type: 'TEXT', text: { value: `r${i % 40}` } }],
          },
          version: '1.12.0',
          capabilities: [{ type: 'MULTI_ROLE' }, { type: 'HIERARCHICAL_ROLE' }],
          tasks: own,
          frameworks,
          ip: '10.0.0.1',
        },
      },
    });
  }
}

function watch(driver: Driver): number {
  const connectionId = driver.newId();
  driver.sawSnapshotEnd = false;
  const info = { cluster_id: 'c', term: 1, master_info: masterInfo, api_version: 2 };
  driver.run({ kind: 'watch', requestId: driver.newId(), connectionId, subscribe: {}, info });
  assert(driver.sawSnapshotEnd, 'the snapshot ends');
  return connectionId;
}

function measureSnapshot(driver: Driver): number {
  driver.stepsMs.length = 0;
  driver.bytes = 0;
  const startedMs = performance.now();
  const startedCpuMs = cpuMs();
  const watcher = watch(driver);
  const ms = performance.now() - startedMs;
  const longest = Math.max(...driver.stepsMs);
  console.log(
    `snapshot, ${driver.format}: ${(cpuMs() - startedCpuMs).toFixed(0)} ms of processor (${ms.toFixed(0)} by the clock) to SNAPSHOT_END in ${driver.stepsMs.length} steps, ` +
      `p99 ${quantile(driver.stepsMs, 0.99).toFixed(1)}, longest ${longest.toFixed(1)} ms, ${(driver.bytes / 1e6).toFixed(1)} MB`,
  );
  return watcher;
}

/** Status updates, ten in a step; health changes with each, so that each is news. Microseconds for one. */
function measureUpdates(driver: Driver, round: number): number {
  const updates = Array.from({ length: UPDATES }, (_, i): MasterEvent => {
    const { task_id, framework_id } = taskOf((i * 7919) % taskCount);
    const status = { task_id, state: 'TASK_RUNNING' as const, timestamp: 1, healthy: round % 2 === 0 };
    const connectionId = 1_000_000 + (((i * 7919) % taskCount) % agentCount);
    const status_update = { framework_id, status, latest_state: status.state };
    const frame = { channel: 1, sequence: 2, term: 1, status_update };
    return { kind: 'agent-frame', connectionId, channel: 1, remoteIp: '127.0.0.1', frame };
  });
  const startedMs = cpuMs();
  for (let from = 0; from < UPDATES; from += EVENTS_A_STEP) driver.run(...updates.slice(from, from + EVENTS_A_STEP));
  return ((cpuMs() - startedMs) * 1000) / UPDATES;
}

/** Every agent's total changes a little: all of them and all frameworks and roles are told in one second. */
function measureUsage(driver: Driver): void {
  for (let i = 0; i < agentCount; i++) {
    const total_resources = [scalar('cpus', 16), scalar('mem', 65_536 - 1), scalar('disk', 100_000)];
    const frame = { channel: 1, sequence: 3, term: 1, update_agent: { total_resources } };
    driver.run({ kind: 'agent-frame', connectionId: 1_000_000 + i, channel: 1, remoteIp: '127.0.0.1', frame });
  }
  for (let i = 0; i < Math.min(taskCount, agentCount); i++) {
    const { task_id, framework_id } = taskOf(i);
    const status = { task_id, state: 'TASK_FINISHED' as const, timestamp: 2 };
    const status_update = { framework_id, status, latest_state: status.state };
    const frame = { channel: 1, sequence: 4, term: 1, status_update };
    driver.run({ kind: 'agent-frame', connectionId: 1_000_000 + i, channel: 1, remoteIp: '127.0.0.1', frame });
  }
  driver.stepsMs.length = 0;
  driver.skip(1_000);
  driver.run({ kind: 'tick' });
  const sum = driver.stepsMs.reduce((total, ms) => total + ms, 0);
  const longest = Math.max(...driver.stepsMs);
  console.log(
    `usage of ${agentCount} agents: ${sum.toFixed(1)} ms in ${driver.stepsMs.length} steps, longest ${longest.toFixed(1)} ms`,
  );
}

function measureFind({ core }: Driver): void {
  const questions: readonly (readonly [string, api.Call_Find])[] = [
    ['a full id', { kind: 'TASKS', reference: taskOf(taskCount - 1).task_id.value }],
    ['a name of 200', { kind: 'TASKS', reference: 'service-77' }],
    ['nothing', { kind: 'TASKS', reference: 'no such thing' }],
    ['everything', { kind: 'TASKS', reference: '' }],
    ['completion', { kind: 'TASKS', reference: 'service-4', complete: true, limit: 100 }],
    ['an agent', { kind: 'AGENTS', reference: 'S77' }],
  ];
  for (const [what, question] of questions) {
    const samples = Array.from({ length: 20 }, () => {
      const startedMs = cpuMs();
      findThings(core.view, question);
      return cpuMs() - startedMs;
    });
    printSamples(`FIND ${what}`, samples, 'ms');
  }
}

printHeader(`extension API: ${agentCount} agents, ${taskCount} tasks, ${FRAMEWORKS} frameworks`);
const watched = new Driver('protobuf');
fill(watched);
const alone = [measureUpdates(watched, 0), measureUpdates(watched, 1), measureUpdates(watched, 2)];
measureFind(watched);
let watcher = measureSnapshot(watched);
const one = [measureUpdates(watched, 1), measureUpdates(watched, 2), measureUpdates(watched, 3)];
console.log(
  `status updates, us each: without a watcher ${alone.map((us) => us.toFixed(2)).join(', ')}; ` +
    `with one (protobuf) ${one.map((us) => us.toFixed(2)).join(', ')}`,
);
measureUsage(watched);
for (let round = 0; round < 2; round++) {
  watched.run({ kind: 'watch-closed', connectionId: watcher });
  watcher = measureSnapshot(watched);
}
const json = new Driver('json');
fill(json);
const jsonWatcher = measureSnapshot(json);
json.run({ kind: 'watch-closed', connectionId: jsonWatcher });
measureSnapshot(json);
