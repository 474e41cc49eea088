import { BaseCommand } from '../../cli/base-command.js';
import { changeFlags, queryFlags } from '../../cli/client-flags.js';
import { Args } from '../../cli/oclif.js';

/** Takes quotas away. */
export default class QuotaRemove extends BaseCommand {
  static override summary =
    'Remove the quotas of roles: nothing is guaranteed to them any more, and nothing limits them.';
  static override description = 'Several are removed together or not at all, after a question.';
  static override examples = [
    'mesoctl quota remove eng/web',
    'mesoctl quota remove eng eng/web --yes',
    'mesoctl quota list -o name | xargs mesoctl quota remove --yes',
  ];
  static override usage = 'ROLE... [flags]';
  static override helpExtras = {
    next: 'mesoctl quota list',
    exits:
      '1 the answer was no · 2 a question and nobody to ask · 3 the role has no quota · 5 no leader · 6 roles below it have guarantees · 8 outcome unknown',
  };
  static override baseFlags = queryFlags;
  static override strict = false;
  static override args = { role: Args.string({ description: 'names of the roles', required: true }) };
  static override flags = changeFlags;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(QuotaRemove);
    const { withSession } = await import('../../cli/cluster/session.js');
    const { removeQuotas } = await import('../../cli/quota/change-quota.js');
    const { yes, json } = flags;
    const options = { roles: argv.map(String), yes, json, noInput: flags['no-input'], dryRun: flags['dry-run'] };
    process.exitCode = await withSession(flags, (session) => removeQuotas(options, session));
  }
}
