import { BaseCommand } from '../../cli/base-command.js';
import { queryFlags, showFlags } from '../../cli/client-flags.js';
import { Args } from '../../cli/oclif.js';

/** Everything about one framework. */
export default class FrameworkShow extends BaseCommand {
  static override summary = 'Show a framework: whether its scheduler is there, what it has, its newest tasks.';
  static override examples = [
    'mesoctl framework show shop',
    'mesoctl framework show 0007                          the last part of its id',
    "mesoctl framework show shop --json | jq '.offers_declined'",
  ];
  static override helpExtras = {
    next: 'mesoctl task list --filter framework==NAME · mesoctl framework teardown FRAMEWORK',
    exits: '3 no such framework, or several · 5 no master',
  };
  static override baseFlags = queryFlags;
  static override args = {
    framework: Args.string({ description: 'name or id, its last part, or a beginning or end of it', required: true }),
  };
  static override flags = showFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(FrameworkShow);
    const { showFramework } = await import('../../cli/show/show-framework.js');
    await showFramework(args.framework, flags);
  }
}
