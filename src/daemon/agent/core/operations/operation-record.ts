/** One operation on the agent's resources, from its order to the acknowledgement of its outcome, and what of it is durable. */
import { formatUuid } from '../../../../base/random.js';
import type { TimerHandle } from '../../../../base/timers.js';
import type * as checkpoint from '../../../../wire/gen/mesoctl-checkpoint.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { UPDATE_RETRY_MIN_MS } from '../limits.js';

/** OPERATION_PENDING, or the end of it. */
export interface OperationView {
  readonly frameworkId: string | undefined;
  readonly uuid: Uint8Array;
  readonly info: mesos.Offer_Operation;
  readonly status: mesos.OperationStatus;
}

export interface OperationRecord extends OperationView {
  /** `uuid` as text. */
  readonly key: string;
  status: mesos.OperationStatus;
  /** False for answers about operations this agent does not know: after a restart the master asks again. */
  readonly durable: boolean;
  retryTimer: TimerHandle | undefined;
  intervalMs: number;
}

export type NewOperation = OperationView & Pick<OperationRecord, 'durable'>;

export function createOperation(operation: NewOperation): OperationRecord {
  return {
    ...operation,
    key: operationKey(operation.uuid),
    retryTimer: undefined,
    intervalMs: UPDATE_RETRY_MIN_MS,
  };
}

export function operationKey(uuid: Uint8Array): string {
  return formatUuid(uuid);
}

export function isPending({ status }: OperationView): boolean {
  return status.state === 'OPERATION_PENDING';
}

export function toCheckpointOperation({ frameworkId, uuid, info, status }: OperationRecord): checkpoint.Operation {
  return { ...frameworkOf(frameworkId), uuid, info, status };
}

export function fromCheckpointOperation(row: checkpoint.Operation): OperationRecord {
  const { framework_id: frameworkId, uuid, info, status } = row;
  return createOperation({ frameworkId: frameworkId?.value, uuid, info, status, durable: true });
}

/** As the APIs and the master see it. */
export function describeOperation(operation: OperationView, agentId: mesos.AgentID | undefined): mesos.Operation {
  const { frameworkId, uuid, info, status } = operation;
  return {
    ...frameworkOf(frameworkId),
    ...(agentId === undefined ? {} : { agent_id: agentId }),
    info,
    latest_status: status,
    statuses: [status],
    uuid: { value: uuid },
  };
}

export function frameworkOf(frameworkId: string | undefined): { readonly framework_id?: mesos.FrameworkID } {
  return frameworkId === undefined ? {} : { framework_id: { value: frameworkId } };
}
