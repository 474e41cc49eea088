import { BaseCommand } from '../../cli/base-command.js';
import { listFlags, queryFlags, showFlags } from '../../cli/client-flags.js';
import { QUOTA_COLUMNS } from '../../cli/quota/quota-columns.js';

/** What roles are guaranteed and how much they may have. */
export default class QuotaList extends BaseCommand {
  static override summary = 'List quotas: what each role uses and is offered of its guarantees and limits.';
  static override description = [
    'A quota is of a role and everything below it. USED is in use or reserved, OFFERED is held by frameworks as offers;',
    'both count towards the guarantee (MET).',
  ].join('\n');
  static override examples = [
    'mesoctl quota list',
    "mesoctl quota list --json | jq '.[] | select(.met.cpus < 1) | .role'",
  ];
  static override helpExtras = {
    next: 'mesoctl quota set ROLE · mesoctl why role ROLE · mesoctl role list',
    exits: '0 also for an empty list · 5 no master · 7 no answer within --timeout',
    columns: QUOTA_COLUMNS.map(({ key }) => key),
  };
  static override baseFlags = queryFlags;
  static override flags = { ...showFlags, columns: listFlags.columns, 'no-header': listFlags['no-header'] };

  async run(): Promise<void> {
    const { flags } = await this.parse(QuotaList);
    const { listQuotas } = await import('../../cli/quota/list-quotas.js');
    await listQuotas(flags);
  }
}
