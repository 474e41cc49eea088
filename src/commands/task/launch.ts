import { splitAtDoubleDash } from '../../cli/arguments.js';
import { BaseCommand } from '../../cli/base-command.js';
import { clientFlags } from '../../cli/client-flags.js';
import { Flags } from '../../cli/oclif.js';
import { taskFlags, taskInputOf } from '../../cli/task/task-flags.js';

/** Runs one task on the cluster, in the foreground unless told otherwise. */
export default class TaskLaunch extends BaseCommand {
  static override summary = 'Run a command as a task of the cluster, show its output, exit as it does.';
  static override description = [
    'Several words after -- are a program and its arguments, as they are. A single word with blanks is a command line',
    'for sh. Ctrl-C kills the task and waits for it; a second Ctrl-C leaves at once.',
  ].join('\n');
  static override examples = [
    'mesoctl task launch -- echo hello',
    "mesoctl task launch --cpus 2 --mem 1G --name train -- 'python3 train.py | tee log'",
    'mesoctl task launch --env MODE=fast --role web --detach -- python3 -m http.server',
  ];
  static override usage = '[flags] -- COMMAND [ARG...]';
  static override helpExtras = {
    exits:
      "the task's own · 128+n ended by signal n · 125 could not be run · 5 no master · 7 no agent fits within --timeout",
  };
  static override baseFlags = clientFlags;
  static override flags = {
    ...taskFlags,
    role: Flags.string({ summary: 'role whose resources it uses (*)', helpValue: 'ROLE', default: '*' }),
    detach: Flags.boolean({ summary: 'leave once it runs; prints its id' }),
    timeout: Flags.string({
      summary: 'how long to wait for an agent that fits',
      helpValue: 'DURATION',
      default: '5mins',
    }),
  };

  async run(): Promise<void> {
    const { before, after } = splitAtDoubleDash(this.argv);
    const { flags } = await this.parse(TaskLaunch, [...before]);
    const { launchTask } = await import('../../cli/launch-task.js');
    process.exitCode = await launchTask({ ...taskInputOf(flags, after ?? []), role: flags.role }, flags);
  }
}
