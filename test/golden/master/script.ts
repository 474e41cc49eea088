/**
 * Runs the commands of a golden script; says what the core did about them as text. See golden.test.ts.
 *
 *   options [interval=MS] [offer-timeout=MS] [held=MS] [bound=N] [fraction=N] [recovery-factor=N] [recovery-timeout=MS] [re2-size=N] [re2-mem=BYTES] [quiet=1]
 *           before everything else; quiet: pings are answered, and they and heartbeats not shown
 *   elect   fail-over   wait MS   jump MS (a clock that was stopped)   hold   release (answers of the registry)
 *   whitelist HOSTS|nobody|everybody   roles (what each consumes, has and is offered)
 *   agent NAME [resources=RESOURCES] [cpus=N] [mem=N] [disk=N] [can=CAPABILITIES] [attributes=k:v;...]
 *   agent NAME reregister|link-lost|unregister|pong|deaf|answer|carries-out|fails|repeats   agent NAME reports TASK STATE
 *   agent NAME has resources=RESOURCES    its total becomes another      agent NAME comes-back attributes=k:v;...
 *   operator ...                                         see operator-words.ts
 *   subscribe NAME [role=R] [roles=R,...] [can=CAPABILITIES] [aware=1] [timeout=S] [where=ROLE/CONSTRAINT] [suppressed=ROLES]
 *   disconnect NAME
 *   update NAME roles=R,...   backlog NAME on|off   suppress NAME [ROLES]   revive NAME [ROLES]   teardown NAME
 *   launch NAME TASK...    TASK: ID[:RESOURCES][<LIMITS], of the first offer      decline NAME [SECONDS]
 *   operate NAME OPERATION... [refuse=SECONDS]   ack-operation NAME   reconcile-operations NAME
 *   accept-inverse NAME [SECONDS]   decline-inverse NAME [SECONDS]
 *   ack NAME   kill NAME TASK   reconcile NAME TASK...
 */
import { present } from '../../../src/base/assert.js';
import { isRejection } from '../../../src/base/rejection.js';
import type { MasterConfig } from '../../../src/daemon/config/master-config.js';
import type { MasterEffect } from '../../../src/daemon/master/core/protocol.js';
import { createAllocator } from '../../../src/offers/allocator/hierarchical-allocator.js';
import { parseAttributes } from '../../../src/offers/resources/attributes.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { validateMasterCall } from '../../../src/wire/validation/master-call.js';
import type { FakeAgent } from '../../unit/master/support/fake-agent.js';
import { type FakeScheduler, taskInfo } from '../../unit/master/support/fake-scheduler.js';
import { cpusMem, Harness, resource } from '../../unit/master/support/harness.js';
import {
  constraintsOf,
  isNamed,
  listOf,
  resourcesOf,
  scalarsOf,
  splitLine,
  splitNamed,
  wireOf,
} from '../resource-words.js';
import { describeEffect, isRoutine } from './describe.js';
import { conversionOf, operatorCallOf } from './operator-words.js';

type Options = ReadonlyMap<string, string>;

/** Below the ping timeout. */
const QUIET_WAIT_MS = 10_000;

export class Script {
  #harness: Harness;
  #masters = 0;
  #config: Partial<MasterConfig> = {};
  #isQuiet = false;
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
    const [verb = '', ...words] = splitLine(command);
    const options = new Map(words.filter(isNamed).map(splitNamed));
    const names = words.filter((word) => !isNamed(word));
    this.#perform(verb, names, options);
    return this.#lines;
  }

  /** Another cluster. */
  #begin(): void {
    this.#masters = 0;
    this.#agents.clear();
    this.#schedulers.clear();
    this.#harness = this.#master();
    this.#stamped = this.#harness.nowMs;
  }

  #master(): Harness {
    const allocator = createAllocator({
      seed: 1,
      minAllocatable: [resourcesOf('cpus:0.01'), resourcesOf('mem:32')],
      roleSorter: 'drf',
      frameworkSorter: 'drf',
      excludedResourceNames: new Set(),
      filterGpuResources: true,
      maxOfferFraction: this.#config.maxOfferFraction,
      maxOffersPerFramework: this.#config.maxOffersPerFramework,
    });
    const before = this.#masters === 0 ? undefined : this.#harness;
    const harness = new Harness({
      ...(before === undefined ? {} : { store: before.store, atMs: before.nowMs }),
      masterId: `m${++this.#masters}`,
      config: this.#config,
      allocator,
      elect: false,
    });
    harness.onStep = (effects) => this.#trace(effects);
    return harness;
  }

  #perform(verb: string, names: readonly string[], options: Options): void {
    const [name = '', ...rest] = names;
    switch (verb) {
      case 'options':
        this.#config = configOf(options);
        this.#isQuiet = options.has('quiet');
        this.#begin();
        break;
      case 'elect':
        this.#harness.elect();
        break;
      case 'fail-over':
        this.#failOver();
        break;
      case 'wait':
        this.#wait(Number(name));
        break;
      case 'jump':
        this.#harness.nowMs += Number(name);
        this.#harness.send({ kind: 'tick' });
        break;
      case 'hold':
        this.#harness.holdsProposals = true;
        break;
      case 'release':
        this.#harness.releaseProposals();
        break;
      case 'whitelist':
        this.#harness.send({
          kind: 'whitelist',
          hostnames: name === 'everybody' ? null : new Set(name === 'nobody' ? [] : listOf(name)),
        });
        break;
      case 'roles':
        this.#describeRoles();
        break;
      case 'agent':
        this.#performAgent(name, rest, options);
        break;
      case 'operator':
        this.#performOperator(name, rest, options);
        break;
      default:
        this.#performScheduler(verb, name, rest, options);
    }
  }

  /** Agents of a quiet script live: they answer what is not shown. */
  #wait(ms: number): void {
    if (!this.#isQuiet) {
      this.#harness.advance(ms);
      return;
    }
    for (let left = ms; left > 0; left -= QUIET_WAIT_MS) {
      this.#harness.advance(Math.min(left, QUIET_WAIT_MS));
      for (const agent of this.#agents.values()) if (agent.connectionId !== undefined) agent.pong();
    }
  }

  #describeRoles(): void {
    const amounts = (of: ReadonlyMap<string, number> | undefined) =>
      [...(of ?? [])].map(([name, amount]) => `${name} ${amount}`).join(', ') || 'none';
    for (const { name, weight, guarantee, limit, consumed, allocated, offered } of this.#harness.core.view.roles()) {
      this.#lines.push(`${name}: weight ${weight}, guarantee ${amounts(guarantee)}, limit ${amounts(limit)}`);
      this.#lines.push(`  consumed ${amounts(consumed)}; allocated ${amounts(allocated)}; offered ${amounts(offered)}`);
    }
  }

  #performOperator(word: string, names: readonly string[], options: Options): void {
    const call = operatorCallOf(word, names, options, (name) => ({ value: this.#agentNamed(name).id }));
    if (call === undefined) throw new Error(`unknown verb of an operator: ${word}`);
    // As at the door: what is wrong with the call itself never reaches the core.
    const malformed = validateMasterCall(call);
    if (malformed === undefined) this.#harness.operatorCall(call);
    else this.#lines.push(`answer 400 "${malformed.message}"`);
  }

  #agentNamed(name: string): FakeAgent {
    return present(this.#agents.get(name), `there is an agent ${name}`);
  }

  #performAgent(name: string, [verb = 'register', ...words]: readonly string[], options: Options): void {
    const agent = this.#agents.get(name) ?? this.#newAgent(name, options);
    if (verb === 'register') agent.register();
    else if (verb === 'reregister') agent.reregister();
    else if (verb === 'comes-back') {
      agent.info = { ...agent.info, attributes: attributesOf(options) };
      agent.disconnect();
      agent.reregister();
    } else if (verb === 'link-lost') agent.disconnect();
    else if (verb === 'unregister') agent.frame({ unregister: {} });
    else if (verb === 'pong') agent.pong();
    else if (verb === 'deaf') agent.hears = false;
    else if (verb === 'has') agent.frame({ update_agent: { total_resources: wireOf(options.get('resources') ?? '') } });
    else if (verb === 'answer') {
      agent.answerReconciliation();
      agent.answerOperations();
    } else if (verb === 'carries-out') agent.carryOut();
    else if (verb === 'fails') agent.carryOut(true);
    else if (verb === 'repeats') for (const { uuid } of agent.operations.values()) agent.repeat(uuid.value);
    else if (verb === 'reports') agent.update(words[0] ?? '', words[1] as mesos.TaskState);
    else throw new Error(`unknown verb of an agent: ${verb}`);
  }

  #newAgent(name: string, options: Options): FakeAgent {
    const text = options.get('resources');
    const disk = Number(options.get('disk') ?? 0);
    const given = [
      ...cpusMem(Number(options.get('cpus') ?? 4), Number(options.get('mem') ?? 4096)),
      ...(disk === 0 ? [] : [resource('disk', disk)]),
    ];
    const attributes = attributesOf(options);
    const can = options.get('can');
    const agent = this.#harness.agent({
      hostname: name,
      resources: text === undefined ? given : wireOf(text),
      ...(can === undefined ? {} : { capabilities: listOf(can) as mesos.AgentInfo_Capability_Type[] }),
    });
    if (attributes.length > 0) agent.info = { ...agent.info, attributes };
    this.#agents.set(name, agent);
    return agent;
  }

  #performScheduler(verb: string, name: string, words: readonly string[], options: Options): void {
    const scheduler = this.#scheduler(name, options);
    const [word = ''] = words;
    const roles = listOf(word);
    switch (verb) {
      case 'subscribe': {
        const where = options.get('where');
        scheduler.subscribe({
          suppressed_roles: listOf(options.get('suppressed') ?? ''),
          ...(where === undefined ? {} : { offer_constraints: constraintsOf(where) }),
        });
        break;
      }
      case 'update': {
        scheduler.info = { ...scheduler.info, roles: listOf(options.get('roles') ?? '') };
        scheduler.call({ type: 'UPDATE_FRAMEWORK', update_framework: { framework_info: scheduler.info } });
        break;
      }
      case 'disconnect':
        scheduler.disconnect();
        break;
      case 'backlog': {
        const connectionId = present(scheduler.connectionId, 'the scheduler is connected');
        this.#harness.send({ kind: 'scheduler-backlog', connectionId, high: word === 'on' });
        break;
      }
      case 'launch': {
        const offer = present(scheduler.takeOffers()[0], 'there is an offer');
        scheduler.launch(offer, ...words.map((wanted) => taskOf(offer, wanted)));
        break;
      }
      case 'operate': {
        const offers = scheduler.takeOffers();
        scheduler.accept(offers, words.map(conversionOf), { refuse_seconds: Number(options.get('refuse') ?? 0) });
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
      case 'accept-inverse':
      case 'decline-inverse':
        answerInverseOffers(scheduler, verb === 'accept-inverse', word === '' ? undefined : Number(word));
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
        scheduler.call({ type: 'SUPPRESS', suppress: { roles } });
        break;
      case 'revive':
        scheduler.call({ type: 'REVIVE', revive: { roles } });
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
    const roles = options.get('roles');
    const can = [...(roles === undefined ? [] : ['MULTI_ROLE']), ...listOf(options.get('can') ?? '')];
    if (options.has('aware')) can.push('PARTITION_AWARE');
    const capabilities = can.map((type) => ({ type: type as mesos.FrameworkInfo_Capability_Type }));
    const failover_timeout = Number(options.get('timeout') ?? 3600);
    const ofRoles = roles === undefined ? { role: options.get('role') } : { roles: listOf(roles) };
    const made = this.#harness.scheduler({ name, ...ofRoles, capabilities, failover_timeout });
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
    const shown = this.#isQuiet ? effects.filter((effect) => !isRoutine(effect)) : effects;
    const lines = shown.flatMap((effect) =>
      describeEffect(effect, {
        scheduler: (connectionId) => nameOf(this.#schedulers, connectionId),
        agent: (connectionId) => nameOf(this.#agents, connectionId),
      }),
    );
    if (lines.length === 0) return;
    if (this.#harness.nowMs !== this.#stamped) this.#lines.push(`@ ${this.#harness.nowMs} ms`);
    this.#stamped = this.#harness.nowMs;
    this.#lines.push(...lines);
  }
}

function nameOf(all: ReadonlyMap<string, { readonly connectionId: number | undefined }>, connectionId: number): string {
  for (const [name, one] of all) if (one.connectionId === connectionId) return name;
  return 'somebody';
}

function attributesOf(options: Options): mesos.Attribute[] {
  const attributes = parseAttributes(options.get('attributes') ?? '');
  if (isRejection(attributes)) throw new Error(attributes.message);
  return attributes;
}

function configOf(options: Options): Partial<MasterConfig> {
  const settings: Readonly<Record<string, keyof MasterConfig>> = {
    interval: 'allocationIntervalMs',
    'offer-timeout': 'offerTimeoutMs',
    held: 'rescindHeldOffersAfterMs',
    fraction: 'maxOfferFraction',
    bound: 'maxOffersPerFramework',
    'recovery-factor': 'allocatorAgentRecoveryFactor',
    'recovery-timeout': 'allocatorRecoveryTimeoutMs',
    'regex-size': 'offerConstraintsRe2MaxProgramSize',
    'regex-mem': 'offerConstraintsRe2MaxMem',
  };
  const given = [...options].filter(([name]) => name !== 'quiet' && name !== 'roles');
  const numbers = given.map(([name, value]) => [present(settings[name], `there is an option ${name}`), Number(value)]);
  const roles = options.get('roles');
  return { ...Object.fromEntries(numbers), ...(roles === undefined ? {} : { roles: listOf(roles) }) };
}

/** `t1` or `t1:cpus:2;mem:1024`, with `<cpus:4` what it may use beyond its request. */
function taskOf(offer: mesos.Offer, wanted: string): mesos.TaskInfo {
  const [asked = '', limits] = wanted.split('<');
  const colon = asked.indexOf(':');
  const id = colon < 0 ? asked : asked.slice(0, colon);
  return taskInfo(offer, id, {
    ...(colon < 0 ? {} : { resources: wireOf(asked.slice(colon + 1)) }),
    ...(limits === undefined ? {} : { limits: scalarsOf(limits) }),
  });
}

/** All that were not answered and not taken back. */
function answerInverseOffers(scheduler: FakeScheduler, accepts: boolean, refuse_seconds: number | undefined): void {
  const offers = scheduler.takeInverseOffers();
  const given = {
    inverse_offer_ids: offers.map(({ id }) => id),
    filters: refuse_seconds === undefined ? undefined : { refuse_seconds },
  };
  if (accepts) scheduler.call({ type: 'ACCEPT_INVERSE_OFFERS', accept_inverse_offers: given });
  else scheduler.call({ type: 'DECLINE_INVERSE_OFFERS', decline_inverse_offers: given });
}
