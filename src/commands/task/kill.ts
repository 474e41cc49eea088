import { BaseCommand } from '../../cli/base-command.js';
import { changeFlags, queryFlags } from '../../cli/client-flags.js';
import { listColumnsOf } from '../../cli/list/list-columns.js';
import { Args, Flags } from '../../cli/oclif.js';

/** Ends tasks, whoever launched them. */
export default class TaskKill extends BaseCommand {
  static override summary = 'Kill tasks of any framework, and wait until they have ended.';
  static override description = [
    'Each is asked to end (SIGTERM) and made to after its grace period; its framework hears of it as of any other end.',
    'A single task typed by name is killed at once; several, one by a part of its id, or those that fit --filter, are listed',
    'and asked about. Ids from stdin, one a line, must be whole.',
    'Where nobody can answer, --yes is needed. The framework of a task of "task launch --detach" ends with the task.',
  ].join('\n');
  static override examples = [
    'mesoctl task kill web.7f3a',
    'mesoctl task kill web.7f3a web.90b1 --yes',
    'mesoctl task kill --filter "framework==shop state=STAGING" --dry-run',
    'mesoctl task list -o name --filter host==node-17 | mesoctl task kill - --yes',
  ];
  static override usage = 'TASK... | - | --filter FILTER [flags]';
  static override helpExtras = {
    next: 'mesoctl task list --filter state=KILLING',
    exits:
      '1 the answer was no · 2 a question and nobody to ask · 3 no such task, or several · 7 still running at --timeout · 8 outcome unknown',
    fields: listColumnsOf('tasks').fields,
  };
  static override baseFlags = queryFlags;
  static override strict = false;
  static override args = {
    task: Args.string({ description: 'ids or names, or beginnings or ends of ids; - reads them from stdin' }),
  };
  static override flags = {
    ...changeFlags,
    filter: Flags.string({ summary: 'all live tasks that fit, as in task list', helpValue: 'FILTER' }),
    framework: Flags.string({ summary: 'the framework that they belong to', helpValue: 'FRAMEWORK' }),
    'no-wait': Flags.boolean({ summary: 'return when the tasks have been told' }),
    timeout: Flags.string({
      summary: 'how long to wait for the end (1 minute)',
      helpValue: 'DURATION',
      default: '1mins',
      helpGroup: 'GLOBAL',
    }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(TaskKill);
    const { runKill } = await import('../../cli/task/run-kill.js');
    process.exitCode = await runKill(argv.map(String), flags);
  }
}
