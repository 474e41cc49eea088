/**
 * An operation that an agent has been asked to carry out: PENDING until the agent says how it ended, then kept until that is
 * acknowledged. In the book of its agent, and by its id in that of its framework.
 */
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { OperationView } from '../view.js';

const TERMINAL: ReadonlySet<mesos.OperationState> = new Set<mesos.OperationState>([
  'OPERATION_FINISHED',
  'OPERATION_FAILED',
  'OPERATION_ERROR',
  'OPERATION_DROPPED',
  'OPERATION_GONE_BY_OPERATOR',
]);

/** Nothing follows such a state. */
export function isTerminalOperation(state: mesos.OperationState): boolean {
  return TERMINAL.has(state);
}

/** Text of a uuid that names an operation. */
export function operationKey(uuid: Uint8Array): string {
  return Buffer.from(uuid).toString('hex');
}

export class OperationRecord implements OperationView {
  readonly key: string;
  #message: mesos.Operation;
  /** Its effect is counted in the agent's total although the agent has not confirmed it. */
  isAnticipated: boolean;

  /** `message.info`: resources in stack format. */
  constructor(
    readonly agentId: string,
    message: mesos.Operation,
  ) {
    this.key = operationKey(message.uuid.value);
    this.#message = message;
    this.isAnticipated = !this.isTerminal;
  }

  /** As GET_OPERATIONS shows it. */
  get message(): Readonly<mesos.Operation> {
    return this.#message;
  }
  get uuid(): Uint8Array {
    return this.#message.uuid.value;
  }
  /** undefined: nobody wants to hear of it. */
  get id(): mesos.OperationID | undefined {
    return this.#message.info.id;
  }
  /** undefined: an operator's. */
  get frameworkId(): string | undefined {
    return this.#message.framework_id?.value;
  }
  get status(): mesos.OperationStatus {
    return this.#message.latest_status;
  }
  get isTerminal(): boolean {
    return isTerminalOperation(this.status.state);
  }

  /** A terminal state is final: later ones, and repetitions, change nothing but the uuid to acknowledge. */
  take(status: mesos.OperationStatus): void {
    if (this.isTerminal) {
      this.#message = { ...this.#message, latest_status: { ...this.status, uuid: status.uuid } };
      return;
    }
    const statuses = [...(this.#message.statuses ?? []), status];
    this.#message = { ...this.#message, latest_status: status, statuses };
  }
}
