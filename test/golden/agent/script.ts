/**
 * Runs the commands of a golden script on an agent core: what it writes down, in the order of its effects, and what it says.
 *
 *   agent RESOURCES                     before everything else: what it is configured with
 *   apply OPERATION                     of the master; see ../master/operator-words.ts
 *   volumes changed|MESSAGE             the shell made or destroyed the directories, or could not
 *   task NAME RESOURCES   end TASK      a container with them
 *   acknowledge                         every outcome of an operation
 *   restart                             a new process on the same checkpoint
 *   unregister                          it leaves, and begins anew on the same checkpoint
 *   total
 */
import { present } from '../../../src/base/assert.js';
import type { AgentEffect } from '../../../src/daemon/agent/core/protocol.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import type * as link from '../../../src/wire/gen/mesoctl-link.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { CoreHarness, FRAMEWORK_ID } from '../../unit/agent/core-harness.js';
import { conversionOf } from '../master/operator-words.js';
import { splitLine, wireOf } from '../resource-words.js';

export class Script {
  #resources: readonly mesos.Resource[] = [];
  #agent = new CoreHarness();
  readonly #containers = new Map<string, string>();
  /** Told and not acknowledged. */
  #outcomes: link.OperationUpdate[] = [];
  #operations = 0;

  run(line: string): string[] {
    const [verb = '', first = '', second = ''] = splitLine(line);
    this.#agent.effects = [];
    this.#perform(verb, first, second, line.slice(verb.length).trim());
    const lines = this.#agent.effects.flatMap((effect) => this.#describe(effect));
    return verb === 'total' ? [this.#agent.core.view.total.toString()] : lines;
  }

  #perform(verb: string, first: string, second: string, rest: string): void {
    switch (verb) {
      case 'agent':
        this.#resources = wireOf(first);
        this.#agent = new CoreHarness({ resources: this.#resources });
        this.#agent.effects = [];
        break;
      case 'apply': {
        const uuid = new Uint8Array(16).fill(++this.#operations);
        const apply_operation = { framework_id: { value: FRAMEWORK_ID }, uuid, info: conversionOf(first) };
        this.#agent.frame({ apply_operation });
        break;
      }
      case 'volumes': {
        const uuid = new Uint8Array(16).fill(this.#operations);
        this.#agent.post({ kind: 'volumes-changed', uuid, failure: rest === 'changed' ? undefined : rest });
        break;
      }
      case 'task':
        this.#containers.set(first, this.#agent.start(first, { resources: wireOf(second) }));
        break;
      case 'end':
        this.#agent.terminate(present(this.#containers.get(first), `there is a task ${first}`), { waitStatus: 0 });
        break;
      case 'acknowledge':
        this.#acknowledge();
        break;
      case 'restart':
        this.#agent = this.#agent.restart({ resources: this.#resources });
        break;
      case 'unregister':
        this.#agent.post({ kind: 'unregister' });
        this.#agent = this.#agent.restart({ resources: this.#resources });
        break;
      case 'total':
        break;
      default:
        throw new Error(`unknown command ${verb}`);
    }
  }

  #acknowledge(): void {
    for (const { uuid, status } of this.#outcomes.splice(0)) {
      const status_uuid = present(status.uuid, 'outcomes have a uuid').value;
      this.#agent.frame({ acknowledge_operation: { operation_uuid: uuid, status_uuid } });
    }
  }

  #describe(effect: AgentEffect): string[] {
    switch (effect.kind) {
      case 'change': {
        const { change } = effect;
        if (change.kind === 'put-resources') return [`checkpoint: resources ${Resources.of(change.resources)}`];
        return change.kind.endsWith('-operation') ? [`checkpoint: ${change.kind}`] : [];
      }
      case 'change-volumes':
        return [
          ...effect.create.map(({ role, id, place }) => `make the volume ${id} of ${role} (${place.kind})`),
          ...effect.destroy.map(({ role, id, place }) => `destroy the volume ${id} of ${role} (${place.kind})`),
        ];
      case 'launch':
        return ['launch'];
      case 'send':
        return this.#describeMessage(effect.frame);
      default:
        return [];
    }
  }

  #describeMessage({
    operation_update,
    register,
    reregister,
    status_update,
  }: link.AgentFrame | AgentMessageLike): string[] {
    if (operation_update !== undefined) {
      this.#outcomes.push(operation_update);
      const { state, message } = operation_update.status;
      return [`-> ${state}${message === undefined ? '' : ` "${message}"`}`];
    }
    if (status_update?.latest_state === 'TASK_DROPPED') return [`-> TASK_DROPPED "${status_update.status.message}"`];
    const reported = register?.checkpointed_resources ?? reregister?.checkpointed_resources;
    return reported === undefined ? [] : [`-> registers with ${Resources.of(reported)}`];
  }
}

type AgentMessageLike = Omit<link.AgentFrame, 'channel' | 'sequence' | 'term'>;
