import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.js';
import { clientFlags, mastersFrom, timeoutFrom } from '../../cli/client-flags.js';

/** Ends a detached task. */
export default class TaskKill extends BaseCommand {
  static override summary = 'End a task that "task launch --detach" left running, and wait until it has ended.';
  static override examples = ['mesoctl task kill server.1f0a77c2', 'mesoctl task kill server.1f'];
  static override helpExtras = {
    exits: '3 no such task, or several · 6 not a detached task · 7 still running at --timeout',
  };
  static override baseFlags = clientFlags;
  static override args = {
    task: Args.string({ description: 'id of the task, or an unambiguous beginning of it', required: true }),
  };
  static override flags = {
    timeout: Flags.string({ summary: 'how long to wait for its end', helpValue: 'DURATION', default: '1mins' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TaskKill);
    const { killTask } = await import('../../cli/kill-task.js');
    const masters = mastersFrom(flags.master, process.env);
    const killed = await killTask({ masters, task: args.task, timeoutMs: timeoutFrom(flags.timeout) });
    const line = flags.json ? JSON.stringify(killed) : `${killed.taskId} ended: ${killed.state}`;
    process.stdout.write(`${line}\n`);
  }
}
