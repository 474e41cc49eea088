/** A framework with tasks on this agent, and the bounded memory of frameworks that had some. */
import type * as mesos from '../../../../wire/gen/mesos.js';
import { MAX_COMPLETED_FRAMEWORKS, MAX_COMPLETED_TASKS_PER_FRAMEWORK } from '../limits.js';
import type { FrameworkView, TaskView } from '../view.js';
import type { TaskRun } from './task-run.js';

export interface FrameworkRecord extends FrameworkView {
  readonly id: string;
  info: mesos.FrameworkInfo;
  terminating: boolean;
  readonly tasks: Map<string, TaskRun>;
  readonly completedTasks: TaskView[];
}

export function createFramework(id: string, info: mesos.FrameworkInfo): FrameworkRecord {
  return { id, info, terminating: false, tasks: new Map(), completedTasks: [] };
}

export function hasCapability(info: mesos.FrameworkInfo, type: mesos.FrameworkInfo_Capability_Type): boolean {
  return info.capabilities?.some((capability) => capability.type === type) === true;
}

export function rememberCompleted(framework: FrameworkRecord, run: TaskView): void {
  framework.completedTasks.push(run);
  if (framework.completedTasks.length > MAX_COMPLETED_TASKS_PER_FRAMEWORK) framework.completedTasks.shift();
}

/** Moves to the memory; the oldest is forgotten. */
export function retireFramework(completed: Map<string, FrameworkRecord>, framework: FrameworkRecord): void {
  completed.delete(framework.id);
  completed.set(framework.id, framework);
  for (const id of completed.keys()) {
    if (completed.size <= MAX_COMPLETED_FRAMEWORKS) break;
    completed.delete(id);
  }
}
