/**
 * Carries out operations on the agent's resources, one after the other in the order of the master, which has counted
 * their effects already. Where directories of volumes must be made or removed, the intent is durable first and the shell
 * does it; a restart in between does it again. Tasks whose resources an operation may still be making wait their turn
 * here, too. Source: spec page 05, 5.6 and 5.7; page 07; link.proto.
 *
 * Invariants: an operation is carried out once, however often it is ordered, until its outcome is acknowledged; its
 * outcome and what it made of the resources are durable together; one that fails has changed nothing.
 */
import { assert } from '../../../../base/assert.js';
import { isRejection } from '../../../../base/rejection.js';
import { applyCheckpointed, checkpointedOf } from '../../../../offers/resources/checkpointed.js';
import { applyOperation } from '../../../../offers/resources/operations.js';
import { Resources } from '../../../../offers/resources/resources.js';
import { upgradeResource } from '../../../../offers/resources/validation.js';
import { describeVolume, volumeKey, volumeUsesOf } from '../../../../runtime/volumes/volume.js';
import type * as link from '../../../../wire/gen/mesoctl-link.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { type Context, freshUuid } from '../context.js';
import { MAX_WAITING_OPERATIONS } from '../limits.js';
import type { CheckpointState } from '../protocol.js';
import {
  createOperation,
  fromCheckpointOperation,
  isPending,
  type NewOperation,
  type OperationRecord,
  operationKey,
  toCheckpointOperation,
} from './operation-record.js';
import { OperationUpdates } from './operation-updates.js';
import { differenceOf, type VolumeDifference } from './volume-changes.js';

type Waiting =
  | { readonly kind: 'operation'; readonly operation: OperationRecord }
  | { readonly kind: 'launch'; begin(): void };

/** Its directories are being made or removed. */
interface Changing {
  readonly operation: OperationRecord;
  readonly result: Resources;
}

type Ending = Pick<mesos.OperationStatus, 'state' | 'message' | 'converted_resources'>;

export class Operations {
  readonly updates: OperationUpdates;
  readonly #context: Context;
  readonly #waiting: Waiting[] = [];
  #waitingOperations = 0;
  #changing: Changing | undefined;

  constructor(context: Context) {
    this.#context = context;
    this.updates = new OperationUpdates(context);
  }

  /** Directories are being changed: what comes now waits. */
  get isBusy(): boolean {
    return this.#changing !== undefined;
  }

  /** First of all. An operation that was interrupted goes on. */
  recover({ operations, resources }: CheckpointState): void {
    const { options, state } = this.#context;
    const configured = Resources.of(options.agentInfo.resources ?? []);
    const total = applyCheckpointed(configured, Resources.of(resources));
    assert(!isRejection(total), 'the agent starts only with resources that hold what is reserved');
    state.total = total;
    for (const row of operations) {
      const operation = fromCheckpointOperation(row);
      state.operations.set(operation.key, operation);
      if (isPending(operation)) this.#enqueue(operation);
    }
    this.#proceed();
  }

  apply(message: link.ApplyOperation): void {
    const { out, state } = this.#context;
    const key = operationKey(message.uuid);
    const known = state.operations.get(key);
    if (known !== undefined) {
      this.updates.send(known);
      return;
    }
    if (state.ending !== undefined) {
      out.log('warn', 'operation ignored', { operation: key, ending: state.ending.why });
      return;
    }
    if (this.#waitingOperations >= MAX_WAITING_OPERATIONS) {
      this.#answerUnknown(message, 'too many operations wait for this agent');
      return;
    }
    const operation = this.#add({
      ...identityOf(message),
      info: message.info,
      status: { ...this.#statusOf(message.info.id), state: 'OPERATION_PENDING' },
      durable: true,
    });
    this.#enqueue(operation);
    this.#proceed();
  }

  /** Runs `begin` when all that was ordered before is done: now, if nothing is under way. */
  afterwards(begin: () => void): void {
    if (this.isBusy) this.#waiting.push({ kind: 'launch', begin });
    else begin();
  }

  /** The shell's answer to `change-volumes`. */
  onVolumesChanged(uuid: Uint8Array, failure: string | undefined): void {
    const changing = this.#changing;
    assert(changing?.operation.key === operationKey(uuid), 'one change of volumes is under way at a time');
    this.#changing = undefined;
    if (failure === undefined) this.#finish(changing.operation, changing.result);
    else this.#end(changing.operation, { state: 'OPERATION_FAILED', message: failure });
    this.#proceed();
  }

  reconcile(message: link.ReconcileOperations): void {
    for (const asked of message.operations ?? [])
      if (!this.#context.state.operations.has(operationKey(asked.uuid)))
        this.#answerUnknown(
          {
            ...asked,
            info: { type: 'UNKNOWN', ...(asked.operation_id === undefined ? {} : { id: asked.operation_id }) },
          },
          'Reconciliation: operation unknown to the agent',
        );
  }

  #enqueue(operation: OperationRecord): void {
    this.#waitingOperations += 1;
    this.#waiting.push({ kind: 'operation', operation });
  }

  #proceed(): void {
    while (!this.isBusy) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (next.kind === 'launch') next.begin();
      else {
        this.#waitingOperations -= 1;
        this.#begin(next.operation);
      }
    }
  }

  #begin(operation: OperationRecord): void {
    const { out, state } = this.#context;
    const result = applyOperation(state.total, operation.info);
    const volumes = isRejection(result) ? result : differenceOf(state.total, result);
    if (isRejection(result) || isRejection(volumes)) {
      const why = isRejection(volumes) ? volumes.message : '';
      this.#end(operation, { state: 'OPERATION_FAILED', message: why });
      return;
    }
    const user = this.#findUser(volumes);
    if (user !== undefined) {
      this.#end(operation, { state: 'OPERATION_FAILED', message: user });
      return;
    }
    if (volumes.create.length + volumes.destroy.length === 0) {
      this.#finish(operation, result);
      return;
    }
    this.#changing = { operation, result };
    out.persist({ kind: 'put-operation', operation: toCheckpointOperation(operation) }, 'machine');
    out.emit({ type: 'afterPersist', kind: 'change-volumes', uuid: operation.uuid, ...volumes });
  }

  /** A task that has a volume which is to be destroyed. */
  #findUser({ destroy }: VolumeDifference): string | undefined {
    const keys = new Map(destroy.map((volume) => [volumeKey(volume), volume]));
    if (keys.size === 0) return undefined;
    for (const { info } of this.#context.state.liveByContainer.values()) {
      const uses = volumeUsesOf((info.resources ?? []).map(upgradeResource));
      for (const { volume } of isRejection(uses) ? [] : uses)
        if (keys.has(volumeKey(volume)))
          return `the ${describeVolume(volume)} is in use by the task ${info.task_id.value}`;
    }
    return undefined;
  }

  #finish(operation: OperationRecord, result: Resources): void {
    const { out, state } = this.#context;
    const converted = result.subtract(state.total).toWire();
    state.total = result;
    out.persist({ kind: 'put-resources', resources: checkpointedOf(result).toWire() }, 'machine');
    this.#end(operation, { state: 'OPERATION_FINISHED', converted_resources: converted });
  }

  #end(operation: OperationRecord, ending: Ending): void {
    const { out } = this.#context;
    operation.status = { ...this.#statusOf(operation.info.id), ...ending, uuid: { value: freshUuid(this.#context) } };
    out.persist({ kind: 'put-operation', operation: toCheckpointOperation(operation) }, 'machine');
    out.log(ending.state === 'OPERATION_FINISHED' ? 'info' : 'warn', 'operation', {
      operation: operation.key,
      type: operation.info.type,
      state: ending.state,
      ...(ending.message === undefined ? {} : { reason: ending.message }),
    });
    this.updates.send(operation);
  }

  #answerUnknown(message: link.ApplyOperation, why: string): void {
    const operation = this.#add({
      ...identityOf(message),
      info: message.info,
      status: {
        ...this.#statusOf(message.info.id),
        state: 'OPERATION_DROPPED',
        message: why,
        uuid: { value: freshUuid(this.#context) },
      },
      durable: false,
    });
    this.updates.send(operation);
  }

  #add(made: NewOperation): OperationRecord {
    const operation = createOperation(made);
    this.#context.state.operations.set(operation.key, operation);
    return operation;
  }

  #statusOf(id: mesos.OperationID | undefined): Pick<mesos.OperationStatus, 'operation_id' | 'agent_id'> {
    const agentId = this.#context.state.agentInfo.id;
    return {
      ...(id === undefined ? {} : { operation_id: id }),
      ...(agentId === undefined ? {} : { agent_id: agentId }),
    };
  }
}

function identityOf({ framework_id, uuid }: link.ApplyOperation): Pick<NewOperation, 'frameworkId' | 'uuid'> {
  return { frameworkId: framework_id?.value, uuid };
}
