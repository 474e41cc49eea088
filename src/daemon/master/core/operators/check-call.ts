/**
 * CHECK of the extension API: what an operator call would be answered with now, by the same judgement and without doing it. Another change
 * may come first: the call itself is judged again. Source: mesoctl/api.proto, `Call.check`.
 */
import { type Rejection, reject } from '../../../../base/rejection.js';
import type * as master from '../../../../wire/gen/master.js';
import type { Context } from '../machine/context.js';
import type { RequestId } from '../protocol.js';
import { maintenanceObjection } from '../registry/maintenance.js';
import { quotaObjection } from '../registry/quota.js';
import { drainRefusal } from './agent-calls.js';

interface Verdict {
  readonly status: 400 | 409 | 501;
  readonly rejection: Rejection;
}

/** Validated. */
export function checkCall(context: Context, requestId: RequestId, call: master.Call): void {
  const verdict = verdictOn(context, call);
  if (verdict === undefined) context.outbox.respondExtension(requestId, { type: 'CHECK' });
  else context.outbox.refuse(requestId, verdict.status, verdict.rejection);
}

/** undefined: it would be carried out. */
function verdictOn(context: Context, call: master.Call): Verdict | undefined {
  switch (call.type) {
    case 'UPDATE_QUOTA':
      return refusal(call.update_quota && quotaObjection(context, call.update_quota));
    case 'UPDATE_MAINTENANCE_SCHEDULE': {
      const schedule = call.update_maintenance_schedule?.schedule ?? {};
      return refusal(maintenanceObjection(context, { update_schedule: { schedule } }));
    }
    case 'START_MAINTENANCE': {
      const machine_ids = call.start_maintenance?.machines;
      return refusal(maintenanceObjection(context, { start_maintenance: { machine_ids } }));
    }
    case 'STOP_MAINTENANCE': {
      const machine_ids = call.stop_maintenance?.machines;
      return refusal(maintenanceObjection(context, { stop_maintenance: { machine_ids } }));
    }
    case 'DRAIN_AGENT':
      return call.drain_agent && drainRefusal(context, call.drain_agent.agent_id.value);
    default: {
      const message = `calls of type ${call.type ?? 'UNKNOWN'} cannot be checked`;
      return { status: 501, rejection: reject('unimplemented', message) };
    }
  }
}

function refusal(rejection: Rejection | undefined): Verdict | undefined {
  return rejection === undefined ? undefined : { status: 400, rejection };
}
