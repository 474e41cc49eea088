/**
 * The executor that a command task is shown under. There is no such process here, but every tool for Mesos looks for
 * tasks below executors, so the agent describes the one that Mesos would have generated. Pure. Source: spec page 14, 14.2.
 */
import type * as mesos from '../../../wire/gen/mesos.js';
import type { TaskView } from '../core/view.js';

const LONGEST_SHOWN_CHARS = 15;
const SHOWN_CHARS = 12;

export function commandExecutor({ frameworkId, info, taskId }: TaskView): mesos.ExecutorInfo {
  const executor: mesos.ExecutorInfo = {
    executor_id: { value: taskId },
    framework_id: { value: frameworkId },
    name: `Command Executor (Task: ${taskId}) (Command: ${describeCommand(info.command)})`,
    source: taskId,
    resources: info.resources,
    type: 'CUSTOM',
  };
  if (info.command !== undefined) executor.command = info.command;
  if (info.container !== undefined) executor.container = info.container;
  if (info.labels !== undefined) executor.labels = info.labels;
  if (info.discovery !== undefined) executor.discovery = info.discovery;
  return executor;
}

function describeCommand(command: mesos.CommandInfo | undefined): string {
  const value = command?.value;
  if (command?.shell === false)
    return value === undefined ? 'NO EXECUTABLE' : `[${[value, ...(command.arguments ?? [])].map(shorten).join(', ')}]`;
  return value === undefined ? 'NO COMMAND' : `sh -c '${shorten(value)}'`;
}

function shorten(text: string): string {
  return text.length > LONGEST_SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}...` : text;
}
