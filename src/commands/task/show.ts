import { BaseCommand } from '../../cli/base-command.js';
import { queryFlags, showFlags } from '../../cli/client-flags.js';
import { Args, Flags } from '../../cli/oclif.js';

/** Everything about one task. */
export default class TaskShow extends BaseCommand {
  static override summary = 'Show a task: its state and why, what it was given, every status it had.';
  static override examples = [
    'mesoctl task show web.7f3a',
    'mesoctl task show 7f3a                               any beginning or end that only one has',
    "mesoctl task show web.7f3a --json | jq '.statuses[-1]'",
  ];
  static override helpExtras = {
    next: 'mesoctl task logs TASK · mesoctl task kill TASK · mesoctl agent show AGENT',
    exits: '3 no such task, or several · 5 no master',
  };
  static override baseFlags = queryFlags;
  static override args = {
    task: Args.string({ description: 'id or name, or a beginning or end of the id', required: true }),
  };
  static override flags = {
    ...showFlags,
    framework: Flags.string({ summary: 'the framework that it belongs to', helpValue: 'FRAMEWORK' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TaskShow);
    const { showTask } = await import('../../cli/show/show-task.js');
    await showTask(args.task, flags);
  }
}
