/** From how a run ended to exit status and error; the same for `task launch` and `dev`. */
import { formatAddress } from '../../client/address.js';
import { CommandFailure } from '../command-failure.js';
import type { TaskPlace, TaskRunResult } from './task-run.js';

const COULD_NOT_RUN = 125;

/**
 * The exit status of the command. Throws where there is more to say than a number. `signal`: what interrupted the command,
 * whose status then is 128 plus it, whatever the task made of it.
 */
export function exitStatusOf(result: TaskRunResult, signal: number | undefined): number {
  if (signal !== undefined) return 128 + signal;
  if (result.kind === 'detached') return 0;
  if (result.kind === 'left') throw new CommandFailure('LAUNCH_FAILED', 'the task was not launched', COULD_NOT_RUN);
  const { exitStatus, problem } = result.outcome;
  if (problem === undefined) return exitStatus;
  throw new CommandFailure(exitStatus === COULD_NOT_RUN ? 'LAUNCH_FAILED' : 'TASK_FAILED', problem, exitStatus, {
    details: {
      ...result.place,
      agent: result.place.agent === undefined ? undefined : formatAddress(result.place.agent),
    },
  });
}

/** How to find a task that was left running. */
export function describePlace(place: TaskPlace): string {
  const where = place.agent === undefined ? place.hostname : `${place.hostname} (http://${formatAddress(place.agent)})`;
  return [
    `${place.taskId} runs on ${where}`,
    `  framework ${place.frameworkId}, agent ${place.agentId}`,
    `  output: mesoctl task logs -f ${place.taskId}`,
    `  end it: mesoctl task kill ${place.taskId}`,
  ].join('\n');
}
