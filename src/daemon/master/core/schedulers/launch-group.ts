/** LAUNCH_GROUP: all tasks of the group, under one executor, or none. Source: spec page 01, "Task group extra rules". */
import { isRejection } from '../../../../base/rejection.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { sendToAgent } from '../agents/send.js';
import { groupComplaint } from '../validation/group.js';
import { type PreparedTask, preparedExecutor } from '../validation/preparation.js';
import type { AcceptScope } from './accept-scope.js';
import { admitExecutor, admitTask, refuseTask } from './launch.js';

export function launchGroup(scope: AcceptScope, operation: mesos.Offer_Operation): void {
  const { context, framework, agent, role } = scope;
  const group = operation.launch_group;
  if (group === undefined) return;
  const given = group.task_group.tasks ?? [];
  const refuseAll = (message: string) => {
    for (const task of given) refuseTask(scope, task, 'REASON_TASK_GROUP_INVALID', message);
  };
  if (operation.id !== undefined) {
    refuseAll('operation ids are not for LAUNCH_GROUP');
    return;
  }
  const executor = preparedExecutor(group.executor, framework.id, role);
  if (isRejection(executor)) {
    refuseAll(executor.message);
    return;
  }
  const tasks: PreparedTask[] = [];
  for (const task of given) {
    const prepared = scope.preparation.prepare({ ...task, executor: task.executor ?? group.executor });
    if (isRejection(prepared)) {
      refuseAll(prepared.message);
      return;
    }
    tasks.push(prepared);
  }
  const complaint = groupComplaint(scope, tasks, executor);
  if (complaint !== undefined) {
    refuseAll(complaint);
    return;
  }
  const launchExecutor = admitExecutor(scope, executor);
  for (const task of tasks) admitTask(scope, task);
  sendToAgent(context, agent, {
    run_tasks: {
      framework_info: framework.info,
      tasks: tasks.map(({ info }) => info),
      executor,
      group: true,
      launch_executor: launchExecutor,
    },
  });
}
