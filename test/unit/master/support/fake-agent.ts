/** An agent's side of the link: it keeps what it was told to run and reports what a test makes of it. */
import { present } from '../../../../src/base/assert.js';
import { isRejection, reject } from '../../../../src/base/rejection.js';
import { operationKey } from '../../../../src/daemon/master/core/model/operation.js';
import type { AgentMessage, ConnectionId } from '../../../../src/daemon/master/core/protocol.js';
import { applyOperation } from '../../../../src/offers/resources/operations.js';
import { Resources } from '../../../../src/offers/resources/resources.js';
import type * as link from '../../../../src/wire/gen/mesoctl-link.js';
import type * as mesos from '../../../../src/wire/gen/mesos.js';
import { isTerminal } from '../../../../src/wire/task-state.js';
import type { AgentMessageKind, Harness } from './harness.js';
import { cpusMem } from './harness.js';

export interface FakeAgentOptions {
  readonly hostname?: string;
  readonly resources?: mesos.Resource[];
  readonly ip?: string | undefined;
  readonly port?: number;
  readonly instance?: string;
  /** Of a new agent. */
  readonly checkpointed?: mesos.Resource[];
  readonly domain?: mesos.DomainInfo;
  readonly capabilities?: readonly mesos.AgentInfo_Capability_Type[];
  /** Shares a connection with another agent. */
  readonly beside?: FakeAgent;
}

const CAPABILITIES: readonly mesos.AgentInfo_Capability_Type[] = [
  'MULTI_ROLE',
  'HIERARCHICAL_ROLE',
  'RESERVATION_REFINEMENT',
  'TASK_RESOURCE_LIMITS',
  'RESIZE_VOLUME',
  'AGENT_OPERATION_FEEDBACK',
  'AGENT_DRAINING',
];

export class FakeAgent {
  info: mesos.AgentInfo;
  ip: string | undefined;
  readonly capabilities: mesos.AgentInfo_Capability[];
  connectionId: ConnectionId | undefined;
  channel = 1;
  /** Of the present link. */
  messages: AgentMessage[] = [];
  readonly tasks = new Map<string, mesos.Task>();
  readonly executors = new Map<string, mesos.ExecutorInfo>();
  readonly frameworks = new Map<string, mesos.FrameworkInfo>();
  isShutDown = false;
  /** ReconcileTasks that were not answered yet. */
  readonly asked: link.ReconcileTasks_Task[] = [];
  /** Operations that arrived and were not carried out yet. */
  readonly applying: link.ApplyOperation[] = [];
  /** Operations that ended and were not acknowledged, by uuid. */
  readonly operations = new Map<string, mesos.Operation>();
  /** Of ReconcileOperations that were not answered yet. */
  readonly askedOperations: link.ReconcileOperations_Operation[] = [];
  /** undefined: as configured, nothing was ever converted. */
  total: Resources | undefined;
  /** False: what is on its way is lost. */
  hears = true;
  #uuids = 0;
  readonly #harness: Harness;
  readonly #beside: FakeAgent | undefined;
  readonly #own: Pick<link.Register, 'instance' | 'checkpointed_resources'>;

  constructor(harness: Harness, options: FakeAgentOptions = {}) {
    this.#harness = harness;
    this.#beside = options.beside;
    this.ip = options.ip;
    this.#own = { instance: options.instance, checkpointed_resources: options.checkpointed };
    this.info = {
      hostname: options.hostname ?? 'node',
      resources: options.resources ?? cpusMem(4, 4096),
      port: options.port,
      domain: options.domain,
    };
    this.capabilities = (options.capabilities ?? CAPABILITIES).map((type) => ({ type }));
  }

  /** The same machine, under another master. */
  moveTo(harness: Harness): FakeAgent {
    const moved = new FakeAgent(harness, { capabilities: this.capabilities.map(({ type }) => type ?? 'UNKNOWN') });
    moved.info = this.info;
    moved.ip = this.ip;
    for (const [key, task] of this.tasks) moved.tasks.set(key, task);
    for (const [key, executor] of this.executors) moved.executors.set(key, executor);
    for (const [key, info] of this.frameworks) moved.frameworks.set(key, info);
    for (const [key, operation] of this.operations) moved.operations.set(key, operation);
    moved.applying.push(...this.applying);
    moved.total = this.total;
    harness.agents.push(moved);
    return moved;
  }

  get id(): string {
    return present(this.info.id, 'the agent is registered').value;
  }

  connect(): this {
    this.messages = [];
    this.connectionId = this.#beside?.connectionId ?? this.#harness.newId();
    this.channel = this.#beside === undefined ? 1 : this.#beside.channel + 1;
    return this;
  }

  register(): this {
    if (this.connectionId === undefined) this.connect();
    this.frame({
      register: {
        agent_info: this.info,
        version: '1.0.0',
        capabilities: this.capabilities,
        ip: this.ip,
        ...this.#own,
      },
    });
    return this;
  }

  reregister(change: Partial<link.Reregister> = {}): this {
    if (this.connectionId === undefined) this.connect();
    this.frame({
      reregister: {
        agent_info: this.info,
        version: '1.0.0',
        capabilities: this.capabilities,
        ip: this.ip,
        tasks: [...this.tasks.values()],
        executor_infos: [...this.executors.values()],
        frameworks: [...this.frameworks.values()],
        operations: [...this.operations.values(), ...this.applying.map(pendingOperation)],
        checkpointed_resources: this.#checkpointed(),
        ...change,
      },
    });
    return this;
  }

  frame(body: Partial<link.AgentFrame>): void {
    const connectionId = present(this.connectionId, 'the agent has a link');
    const { channel } = this;
    const frame = { channel, sequence: 1, term: 1, ...body };
    this.#harness.send({ kind: 'agent-frame', connectionId, channel, remoteIp: '127.0.0.1', frame });
  }

  disconnect(): void {
    const connectionId = present(this.connectionId, 'the agent has a link');
    this.connectionId = undefined;
    this.#harness.send({ kind: 'agent-link-closed', connectionId });
  }

  channelClosed(connectionId: ConnectionId, channel: number): void {
    if (connectionId === this.connectionId && channel === this.channel) this.connectionId = undefined;
  }

  deliver(connectionId: ConnectionId, channel: number, message: AgentMessage): void {
    if (connectionId !== this.connectionId || channel !== this.channel) return;
    this.messages.push(message);
    if (message.registered !== undefined) this.info = { ...this.info, id: message.registered.agent_id };
    if (message.run_tasks !== undefined && this.hears) this.#run(message.run_tasks);
    if (message.acknowledge_update !== undefined) this.#settle(message.acknowledge_update);
    if (message.shutdown_framework !== undefined) this.#end(message.shutdown_framework.framework_id.value);
    if (message.shutdown !== undefined) this.isShutDown = true;
    this.asked.push(...(message.reconcile_tasks?.tasks ?? []));
    if (message.apply_operation !== undefined && this.hears) this.applying.push(message.apply_operation);
    if (message.acknowledge_operation !== undefined)
      this.operations.delete(operationKey(message.acknowledge_operation.operation_uuid));
    this.askedOperations.push(...(message.reconcile_operations?.operations ?? []));
  }

  /** Dynamic reservations and volumes. */
  #checkpointed(): mesos.Resource[] {
    return (this.total ?? Resources.empty)
      .filter(({ kind }) => kind.isPersistentVolume || kind.reservations.some(({ type }) => type === 'DYNAMIC'))
      .toWire();
  }

  /** Carries out what arrived, in order; `failing`: says that it failed instead. */
  carryOut(failing = false): void {
    for (const { framework_id, uuid, info } of this.applying.splice(0)) {
      const before = this.total ?? Resources.of(this.info.resources ?? []);
      const after = failing ? reject('invalid', 'the disk is full') : applyOperation(before, info);
      this.total = isRejection(after) ? before : after;
      const latest_status: mesos.OperationStatus = {
        operation_id: info.id,
        state: isRejection(after) ? 'OPERATION_FAILED' : 'OPERATION_FINISHED',
        message: isRejection(after) ? after.message : undefined,
        uuid: { value: new Uint8Array(16).fill(++this.#uuids) },
      };
      this.operations.set(operationKey(uuid), { framework_id, info, latest_status, uuid: { value: uuid } });
      this.repeat(uuid);
    }
  }

  /** Says again how the operation ended. */
  repeat(uuid: Uint8Array): void {
    const { framework_id, latest_status } = present(this.operations.get(operationKey(uuid)), 'the agent has it');
    const total_resources = (this.total ?? Resources.empty).toWire();
    this.frame({ operation_update: { framework_id, uuid, status: latest_status, total_resources } });
  }

  /** Operations that it was asked about and does not have never arrived. */
  answerOperations(): void {
    for (const { framework_id, uuid, operation_id } of this.askedOperations.splice(0)) {
      const isHere = this.applying.some((arrived) => operationKey(arrived.uuid) === operationKey(uuid));
      if (isHere || this.operations.has(operationKey(uuid))) continue;
      const status: mesos.OperationStatus = {
        operation_id,
        state: 'OPERATION_DROPPED',
        uuid: { value: new Uint8Array(16).fill(++this.#uuids) },
      };
      this.frame({ operation_update: { framework_id, uuid, status } });
    }
  }

  /** The acknowledged end of a task is the end of the agent's memory of it. */
  #settle({ task_id, uuid }: link.AcknowledgeUpdate): void {
    const task = this.tasks.get(task_id.value);
    const isSame = task?.status_update_uuid?.every((byte, i) => byte === uuid[i]) ?? false;
    if (task !== undefined && isSame && isTerminal(task.state)) this.tasks.delete(task_id.value);
  }

  #end(frameworkId: string): void {
    for (const [key, task] of this.tasks) if (task.framework_id.value === frameworkId) this.tasks.delete(key);
    for (const [key, executor] of this.executors)
      if (executor.framework_id?.value === frameworkId) this.executors.delete(key);
    this.frameworks.delete(frameworkId);
  }

  /** Answers what the master asked for: tasks it does not have were dropped. */
  answerReconciliation(): void {
    for (const { framework_id, task_id } of this.asked.splice(0)) {
      if (this.tasks.has(task_id.value)) continue;
      const status = { task_id, state: 'TASK_DROPPED' as const, uuid: new Uint8Array(16).fill(++this.#uuids) };
      this.frame({ status_update: { framework_id, status, latest_state: 'TASK_DROPPED' } });
    }
  }

  #run({ framework_info, tasks, executor }: link.RunTasks): void {
    const framework_id = present(framework_info.id, 'a framework has an id');
    this.frameworks.set(framework_id.value, framework_info);
    if (executor !== undefined) this.executors.set(executor.executor_id.value, executor);
    for (const task of tasks ?? [])
      this.tasks.set(task.task_id.value, {
        name: task.name,
        task_id: task.task_id,
        framework_id,
        executor_id: executor?.executor_id,
        agent_id: task.agent_id,
        state: 'TASK_STAGING',
        resources: task.resources,
      });
  }

  /** Sends an update that asks to be acknowledged; returns its uuid. */
  update(taskId: string, state: mesos.TaskState, more: Partial<mesos.TaskStatus> = {}): Uint8Array {
    const task = present(this.tasks.get(taskId), `the agent runs ${taskId}`);
    const uuid = new Uint8Array(16).fill(++this.#uuids);
    const status: mesos.TaskStatus = { task_id: task.task_id, state, source: 'SOURCE_EXECUTOR', uuid, ...more };
    task.state = state;
    task.status_update_state = state;
    task.status_update_uuid = uuid;
    task.statuses = [status];
    this.frame({ status_update: { framework_id: task.framework_id, status, latest_state: state } });
    return uuid;
  }

  pong(): void {
    this.frame({ pong: {} });
  }

  /** Bodies of one kind, in order. */
  received<K extends AgentMessageKind>(kind: K): NonNullable<AgentMessage[K]>[] {
    return this.messages.flatMap((message) => {
      const body = message[kind];
      return body === undefined ? [] : [body];
    });
  }
}

function pendingOperation({ framework_id, uuid, info }: link.ApplyOperation): mesos.Operation {
  const latest_status: mesos.OperationStatus = { operation_id: info.id, state: 'OPERATION_PENDING' };
  return { framework_id, info, latest_status, uuid: { value: uuid } };
}
