import { BaseCommand } from '../../cli/base-command.js';
import { changeFlags, queryFlags } from '../../cli/client-flags.js';
import { Args } from '../../cli/oclif.js';

/** Ends a framework with everything it runs. */
export default class FrameworkTeardown extends BaseCommand {
  static override summary = 'End a framework: its tasks are killed, and it cannot come back.';
  static override examples = [
    'mesoctl framework teardown jobs --dry-run            what it would kill',
    'mesoctl framework teardown jobs',
    'mesoctl framework teardown 0007 --yes',
  ];
  static override helpExtras = {
    next: 'mesoctl framework list · mesoctl task list --filter state=KILLING',
    exits:
      '1 the answer was no · 2 a question and nobody to ask · 3 no such framework, or several · 6 it has ended · 8 outcome unknown',
  };
  static override baseFlags = queryFlags;
  static override args = {
    framework: Args.string({ description: 'name or id, its last part, or a beginning or end of it', required: true }),
  };
  static override flags = changeFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FrameworkTeardown);
    const { withSession } = await import('../../cli/cluster/session.js');
    const { teardownFramework } = await import('../../cli/framework/teardown-framework.js');
    const { yes, json } = flags;
    const options = {
      reference: args.framework,
      yes,
      json,
      noInput: flags['no-input'],
      dryRun: flags['dry-run'],
    };
    process.exitCode = await withSession(flags, (session) => teardownFramework(options, session));
  }
}
