/**
 * Operator calls that change something, each to its part of the core. Answered when the registry has the change; changes of an
 * agent's resources when they are on their way to it.
 * Source: spec page 03, section 3.1.
 */
import { reject } from '../../../../base/rejection.js';
import type * as master from '../../../../wire/gen/master.js';
import { removeFramework } from '../frameworks/removal.js';
import type { Context } from '../machine/context.js';
import type { MasterEvent, RequestId } from '../protocol.js';
import { changeMaintenance } from '../registry/maintenance.js';
import { removeQuota, setQuota, updateQuota } from '../registry/quota.js';
import { updateWeights } from '../registry/weights.js';
import { deactivateAgent, drainAgent, markAgentGone, reactivateAgent } from './agent-calls.js';
import { changeResources, resourceCallOf } from './resource-calls.js';

type CallEvent = Extract<MasterEvent, { kind: 'operator-call' }>;
type Handler = () => void;

export function handleOperatorCall(context: Context, { requestId, call, principal }: CallEvent): void {
  const resources = resourceCallOf(call);
  const handle =
    resources === undefined
      ? handlerOf(context, requestId, call)
      : () => changeResources(context, requestId, resources, principal);
  if (handle !== undefined) {
    handle();
    return;
  }
  const rejection = reject('unimplemented', `calls of type ${call.type ?? 'UNKNOWN'} are not taken here`);
  context.outbox.refuse(requestId, 501, rejection);
}

/** Validation has seen to it before that each call has the member named after it; undefined: not taken here. */
function handlerOf(context: Context, requestId: RequestId, call: master.Call): Handler | undefined {
  const given = <T>(message: T | undefined, handle: (message: T) => void): Handler | undefined =>
    message === undefined ? undefined : () => handle(message);
  switch (call.type) {
    case 'TEARDOWN':
      return given(call.teardown, ({ framework_id }) => teardown(context, requestId, framework_id.value));
    case 'MARK_AGENT_GONE':
      return given(call.mark_agent_gone, ({ agent_id }) => markAgentGone(context, requestId, agent_id.value));
    case 'DRAIN_AGENT':
      return given(call.drain_agent, (drain) => drainAgent(context, requestId, drain));
    case 'DEACTIVATE_AGENT':
      return given(call.deactivate_agent, ({ agent_id }) => deactivateAgent(context, requestId, agent_id));
    case 'REACTIVATE_AGENT':
      return given(call.reactivate_agent, ({ agent_id }) => reactivateAgent(context, requestId, agent_id));
    case 'UPDATE_WEIGHTS':
      return given(call.update_weights, ({ weight_infos }) => updateWeights(context, requestId, weight_infos ?? []));
    case 'UPDATE_QUOTA':
      return given(call.update_quota, (update) => updateQuota(context, requestId, update));
    case 'SET_QUOTA':
      return given(call.set_quota, ({ quota_request }) => setQuota(context, requestId, quota_request));
    case 'REMOVE_QUOTA':
      return given(call.remove_quota, ({ role }) => removeQuota(context, requestId, role));
    case 'UPDATE_MAINTENANCE_SCHEDULE':
      return given(call.update_maintenance_schedule, ({ schedule }) =>
        changeMaintenance(context, requestId, { update_schedule: { schedule } }),
      );
    case 'START_MAINTENANCE':
      return given(call.start_maintenance, ({ machines: machine_ids }) =>
        changeMaintenance(context, requestId, { start_maintenance: { machine_ids } }),
      );
    case 'STOP_MAINTENANCE':
      return given(call.stop_maintenance, ({ machines: machine_ids }) =>
        changeMaintenance(context, requestId, { stop_maintenance: { machine_ids } }),
      );
    default:
      return undefined;
  }
}

function teardown(context: Context, requestId: RequestId, frameworkId: string): void {
  const framework = context.state.frameworks.get(frameworkId);
  if (framework === undefined) {
    context.outbox.refuse(requestId, 400, reject('invalid', `framework '${frameworkId}' is not known`));
    return;
  }
  removeFramework(context, framework, 'teardown', (removed) => {
    if (removed) context.outbox.respond(requestId, 200);
    else context.outbox.refuse(requestId, 400, reject('invalid', `framework '${frameworkId}' was removed meanwhile`));
  });
}
