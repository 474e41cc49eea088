import { splitAtDoubleDash } from '../cli/arguments.js';
import { BaseCommand } from '../cli/base-command.js';
import { Flags } from '../cli/oclif.js';
import { taskFlags, taskInputOf } from '../cli/task/task-flags.js';

/** Runs a cluster on this machine that leaves nothing behind. */
export default class Dev extends BaseCommand {
  static override summary = 'Run a whole cluster on this machine: for one command, or until Ctrl-C.';
  static override description = [
    'Master and agents live in a temporary directory and use the strongest isolation that the machine allows; stderr',
    'says which, and what is missing. Works without root, with less. When it ends, nothing stays behind.',
  ].join('\n');
  static override examples = [
    "mesoctl dev -- sh -c 'echo hello from $(hostname)'    run it as a task, exit as it does",
    'mesoctl dev --agents 3                                stay up until Ctrl-C, master on port 5050',
    'mesoctl dev --mem 64 -- tail /dev/zero                with a memory limit, where cgroup v2 has one',
  ];
  static override usage = '[flags] [-- COMMAND [ARG...]]';
  static override helpExtras = {
    next: 'mesoctl task launch -- echo hello · mesoctl doctor',
    exits: "the task's own · 128+n ended by signal n · 125 could not be run",
    files: { '/tmp/mesoctl-dev-*': 'its directory; stays behind only when it is killed with SIGKILL' },
  };
  static override flags = {
    agents: Flags.integer({
      summary: 'how many agents share the machine (1)',
      helpValue: 'N',
      default: 1,
      min: 1,
      max: 100,
    }),
    port: Flags.integer({
      summary: 'of the master (5050; with a command any free one)',
      helpValue: 'PORT',
      min: 0,
      max: 65535,
    }),
    ...taskFlags,
  };

  async run(): Promise<void> {
    const { before, after } = splitAtDoubleDash(this.argv);
    const { flags } = await this.parse(Dev, [...before]);
    const { agents, port, debug } = flags;
    const { runDev } = await import('../cli/run-dev.js');
    const input = after === undefined ? undefined : { ...taskInputOf(flags, after), role: '*' };
    process.exitCode = await runDev(input, { agents, port, debug, fitTimeoutMs: 30_000 });
  }
}
