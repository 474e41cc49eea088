import { BaseCommand } from '../../cli/base-command.js';
import { listFlags, queryFlags, watchFlags } from '../../cli/client-flags.js';
import { listColumnsOf } from '../../cli/list/list-columns.js';

/** What runs, ran a while ago, or waits. */
export default class TaskList extends BaseCommand {
  static override summary = 'List tasks: problems first, then newest.';
  static override examples = [
    'mesoctl task list                                    problems first, then newest',
    'mesoctl task list --filter state=RUNNING --sort -mem',
    'mesoctl task list -w                                 follow changes',
    'mesoctl task list -o name --filter framework==shop | mesoctl task kill -',
    'mesoctl task list --json | jq \'.[] | select(.state == "TASK_FAILED") | .id\'',
  ];
  static override helpExtras = {
    next: 'mesoctl task show TASK · mesoctl task logs TASK',
    exits: '0 also for an empty list · 5 no master · 7 no answer within --timeout',
    ...listColumnsOf('tasks'),
  };
  static override baseFlags = queryFlags;
  static override flags = { ...listFlags, ...watchFlags };

  async run(): Promise<void> {
    const { flags } = await this.parse(TaskList);
    const { listObjects } = await import('../../cli/list/list-objects.js');
    const { TASKS } = await import('../../cli/cluster/nouns.js');
    process.exitCode = await listObjects(TASKS, flags);
  }
}
