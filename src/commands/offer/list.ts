import { BaseCommand } from '../../cli/base-command.js';
import { listFlags, queryFlags, watchFlags } from '../../cli/client-flags.js';
import { listColumnsOf } from '../../cli/list/list-columns.js';

/** Who holds which resources. */
export default class OfferList extends BaseCommand {
  static override summary = 'List offers: which framework holds what of which agent, and for how long already.';
  static override examples = [
    'mesoctl offer list --sort -age                       the longest held first',
    'mesoctl offer list --filter framework=jobs',
    'mesoctl offer list -w                                follow changes, as offer watch',
  ];
  static override helpExtras = {
    next: 'mesoctl offer watch · mesoctl framework show FRAMEWORK',
    exits: '0 also for an empty list · 5 no master · 7 no answer within --timeout',
    ...listColumnsOf('offers'),
  };
  static override baseFlags = queryFlags;
  static override flags = { ...listFlags, ...watchFlags };

  async run(): Promise<void> {
    const { flags } = await this.parse(OfferList);
    const { listObjects } = await import('../../cli/list/list-objects.js');
    const { OFFERS } = await import('../../cli/cluster/nouns.js');
    process.exitCode = await listObjects(OFFERS, flags);
  }
}
