/**
 * The maintenance schedule and the modes of its machines: judged one change after the other, made durable, then applied to the
 * agents, one per unit of sliced work. Source: spec pages 03 (3.1) and 07 (7.8).
 */
import { type Rejection, reject } from '../../../../base/rejection.js';
import type * as registry from '../../../../wire/gen/mesoctl-registry.js';
import { settleMachine } from '../agents/machine-mode.js';
import type { Context } from '../machine/context.js';
import { type MaintenancePlan, withSchedule, withStarted, withStopped } from '../model/maintenance-plan.js';
import type { RequestId } from '../protocol.js';

export type MaintenanceOperation = Pick<
  registry.Operation,
  'update_schedule' | 'start_maintenance' | 'stop_maintenance'
>;

const TURN = 'maintenance';

export function changeMaintenance(context: Context, requestId: RequestId, operation: MaintenanceOperation): void {
  const { outbox, turns } = context;
  if (turns.isFull(TURN)) {
    outbox.refuseUnavailable(requestId, 'too many changes of the maintenance schedule are waiting: try again later');
    return;
  }
  turns.take(TURN, (done) => {
    const plan = planAfter(context, operation);
    if (typeof plan === 'string') {
      outbox.refuse(requestId, 400, reject('invalid', plan));
      done();
      return;
    }
    context.registry.propose(operation, (result) => {
      if (result.ok) {
        apply(context, plan);
        outbox.respond(requestId, 200);
      } else outbox.refuse(requestId, 409, reject('conflict', `the registry refused: ${result.message}`));
      done();
    });
  });
}

/** What the change would be refused with now. */
export function maintenanceObjection(context: Context, operation: MaintenanceOperation): Rejection | undefined {
  const plan = planAfter(context, operation);
  return typeof plan === 'string' ? reject('invalid', plan) : undefined;
}

/** What the registry will hold, or why it will not. */
function planAfter({ state }: Context, operation: MaintenanceOperation): MaintenancePlan | string {
  const plan = { machines: state.machines, schedule: state.maintenanceSchedule };
  const { update_schedule: update, start_maintenance: start, stop_maintenance: stop } = operation;
  if (update !== undefined) return withSchedule(plan, update.schedule);
  if (start !== undefined) return withStarted(plan, start.machine_ids ?? []);
  return withStopped(plan, stop?.machine_ids ?? []);
}

function apply(context: Context, { machines, schedule }: MaintenancePlan): void {
  const { state } = context;
  for (const key of [...state.machines.keys()]) if (!machines.has(key)) state.machines.delete(key);
  for (const [key, info] of machines) state.machines.set(key, info);
  state.maintenanceSchedule = schedule;
  const down = [...machines.values()].filter(({ mode }) => mode === 'DOWN').length;
  context.outbox.log('info', 'maintenance changed', { draining: machines.size - down, down });
  context.jobs.add(settleAgents(context));
}

function* settleAgents(context: Context): Generator<void, void> {
  const { agents } = context.state;
  for (const agent of [...agents.values()]) {
    if (agents.get(agent.id) === agent) settleMachine(context, agent);
    yield;
  }
}
