import { BaseCommand } from '../../cli/base-command.js';
import { changeFlags, queryFlags } from '../../cli/client-flags.js';
import { Args, Flags } from '../../cli/oclif.js';

const amounts = { helpValue: 'NAME=AMOUNT,...', multiple: true, multipleNonGreedy: true } as const;

/** Guarantees something to a role, or limits it. */
export default class QuotaSet extends BaseCommand {
  static override summary = 'Set what a role is guaranteed and how much it may have, together with the roles below it.';
  static override description = [
    'What is not named stays as it is; NAME=none takes one away. A role guarantees at least what the roles below it',
    'guarantee together, and none may have more than a role above it. Tasks that run are never ended by a quota.',
  ].join('\n');
  static override examples = [
    'mesoctl quota set eng --guarantee cpus=8,mem=16G --limit cpus=16,mem=32G',
    'mesoctl quota set eng/web --limit cpus=4 --dry-run   would the master take it',
    'mesoctl quota set eng --limit mem=none               mem without a limit',
  ];
  static override helpExtras = {
    next: 'mesoctl quota list · mesoctl quota remove ROLE · mesoctl why role ROLE',
    exits: '2 no such amount · 5 no leader · 6 against other quotas, what is used or what there is · 8 outcome unknown',
  };
  static override baseFlags = queryFlags;
  static override args = {
    role: Args.string({ description: 'name of the role, as eng or eng/web', required: true }),
  };
  static override flags = {
    guarantee: Flags.string({ summary: 'what it can always have: cpus=8,mem=16G', ...amounts }),
    limit: Flags.string({ summary: 'the most that it can have', ...amounts }),
    force: Flags.boolean({
      summary: 'also a limit below what is used, or guarantees beyond what the cluster has',
      default: false,
    }),
    'dry-run': changeFlags['dry-run'],
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(QuotaSet);
    const { runSetQuota } = await import('../../cli/quota/run-set-quota.js');
    await runSetQuota(args.role, flags);
  }
}
