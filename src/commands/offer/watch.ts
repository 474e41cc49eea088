import { BaseCommand } from '../../cli/base-command.js';
import { listFlags, queryFlags } from '../../cli/client-flags.js';
import { listColumnsOf } from '../../cli/list/list-columns.js';

/** `offer list --watch` under the name that people look for. */
export default class OfferWatch extends BaseCommand {
  static override summary =
    'Follow offers as they are made and end: a table on a terminal, a line each (+ -) in a pipe.';
  static override examples = [
    'mesoctl offer watch',
    'mesoctl offer watch --filter framework=jobs -o json     one object a line',
  ];
  static override helpExtras = {
    next: 'mesoctl offer list · mesoctl events --kind offer',
    exits: '5 no master · 130 Ctrl-C',
    ...listColumnsOf('offers'),
  };
  static override baseFlags = queryFlags;
  static override flags = listFlags;

  async run(): Promise<void> {
    const { flags } = await this.parse(OfferWatch);
    const { listObjects } = await import('../../cli/list/list-objects.js');
    const { OFFERS } = await import('../../cli/cluster/nouns.js');
    process.exitCode = await listObjects(OFFERS, { ...flags, watch: true });
  }
}
