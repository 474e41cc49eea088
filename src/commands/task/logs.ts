import { BaseCommand } from '../../cli/base-command.js';
import { queryFlags } from '../../cli/client-flags.js';
import { Args, Flags } from '../../cli/oclif.js';

/** What a task wrote. */
export default class TaskLogs extends BaseCommand {
  static override summary = "Print a task's stdout or stderr, while it runs and after it, from its agent.";
  static override description = [
    'stdout, unless --stderr is given; with both flags each goes to its own stream. With -f it follows over rotations and',
    'restarts of the agent until the task has ended. A sandbox is kept for a while after the task.',
  ].join('\n');
  static override examples = [
    'mesoctl task logs web.7f3a',
    'mesoctl task logs -f web.7f3a --stderr --tail 50',
    'mesoctl task logs web.7f3a --stdout --stderr > out.txt 2> err.txt',
  ];
  static override helpExtras = {
    next: 'mesoctl task show TASK',
    exits: '3 no such task, or no sandbox any more · 5 no master, or its agent is unreachable · 130 Ctrl-C',
  };
  static override baseFlags = queryFlags;
  static override args = {
    task: Args.string({ description: 'id or name, or a beginning or end of the id', required: true }),
  };
  static override flags = {
    follow: Flags.boolean({ char: 'f', summary: 'go on with what it writes, until it ends' }),
    stdout: Flags.boolean({ summary: 'what it wrote to stdout (default)' }),
    stderr: Flags.boolean({ summary: 'what it wrote to stderr' }),
    tail: Flags.integer({ summary: 'begin with the last N lines', helpValue: 'N', min: 0 }),
    framework: Flags.string({ summary: 'the framework that it belongs to', helpValue: 'FRAMEWORK' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TaskLogs);
    const { stdout, stderr, follow, tail, framework } = flags;
    const { withSession } = await import('../../cli/cluster/session.js');
    const { showLogs } = await import('../../cli/task/task-logs.js');
    const names = stdout && stderr ? (['stdout', 'stderr'] as const) : ([stderr ? 'stderr' : 'stdout'] as const);
    process.exitCode = await withSession(flags, (session) =>
      showLogs({ reference: args.task, framework, names, follow, tail }, session),
    );
  }
}
