/**
 * Operations under any sequence of orders, crashes and failing disks: what the agent says it has, what its directories
 * are and what it told the master always agree in the end, and every operation has one outcome.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/base/random.js';
import { isRejection } from '../../../src/base/rejection.js';
import { MemoryCheckpointStore } from '../../../src/daemon/agent/checkpoint/memory-store.js';
import { createAgentCore } from '../../../src/daemon/agent/core/agent-core.js';
import type { AgentCore } from '../../../src/daemon/agent/core/options.js';
import type { AgentEffect, AgentEvent } from '../../../src/daemon/agent/core/protocol.js';
import { applyOperation } from '../../../src/offers/resources/operations.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import { volumeKey, volumeOf } from '../../../src/runtime/volumes/volume.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { AGENT_ID, BOOT_ID, changesOf, FRAMEWORK_ID, type MasterBody, welcome } from './core-harness.js';

const CONFIGURED: mesos.Resource[] = [{ name: 'disk', type: 'SCALAR', scalar: { value: 300 } }];

function reserved(more: Partial<mesos.Resource> = {}): mesos.Resource {
  const reservations = [{ type: 'DYNAMIC' as const, role: 'eng' }];
  return { name: 'disk', type: 'SCALAR', scalar: { value: 100 }, reservations, ...more };
}

function volume(id: number): mesos.Resource {
  return reserved({ disk: { persistence: { id: `v${id}` }, volume: { container_path: 'data', mode: 'RW' } } });
}

type Kind = 'RESERVE' | 'UNRESERVE' | 'CREATE' | 'DESTROY';

function operationOf(kind: Kind, id: number): mesos.Offer_Operation {
  switch (kind) {
    case 'RESERVE':
      return { type: kind, reserve: { resources: [reserved()] } };
    case 'UNRESERVE':
      return { type: kind, unreserve: { resources: [reserved()] } };
    case 'CREATE':
      return { type: kind, create: { volumes: [volume(id)] } };
    case 'DESTROY':
      return { type: kind, destroy: { volumes: [volume(id)] } };
  }
}

type Changing = Extract<AgentEffect, { readonly kind: 'change-volumes' }>;

/** What the master remembers of an operation. */
interface Ordered {
  readonly uuid: Uint8Array;
  readonly info: mesos.Offer_Operation;
  outcome: mesos.OperationStatus | undefined;
}

class World {
  readonly #store = new MemoryCheckpointStore();
  readonly #directories = new Set<string>();
  readonly #ordered = new Map<number, Ordered>();
  /** In the order in which they took effect. */
  readonly #finished: mesos.Offer_Operation[] = [];
  #changing: Changing | undefined;
  #crashBeforeCommit = false;
  #core: AgentCore;
  #ms = 0;
  #starts = 0;

  constructor() {
    this.#core = this.#start();
  }

  order(kind: Kind, id: number): void {
    const n = this.#ordered.size + 1;
    const uuid = new Uint8Array(16).fill(n);
    const info = operationOf(kind, id);
    this.#ordered.set(n, { uuid, info, outcome: undefined });
    this.#frame({ apply_operation: { framework_id: { value: FRAMEWORK_ID }, uuid, info } });
  }

  orderAgain(n: number): void {
    const known = this.#ordered.get(n);
    if (known !== undefined && known.outcome === undefined)
      this.#frame({ apply_operation: { framework_id: { value: FRAMEWORK_ID }, uuid: known.uuid, info: known.info } });
  }

  /**
   * The disk gets on; `tells` false: the agent dies before it hears of it. As the real one, a disk that fails takes back
   * what an earlier try made, and a volume that an earlier try destroyed is destroyed.
   */
  change(luck: boolean, tells: boolean): void {
    const changing = this.#changing;
    if (changing === undefined) return;
    this.#changing = undefined;
    const isGone = changing.destroy.some((each) => !this.#directories.has(volumeKey(each)));
    const works = luck || isGone;
    for (const each of changing.create) {
      if (works) this.#directories.add(volumeKey(each));
      else this.#directories.delete(volumeKey(each));
    }
    if (works) for (const each of changing.destroy) this.#directories.delete(volumeKey(each));
    if (tells)
      this.#step({ kind: 'volumes-changed', uuid: changing.uuid, failure: works ? undefined : 'the disk is full' });
    else this.crash();
  }

  acknowledge(n: number): void {
    const uuid = this.#ordered.get(n)?.outcome?.uuid?.value;
    if (uuid !== undefined)
      this.#frame({ acknowledge_operation: { operation_uuid: new Uint8Array(16).fill(n), status_uuid: uuid } });
  }

  crash(): void {
    this.#changing = undefined;
    this.#crashBeforeCommit = false;
    this.#core = this.#start();
  }

  crashBeforeNextCommit(): void {
    this.#crashBeforeCommit = true;
  }

  settle(): void {
    this.#crashBeforeCommit = false;
    for (let round = 0; round < 50; round++) {
      this.change(true, true);
      for (const n of this.#ordered.keys()) this.acknowledge(n);
    }
  }

  check(): void {
    const { total, operations } = this.#core.view;
    const without = [...this.#ordered].filter(([, { outcome }]) => outcome === undefined).map(([n]) => n);
    expect(without).toEqual([]);
    expect([...operations.keys(), ...this.#store.read().operations]).toEqual([]);
    const volumes = total
      .persistentVolumes()
      .toWire()
      .map((resource) => {
        const found = volumeOf(resource);
        return found === undefined || isRejection(found) ? '' : volumeKey(found);
      });
    expect(volumes.sort()).toEqual([...this.#directories].sort());
    let expected = Resources.of(CONFIGURED);
    for (const info of this.#finished) {
      const next = applyOperation(expected, info);
      expect(isRejection(next)).toBe(false);
      if (!isRejection(next)) expected = next;
    }
    expect(total.toString()).toBe(expected.toString());
    expect(total.equals(expected)).toBe(true);
  }

  #start(): AgentCore {
    this.#starts += 1;
    const core = createAgentCore({
      config: { executorShutdownGracePeriodMs: 5_000, registrationBackoffFactorMs: 1_000 },
      agentInfo: { hostname: 'h', port: 5051, resources: CONFIGURED },
      version: '1.12.0',
      ip: '127.0.0.1',
      bootId: BOOT_ID,
      random: seededRandom(this.#starts * 7919),
      startedAt: this.#now(),
    });
    this.#core = core;
    this.#step({ kind: 'recovered', checkpoint: this.#store.read(), fates: new Map() });
    this.#step({ kind: 'link-up', welcome: welcome() }, { kind: 'tick' });
    const reported = new Set([...this.#core.view.operations.values()].map(({ uuid }) => uuid[0]));
    const { master_info } = welcome();
    this.#frame({ registered: { agent_id: { value: AGENT_ID }, master_info, reregistered: true } });
    const missing = [...this.#ordered].filter(([n, { outcome }]) => outcome === undefined && !reported.has(n));
    this.#frame({ reconcile_operations: { operations: missing.map(([, { uuid }]) => ({ uuid })) } });
    return this.#core;
  }

  #now() {
    return { monotonicMs: this.#ms, unixMs: 1_700_000_000_000 + this.#ms };
  }

  #frame(body: MasterBody): void {
    this.#step({ kind: 'frame', frame: { ...body, channel: 1, sequence: 1, term: 1 } });
  }

  #step(...events: AgentEvent[]): void {
    this.#ms += 1;
    const effects = this.#core.step(events, this.#now());
    if (this.#crashBeforeCommit) {
      this.crash();
      return;
    }
    this.#store.write(changesOf(effects));
    for (const effect of effects) {
      if (effect.type !== 'afterPersist') continue;
      if (effect.kind === 'change-volumes') {
        expect(this.#changing).toBeUndefined();
        this.#changing = effect;
      } else if (effect.kind === 'send' && effect.frame.operation_update !== undefined)
        this.#onOutcome(effect.frame.operation_update.uuid[0] ?? 0, effect.frame.operation_update.status);
    }
  }

  #onOutcome(n: number, status: mesos.OperationStatus): void {
    const ordered = this.#ordered.get(n);
    if (ordered === undefined) return;
    if (ordered.outcome === undefined) {
      ordered.outcome = status;
      if (status.state === 'OPERATION_FINISHED') this.#finished.push(ordered.info);
      return;
    }
    expect([n, status]).toEqual([n, ordered.outcome]);
  }
}

const number = fc.integer({ min: 1, max: 12 });
const command = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('order' as const),
      kind: fc.constantFrom<Kind>('RESERVE', 'UNRESERVE', 'CREATE', 'CREATE', 'DESTROY'),
      id: fc.integer({ min: 1, max: 2 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('change' as const), works: fc.boolean(), tells: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('acknowledge' as const), n: number }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('again' as const), n: number }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash' as const, 'crash-before-commit' as const) }) },
);

test('total, directories and what the master was told agree, whatever happens in between', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      const world = new World();
      for (const each of commands) {
        if (each.do === 'order') world.order(each.kind, each.id);
        else if (each.do === 'change') world.change(each.works, each.tells);
        else if (each.do === 'acknowledge') world.acknowledge(each.n);
        else if (each.do === 'again') world.orderAgain(each.n);
        else if (each.do === 'crash') world.crash();
        else world.crashBeforeNextCommit();
      }
      world.settle();
      world.check();
    }),
    { numRuns: 500 },
  );
});
