/** Runs a golden script: one command a block, and what the core did about it as text. See golden.test.ts. */
import { present } from '../../../src/base/assert.js';
import type { MasterEffect } from '../../../src/daemon/master/core/protocol.js';
import { createAllocator } from '../../../src/offers/allocator/hierarchical-allocator.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import type * as registry from '../../../src/wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import type * as scheduler from '../../../src/wire/gen/scheduler.js';
import type { FakeAgent } from '../../unit/master/support/fake-agent.js';
import { type FakeScheduler, taskInfo } from '../../unit/master/support/fake-scheduler.js';
import { cpusMem, Harness, resource } from '../../unit/master/support/harness.js';

type Options = ReadonlyMap<string, string>;

export class Script {
  #harness: Harness;
  #masters = 0;
  #agents = new Map<string, FakeAgent>();
  #schedulers = new Map<string, FakeScheduler>();
  #lines: string[] = [];
  #stamped = 0;

  constructor() {
    this.#harness = this.#master();
  }

  /** Performs one command line; returns the trace. */
  run(command: string): string[] {
    this.#lines = [];
    this.#stamped = this.#harness.nowMs;
    const [verb = '', ...words] = command.trim().split(/\s+/);
    const options = new Map(words.filter((word) => word.includes('=')).map((word) => splitOnce(word)));
    const names = words.filter((word) => !word.includes('='));
    this.#perform(verb, names, options);
    return this.#lines.length === 0 ? ['(nothing)'] : this.#lines;
  }

  #master(): Harness {
    const minimum = [Resources.parse('cpus:0.01'), Resources.parse('mem:32')];
    const allocator = createAllocator({
      seed: 1,
      minAllocatable: minimum.filter((resources) => resources instanceof Resources),
      roleSorter: 'drf',
      frameworkSorter: 'drf',
      excludedResourceNames: new Set(),
      filterGpuResources: true,
    });
    const before = this.#masters === 0 ? undefined : this.#harness;
    const harness = new Harness({
      ...(before === undefined ? {} : { store: before.store, atMs: before.nowMs }),
      masterId: `m${++this.#masters}`,
      allocator,
      elect: false,
    });
    harness.onStep = (effects) => this.#trace(effects);
    return harness;
  }

  #perform(verb: string, names: readonly string[], options: Options): void {
    const [name = '', ...rest] = names;
    switch (verb) {
      case 'elect':
        this.#harness.elect();
        break;
      case 'fail-over':
        this.#failOver();
        break;
      case 'wait':
        this.#harness.advance(Number(name));
        break;
      case 'hold':
        this.#harness.holdsProposals = true;
        break;
      case 'release':
        this.#harness.releaseProposals();
        break;
      case 'agent':
        this.#performAgent(name, rest, options);
        break;
      case 'operator':
        this.#performOperator(name, rest);
        break;
      default:
        this.#performScheduler(verb, name, rest, options);
    }
  }

  #performOperator(verb: string, [name = '', wanted = '']: readonly string[]): void {
    const agent_id = { value: present(this.#agents.get(name), 'there is such an agent').id };
    const { reserve, destroy } = conversionOf(`${verb}:${wanted}`);
    if (reserve !== undefined)
      this.#harness.operatorCall({ type: 'RESERVE_RESOURCES', reserve_resources: { agent_id, ...reserve } });
    else if (destroy !== undefined)
      this.#harness.operatorCall({ type: 'DESTROY_VOLUMES', destroy_volumes: { agent_id, ...destroy } });
    else throw new Error(`unknown verb of an operator: ${verb}`);
  }

  #performAgent(name: string, [verb = 'register', ...words]: readonly string[], options: Options): void {
    const known = this.#agents.get(name);
    const cpus = Number(options.get('cpus') ?? 4);
    const mem = Number(options.get('mem') ?? 4096);
    const disk = Number(options.get('disk') ?? 0);
    const resources = [...cpusMem(cpus, mem), ...(disk === 0 ? [] : [resource('disk', disk)])];
    const agent = known ?? this.#harness.agent({ hostname: name, resources });
    this.#agents.set(name, agent);
    if (verb === 'register') agent.register();
    else if (verb === 'reregister') agent.reregister();
    else if (verb === 'link-lost') agent.disconnect();
    else if (verb === 'unregister') agent.frame({ unregister: {} });
    else if (verb === 'pong') agent.pong();
    else if (verb === 'deaf') agent.hears = false;
    else if (verb === 'answer') {
      agent.answerReconciliation();
      agent.answerOperations();
    } else if (verb === 'carries-out') agent.carryOut();
    else if (verb === 'fails') agent.carryOut(true);
    else if (verb === 'repeats') for (const { uuid } of agent.operations.values()) agent.repeat(uuid.value);
    else if (verb === 'reports') agent.update(words[0] ?? '', words[1] as mesos.TaskState);
    else throw new Error(`unknown verb of an agent: ${verb}`);
  }

  #performScheduler(verb: string, name: string, words: readonly string[], options: Options): void {
    const scheduler = this.#scheduler(name, options);
    const [word = ''] = words;
    switch (verb) {
      case 'subscribe':
        scheduler.subscribe();
        break;
      case 'disconnect':
        scheduler.disconnect();
        break;
      case 'launch': {
        const offer = present(scheduler.takeOffers()[0], 'there is an offer');
        scheduler.launch(offer, ...words.map((wanted) => taskOf(offer, wanted)));
        break;
      }
      case 'operate': {
        const offers = scheduler.takeOffers();
        scheduler.accept(offers, words.map(conversionOf), { refuse_seconds: 0 });
        break;
      }
      case 'ack-operation': {
        const statuses = scheduler.events.flatMap(({ update_operation_status: update }) => update?.status ?? []);
        const { operation_id, uuid } = present(statuses.at(-1), 'there is a status of an operation');
        if (operation_id === undefined || uuid === undefined) throw new Error('there is nothing to acknowledge');
        const acknowledge_operation_status = { operation_id, uuid: uuid.value };
        scheduler.call({ type: 'ACKNOWLEDGE_OPERATION_STATUS', acknowledge_operation_status });
        break;
      }
      case 'reconcile-operations':
        scheduler.call({ type: 'RECONCILE_OPERATIONS', reconcile_operations: {} });
        break;
      case 'decline':
        scheduler.decline(scheduler.takeOffers(), word === '' ? undefined : Number(word));
        break;
      case 'ack':
        scheduler.acknowledge(
          present(
            scheduler.updates.findLast(({ uuid }) => uuid !== undefined),
            'there is an update',
          ),
        );
        break;
      case 'kill':
        scheduler.kill(word);
        break;
      case 'reconcile':
        scheduler.reconcile(...words.map((taskId) => ({ taskId })));
        break;
      case 'suppress':
        scheduler.call({ type: 'SUPPRESS' });
        break;
      case 'revive':
        scheduler.call({ type: 'REVIVE' });
        break;
      case 'teardown':
        scheduler.call({ type: 'TEARDOWN' });
        break;
      default:
        throw new Error(`unknown command: ${verb}`);
    }
  }

  #scheduler(name: string, options: Options): FakeScheduler {
    const known = this.#schedulers.get(name);
    if (known !== undefined) return known;
    const capabilities: mesos.FrameworkInfo_Capability[] = options.has('aware') ? [{ type: 'PARTITION_AWARE' }] : [];
    const failover_timeout = Number(options.get('timeout') ?? 3600);
    const made = this.#harness.scheduler({ name, role: options.get('role'), capabilities, failover_timeout });
    this.#schedulers.set(name, made);
    return made;
  }

  #failOver(): void {
    this.#harness = this.#master();
    for (const [name, agent] of this.#agents) this.#agents.set(name, agent.moveTo(this.#harness));
    for (const [name, { info }] of this.#schedulers) this.#schedulers.set(name, this.#harness.scheduler(info));
    this.#harness.elect();
  }

  #trace(effects: readonly MasterEffect[]): void {
    const lines = effects.flatMap((effect) => this.#describe(effect));
    if (lines.length === 0) return;
    if (this.#harness.nowMs !== this.#stamped) this.#lines.push(`@ ${this.#harness.nowMs} ms`);
    this.#stamped = this.#harness.nowMs;
    this.#lines.push(...lines);
  }

  #describe(effect: MasterEffect): string[] {
    switch (effect.kind) {
      case 'propose':
        return [`registry: ${effect.operations.map(describeOperation).join(', ')}`];
      case 'respond':
        return [`answer ${effect.outcome.status}`];
      case 'accept-stream':
        return ['answer 200, stream'];
      case 'scheduler-event':
        return [`${this.#nameOf(this.#schedulers, effect.connectionId)} <- ${describeEvent(effect.event)}`];
      case 'close-stream':
        return [`${this.#nameOf(this.#schedulers, effect.connectionId)} closed`];
      case 'agent-message':
        return [`${this.#nameOf(this.#agents, effect.connectionId)} <- ${describeMessage(effect.message)}`];
      case 'close-channel':
        return ['channel closed'];
      case 'abdicate':
        return [`abdicate: ${effect.message}`];
      case 'operator-event':
      case 'watch-event':
      case 'log':
      case 'continue':
        return [];
    }
  }

  #nameOf(all: ReadonlyMap<string, { readonly connectionId: number | undefined }>, connectionId: number): string {
    for (const [name, one] of all) if (one.connectionId === connectionId) return name;
    return 'somebody';
  }
}

/** `t1` or `t1:2:1024`, that is id, cpus and mem. */
function taskOf(offer: mesos.Offer, wanted: string): mesos.TaskInfo {
  const [id = '', cpus = '1', mem = '128'] = wanted.split(':');
  return taskInfo(offer, id, { resources: cpusMem(Number(cpus), Number(mem)) });
}

/** `reserve:cpus:2`, `create:v1:100`, for role eng; with `#ID` behind it the scheduler hears of it. */
function conversionOf(text: string): mesos.Offer_Operation {
  const [what = '', id] = text.split('#');
  const [verb, name = '', amount = ''] = what.split(':');
  const isVolume = verb === 'create' || verb === 'destroy';
  const one: mesos.Resource = {
    ...resource(isVolume ? 'disk' : name, Number(amount)),
    reservations: [{ type: 'DYNAMIC', role: 'eng' }],
    ...(isVolume ? { disk: { persistence: { id: name }, volume: { container_path: 'data', mode: 'RW' } } } : {}),
  };
  const named = id === undefined ? {} : { id: { value: id } };
  switch (verb) {
    case 'reserve':
      return { type: 'RESERVE', reserve: { resources: [one] }, ...named };
    case 'unreserve':
      return { type: 'UNRESERVE', unreserve: { resources: [one] }, ...named };
    case 'create':
      return { type: 'CREATE', create: { volumes: [one] }, ...named };
    case 'destroy':
      return { type: 'DESTROY', destroy: { volumes: [one] }, ...named };
    default:
      throw new Error(`unknown operation: ${text}`);
  }
}

function splitOnce(word: string): [string, string] {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
}

function describeOperation(operation: registry.Operation): string {
  const [name = ''] = Object.keys(operation);
  const id = /"(?:id|agent_id|framework_id)":\{"value":"([^"]+)"/.exec(
    JSON.stringify(operation, (_key, value) => (typeof value === 'bigint' ? String(value) : value)),
  );
  return `${name} ${id?.[1] ?? ''}`.trim();
}

function describeEvent(event: scheduler.Event): string {
  const type = event.type ?? '';
  if (event.subscribed !== undefined) return `${type} ${event.subscribed.framework_id.value}`;
  if (event.offers !== undefined) return `${type} ${(event.offers.offers ?? []).map(describeOffer).join(' | ')}`;
  if (event.rescind !== undefined) return `${type} ${event.rescind.offer_id.value}`;
  if (event.update !== undefined) return `${type} ${describeStatus(event.update.status)}`;
  if (event.update_operation_status !== undefined)
    return `${type} ${describeOperationStatus(event.update_operation_status.status)}`;
  if (event.failure !== undefined) return `${type} ${event.failure.agent_id?.value ?? ''}`;
  if (event.error !== undefined) return `${type} "${event.error.message}"`;
  return type;
}

function describeOffer({ id, agent_id, resources }: mesos.Offer): string {
  const amounts = (resources ?? []).map(describeResource).join(' ');
  return `${id.value} of ${agent_id.value}: ${amounts}`;
}

function describeResource({ name, scalar, role = '*', disk }: mesos.Resource): string {
  const id = disk?.persistence?.id;
  return `${name}${role === '*' ? '' : `(${role})`}${id === undefined ? '' : `[${id}]`}:${scalar?.value}`;
}

function describeOperationStatus({ operation_id, state, message, uuid }: mesos.OperationStatus): string {
  const why = message === undefined ? '' : `"${message}"`;
  return [operation_id?.value, state, why, uuid === undefined ? '' : '(acknowledge)'].filter(Boolean).join(' ');
}

function describeStatus({ task_id, state, reason, uuid }: mesos.TaskStatus): string {
  return [task_id.value, state, reason, uuid === undefined ? '' : '(acknowledge)'].filter(Boolean).join(' ');
}

function describeMessage(message: Extract<MasterEffect, { kind: 'agent-message' }>['message']): string {
  if (message.registered !== undefined) return `registered ${message.registered.agent_id.value}`;
  if (message.ping !== undefined) return message.ping.connected ? 'ping' : 'ping: register again';
  if (message.run_tasks !== undefined)
    return `run_tasks ${(message.run_tasks.tasks ?? []).map(({ task_id }) => task_id.value).join(' ')}`;
  if (message.reconcile_tasks !== undefined)
    return `reconcile_tasks ${(message.reconcile_tasks.tasks ?? []).map(({ task_id }) => task_id.value).join(' ')}`;
  if (message.kill_task !== undefined) return `kill_task ${message.kill_task.task_id.value}`;
  if (message.acknowledge_update !== undefined) return `acknowledge ${message.acknowledge_update.task_id.value}`;
  if (message.apply_operation !== undefined) return `apply_operation ${message.apply_operation.info.type}`;
  return Object.keys(message).join(' ');
}
