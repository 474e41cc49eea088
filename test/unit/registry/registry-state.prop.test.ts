// Random sequences of all operations: memory and SQLite give the same answers and hold the same state, and what must hold of a
// registry holds after each of them.
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import { machineKey } from '../../../src/daemon/master/core/model/machine-id.js';
import type { RegistryState } from '../../../src/daemon/master/core/protocol.js';
import { MemoryRegistryStore } from '../../../src/daemon/master/registry/memory-registry.js';
import {
  decodeRegistryState,
  decodeResults,
  encodeEntry,
  encodeRegistryState,
} from '../../../src/daemon/master/registry/registry-codec.js';
import { applyOperation } from '../../../src/daemon/master/registry/registry-machine.js';
import { MIGRATIONS } from '../../../src/daemon/master/registry/registry-schema.js';
import { RegistryStateMachine } from '../../../src/daemon/master/registry/registry-state-machine.js';
import type * as registry from '../../../src/wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';

// Few of each, so that operations meet.
const id = fc.constantFrom('a', 'b', 'c').map((value) => ({ value }));
const ids = fc.array(id, { maxLength: 3 });
const time = fc
  .oneof(fc.bigInt(-5n, 5n), fc.constantFrom(1_790_000_000_123_456_789n, 2n ** 63n - 1n))
  .map((nanoseconds) => ({ nanoseconds }));
const agentInfo = fc.record({ id, hostname: fc.constantFrom('h', 'i') });
const frameworkInfo = fc.record({ id, user: fc.constant('u'), name: fc.string() });
const machineId: fc.Arbitrary<mesos.MachineID> = fc.constantFrom(
  { hostname: 'm', ip: '192.0.2.1' },
  { hostname: 'M', ip: '192.0.2.1' },
  { hostname: 'm' },
  { ip: '192.0.2.2' },
  {},
);
const machineIds = fc.array(machineId, { maxLength: 3 });
const duration = fc.constantFrom(undefined, { nanoseconds: 9 }, { nanoseconds: -9 });
const schedule = fc.record({
  windows: fc.array(fc.record({ machine_ids: machineIds, unavailability: fc.record({ start: time, duration }) }), {
    maxLength: 2,
  }),
});
const scalars = fc.dictionary(
  fc.constantFrom('cpus', 'mem', '7'),
  fc.constantFrom(0, 1.5, -1, Number.POSITIVE_INFINITY).map((value) => ({ value })),
  { maxKeys: 2, noNullPrototype: true },
);
const role = fc.constantFrom('r', 's/t', '');

const ARBITRARIES: { readonly [Kind in keyof Required<registry.Operation>]: fc.Arbitrary<registry.Operation[Kind]> } = {
  set_master: fc.record({ master_info: fc.constant({ id: 'm', ip: 1, port: 5050 }) }),
  admit_agent: fc.record({ agent_info: agentInfo }),
  update_agent: fc.record({ agent_info: agentInfo }),
  mark_agent_unreachable: fc.record({ agent_id: id, unreachable_time: time }),
  mark_agent_reachable: fc.record({ agent_info: agentInfo }),
  mark_agent_gone: fc.record({ agent_id: id, gone_time: time }),
  remove_agent: fc.record({ agent_id: id }),
  prune: fc.record({ unreachable: ids, gone: ids }),
  admit_framework: fc.record({ framework_info: frameworkInfo }),
  update_framework: fc.record({ framework_info: frameworkInfo }),
  disconnect_framework: fc.record({ framework_id: id, disconnected_at: time }),
  remove_framework: fc.record({ framework_id: id, removed_at: time }),
  drain_agent: fc.record({
    agent_id: id,
    config: fc.record({ max_grace_period: duration, mark_gone: fc.boolean() }),
  }),
  mark_agent_drained: fc.record({ agent_id: id }),
  deactivate_agent: fc.record({ agent_id: id }),
  reactivate_agent: fc.record({ agent_id: id }),
  update_schedule: fc.record({ schedule }),
  start_maintenance: fc.record({ machine_ids: machineIds }),
  stop_maintenance: fc.record({ machine_ids: machineIds }),
  update_weights: fc.record({
    weight_infos: fc.array(fc.record({ role, weight: fc.constantFrom(0, 0.5, 2) }), { maxLength: 2 }),
  }),
  update_quota: fc.record({
    quota_configs: fc.array(fc.record({ role, guarantees: scalars, limits: scalars }), { maxLength: 2 }),
  }),
};

const operation: fc.Arbitrary<registry.Operation> = fc.oneof(
  ...Object.entries(ARBITRARIES).map(([kind, body]) =>
    body.map((message): registry.Operation => ({ [kind]: message })),
  ),
);

function createMachine(): { readonly machine: RegistryStateMachine; close(): void } {
  const database = new Sqlite(':memory:');
  for (const step of MIGRATIONS) step(database, 'registry');
  return { machine: new RegistryStateMachine({ database, file: 'registry' }), close: () => database.close() };
}

function checkState(state: RegistryState): void {
  for (const agentId of state.agents.keys()) {
    expect(state.unreachable.has(agentId)).toBe(false);
    expect(state.gone.has(agentId)).toBe(false);
  }
  for (const agentId of state.unreachable.keys()) expect(state.gone.has(agentId)).toBe(false);
  for (const agentId of state.deactivated.keys())
    expect(state.agents.has(agentId) || state.unreachable.has(agentId)).toBe(true);
  for (const frameworkId of state.frameworks.keys()) expect(state.tombstones.has(frameworkId)).toBe(false);
  const scheduled = (state.schedule?.windows ?? []).flatMap(({ machine_ids: of = [] }) => of.map(machineKey));
  expect([...state.machines.keys()].sort()).toEqual(scheduled.sort());
}

test('memory and SQLite agree on every answer and on the state', () => {
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 60 }), (operations) => {
      const store = new MemoryRegistryStore();
      const { machine, close } = createMachine();
      try {
        for (const [i, each] of operations.entries()) {
          const expected = applyOperation(store, each);
          expect(decodeResults(machine.apply({ index: i + 1, data: encodeEntry([each], 1) }))).toEqual([expected]);
        }
        const bytes = machine.encodeState();
        expect(Buffer.from(bytes).equals(encodeRegistryState(store.state()))).toBe(true);
        checkState(store.state());
        const decoded = decodeRegistryState(bytes);
        if (isRejection(decoded)) throw new Error(decoded.message);
        expect(decoded).toEqual(machine.readState());
      } finally {
        close();
      }
    }),
    { numRuns: 300 },
  );
});
