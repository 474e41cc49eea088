/**
 * Everything that one framework has on one agent, shared by both records. `used` is the sum of the resources of its
 * executors and of those tasks that hold resources. A holding with neither tasks nor executors does not exist.
 */
import { Resources } from '../../../../offers/resources/resources.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { ExecutorView } from '../view.js';
import type { TaskRecord } from './task.js';

export class ExecutorRecord implements ExecutorView {
  readonly id: string;

  constructor(
    readonly frameworkId: string,
    readonly agentId: string,
    readonly info: mesos.ExecutorInfo,
    /** Tagged with allocation_info. */
    readonly resources: Resources,
  ) {
    this.id = info.executor_id.value;
  }
}

export class Holding {
  readonly tasks = new Map<string, TaskRecord>();
  readonly executors = new Map<string, ExecutorRecord>();
  used: Resources = Resources.empty;

  constructor(
    readonly frameworkId: string,
    readonly agentId: string,
  ) {}

  get isEmpty(): boolean {
    return this.tasks.size === 0 && this.executors.size === 0;
  }
}
