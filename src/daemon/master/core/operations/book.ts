/**
 * The life of an operation in the books: sent to its agent, settled by the agent's word, delivered to its framework if that gave
 * it an id, and forgotten when the end is acknowledged. What nobody waits for the master acknowledges itself.
 * Source: spec page 01, "Operation feedback"; page 07, 7.5; mesoctl/link.proto.
 */
import { randomUuidBytes } from '../../../../base/random.js';
import { Resources } from '../../../../offers/resources/resources.js';
import { toPreRefinement, validateResources } from '../../../../offers/resources/validation.js';
import type * as link from '../../../../wire/gen/mesoctl-link.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { sendToAgent } from '../agents/send.js';
import { notify } from '../frameworks/notify.js';
import { MAX_OPERATIONS_PER_RECONCILE, ORPHAN_OPERATION_MS } from '../limits.js';
import type { Context } from '../machine/context.js';
import type { AgentRecord } from '../model/agent.js';
import type { FrameworkRecord } from '../model/framework.js';
import { isTerminalOperation, OperationRecord, operationKey } from '../model/operation.js';
import { anticipated, settleTotal } from './totals.js';

/** Enters an operation whose effect is counted already, and sends it. `framework` undefined: an operator's. */
export function startOperation(
  context: Context,
  agent: AgentRecord,
  framework: FrameworkRecord | undefined,
  info: mesos.Offer_Operation,
): void {
  const uuid = randomUuidBytes(context.random);
  const framework_id = framework === undefined ? undefined : { value: framework.id };
  const agent_id = { value: agent.id };
  const latest_status: mesos.OperationStatus = { operation_id: info.id, state: 'OPERATION_PENDING', agent_id };
  enter(
    context,
    agent,
    new OperationRecord(agent.id, { framework_id, agent_id, info, latest_status, uuid: { value: uuid } }),
  );
  context.outbox.log('info', 'operation sent', { agentId: agent.id, frameworkId: framework?.id, operation: info.type });
  sendToAgent(context, agent, { apply_operation: { framework_id, uuid, info } });
}

function enter(context: Context, agent: AgentRecord, record: OperationRecord): void {
  agent.operations.set(record.key, record);
  if (record.id !== undefined) frameworkOf(context, record)?.operations.set(record.id.value, record);
}

function forget(context: Context, record: OperationRecord): void {
  const agent = context.state.agents.get(record.agentId);
  agent?.operations.delete(record.key);
  if (agent?.deactivation?.drain?.state === 'DRAINING') context.state.maybeDrained.add(agent.id);
  const framework = frameworkOf(context, record);
  if (record.id !== undefined && framework?.operations.get(record.id.value) === record)
    framework.operations.delete(record.id.value);
}

function frameworkOf({ state }: Context, { frameworkId }: OperationRecord): FrameworkRecord | undefined {
  return frameworkId === undefined ? undefined : state.frameworks.get(frameworkId);
}

// What the agent says.

export function handleOperationUpdate(context: Context, agent: AgentRecord, update: link.OperationUpdate): void {
  context.counters.add('messages_operation_status_update');
  const { uuid, status, total_resources } = update;
  const record = agent.operations.get(operationKey(uuid));
  if (record === undefined) {
    // Its end was acknowledged, and the acknowledgement lost.
    context.counters.add('invalid_operation_status_updates');
    acknowledge(context, agent, uuid, status);
    return;
  }
  if (!isTerminalOperation(status.state)) {
    context.counters.add('invalid_operation_status_updates');
    return;
  }
  context.counters.add('valid_operation_status_updates');
  const isNews = !record.isTerminal;
  record.take({ ...status, operation_id: record.id, agent_id: { value: agent.id } });
  if (isNews) settle(context, agent, record, total_resources ?? []);
  deliver(context, agent, record);
}

function settle(
  context: Context,
  agent: AgentRecord,
  record: OperationRecord,
  reported: readonly mesos.Resource[],
): void {
  record.isAnticipated = false;
  const { state, message } = record.status;
  countEnding(context, record.message.info, state);
  const fields = { agentId: agent.id, frameworkId: record.frameworkId, operation: record.message.info.type, state };
  if (state === 'OPERATION_FINISHED') context.outbox.log('debug', 'operation finished', fields);
  else context.outbox.log('warn', 'operation not carried out', { ...fields, reason: message });
  const invalid = validateResources(reported);
  if (invalid !== undefined) {
    context.outbox.log('warn', 'total of an operation update ignored', { ...fields, reason: invalid.message });
    return;
  }
  // One that says nothing of its total answers a reconciliation, before which it told all of it.
  if (reported.length > 0) settleTotal(context, agent, Resources.of(reported));
}

/** By the names of spec page 10. */
export function countEnding(context: Context, { type }: mesos.Offer_Operation, state: mesos.OperationState): void {
  const name = state.slice('OPERATION_'.length).toLowerCase();
  context.counters.add(`operations/${name}`);
  if (type !== undefined) context.counters.add(`operations/${type.toLowerCase()}/${name}`);
}

/** To the framework that asked to hear of it; one that is away hears it when the agent repeats it. */
function deliver(context: Context, agent: AgentRecord, record: OperationRecord): void {
  const framework = frameworkOf(context, record);
  if (record.id === undefined || isOrphan(context, agent, record)) {
    acknowledge(context, agent, record.uuid, record.status);
    forget(context, record);
    return;
  }
  if (framework === undefined) return;
  framework.operations.set(record.id.value, record);
  notifyOperation(context, framework, record.status);
  if (record.status.uuid === undefined) forget(context, record);
}

/** Its framework is removed, or has not been heard of since long. */
function isOrphan(context: Context, agent: AgentRecord, record: OperationRecord): boolean {
  const framework = frameworkOf(context, record);
  if (framework !== undefined) return framework.removing;
  const isRemoved = record.frameworkId !== undefined && context.state.tombstones.has(record.frameworkId);
  const knownSince = agent.reregisteredAtUnixMs ?? agent.registeredAtUnixMs;
  return isRemoved || context.now.unixMs - knownSince >= ORPHAN_OPERATION_MS;
}

function acknowledge(
  context: Context,
  agent: AgentRecord,
  operation_uuid: Uint8Array,
  { uuid }: mesos.OperationStatus,
): void {
  if (uuid === undefined) return;
  sendToAgent(context, agent, { acknowledge_operation: { operation_uuid, status_uuid: uuid.value } });
}

/** The scheduler has it: the agent may forget it, and so does the master. */
export function acknowledgeOperation(context: Context, agent: AgentRecord, record: OperationRecord): void {
  acknowledge(context, agent, record.uuid, record.status);
  if (record.isTerminal) forget(context, record);
}

/** In the formats that the framework understands. */
export function notifyOperation(context: Context, framework: FrameworkRecord, status: mesos.OperationStatus): void {
  const { converted_resources } = status;
  const shown =
    converted_resources === undefined
      ? status
      : { ...status, converted_resources: resourcesFor(framework, converted_resources) };
  notify(context, framework, { type: 'UPDATE_OPERATION_STATUS', update_operation_status: { status: shown } });
}

function resourcesFor(framework: FrameworkRecord, given: readonly mesos.Resource[]): mesos.Resource[] {
  const visible = framework.has('MULTI_ROLE') ? [...given] : given.map(({ allocation_info, ...rest }) => rest);
  return framework.has('RESERVATION_REFINEMENT') ? visible : toPreRefinement(visible);
}

// An agent returns or leaves, a framework ends.

/** Operations that an agent reports and the books do not have; their effect belongs to the total it reports. */
export function enterReported(context: Context, agent: AgentRecord, reported: readonly mesos.Operation[]): void {
  for (const operation of reported) {
    const known = agent.operations.get(operationKey(operation.uuid.value));
    if (known === undefined) enter(context, agent, new OperationRecord(agent.id, operation));
    else if (isTerminalOperation(operation.latest_status.state)) known.isAnticipated = false;
  }
}

/**
 * The agent is registered here and returned with `reported`. What it does not have never reached it, or is over: it is asked for
 * the former, and only its answer ends them; their effect does not count any more.
 */
export function reconcileOperations(context: Context, agent: AgentRecord, reported: readonly mesos.Operation[]): void {
  const keys = new Set(reported.map(({ uuid }) => operationKey(uuid.value)));
  const missing: link.ReconcileOperations_Operation[] = [];
  for (const record of [...agent.operations.values()]) {
    if (keys.has(record.key)) continue;
    record.isAnticipated = false;
    if (record.isTerminal) forget(context, record);
    else missing.push({ framework_id: record.message.framework_id, uuid: record.uuid, operation_id: record.id });
  }
  enterReported(context, agent, reported);
  for (let from = 0; from < missing.length; from += MAX_OPERATIONS_PER_RECONCILE) {
    const operations = missing.slice(from, from + MAX_OPERATIONS_PER_RECONCILE);
    sendToAgent(context, agent, { reconcile_operations: { operations } });
  }
}

/** `reported` of an agent with the effect of those of its operations that it has not carried out. */
export function totalWithOperations(agent: AgentRecord, reported: Resources): Resources {
  return anticipated(reported, agent.operations.values());
}

/** The agent leaves the books with its operations; those who wait for one hear so once, without having to acknowledge it. */
export function endOperations(
  context: Context,
  agent: AgentRecord,
  state: 'OPERATION_UNREACHABLE' | 'OPERATION_GONE_BY_OPERATOR',
  message: string,
): void {
  for (const record of [...agent.operations.values()]) {
    const framework = frameworkOf(context, record);
    forget(context, record);
    if (record.isTerminal) continue;
    countEnding(context, record.message.info, state);
    if (record.id === undefined || framework === undefined) continue;
    const agent_id = { value: agent.id };
    notifyOperation(context, framework, { operation_id: record.id, state, message, agent_id });
  }
}

/** The framework is gone: nobody acknowledges what ended, so the master does. What is under way ends as an orphan. */
export function abandonOperations(context: Context, framework: FrameworkRecord): void {
  for (const record of [...framework.operations.values()]) {
    if (!record.isTerminal) continue;
    const agent = context.state.agents.get(record.agentId);
    if (agent !== undefined) acknowledge(context, agent, record.uuid, record.status);
    forget(context, record);
  }
  framework.operations.clear();
}
