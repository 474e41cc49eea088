/** `mesoctl task launch`: checks what is asked for, runs it as a task, passes on output and exit status. */
import { userInfo } from 'node:os';
import { mastersFrom, timeoutFrom } from './client-flags.js';
import { Interrupts } from './interrupts.js';
import { openOutput } from './task/output.js';
import { describePlace, exitStatusOf } from './task/report-result.js';
import { parseTaskRequest, type TaskRequestInput } from './task/task-request.js';
import { TaskRun, type TaskRunResult } from './task/task-run.js';

export interface LaunchOptions {
  readonly master?: string | undefined;
  readonly timeout: string;
  readonly detach: boolean;
  readonly json: boolean;
  readonly debug: boolean;
}

/** Kill and wait, leave. A third signal ends the process. */
const INTERRUPT_STAGES = 2;

/** Returns the exit status. */
export async function launchTask(input: TaskRequestInput, options: LaunchOptions): Promise<number> {
  const masters = mastersFrom(options.master, process.env);
  const request = parseTaskRequest(input, { userName: userInfo().username, env: process.env });
  const fitTimeoutMs = timeoutFrom(options.timeout);
  const interrupts = new Interrupts(INTERRUPT_STAGES);
  try {
    const { write, say } = openOutput(interrupts);
    const interrupt = interrupts.stage(0);
    const leave = interrupts.stage(1);
    interrupt.addEventListener('abort', () => say(`ending ${request.name}; once more leaves at once`), { once: true });
    leave.addEventListener('abort', () => say('leaving; the master ends the task'), { once: true });
    const debug = (line: string) => (options.debug ? say(line) : undefined);
    const { detach } = options;
    const result = await new TaskRun({
      masters,
      request,
      detach,
      fitTimeoutMs,
      write,
      say,
      debug,
      interrupt,
      leave,
    }).run();
    if (result.kind === 'detached') printPlace(result, options.json);
    return exitStatusOf(result, interrupts.first?.signal);
  } finally {
    interrupts.close();
  }
}

/** stdout gets what a script wants: the id of the task, or all of it as JSON. */
function printPlace({ place }: Extract<TaskRunResult, { kind: 'detached' }>, json: boolean): void {
  process.stdout.write(`${json ? JSON.stringify(place) : place.taskId}\n`);
  if (!json) process.stderr.write(`${describePlace(place)}\n`);
}
