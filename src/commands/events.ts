import { BaseCommand } from '../cli/base-command.js';
import { queryFlags } from '../cli/client-flags.js';
import { Flags } from '../cli/oclif.js';

/** What happens, as it happens. */
export default class Events extends BaseCommand {
  static override summary = 'Follow what happens in the cluster: agents, frameworks, tasks, offers, roles.';
  static override description = [
    'From now on; nothing is replayed. Offers and other details are told when their kind is named. With -o json one',
    'event of the extension API a line, as docs/extension-api.md has them: each tells a thing whole, as it is now.',
  ].join('\n');
  static override examples = [
    'mesoctl events',
    'mesoctl events --kind task --filter failed',
    'mesoctl events --kind agent,framework -o wide        with the date',
    'mesoctl events --json | jq -c \'select(.type == "TASKS_UPDATED")\'',
  ];
  static override helpExtras = {
    next: 'mesoctl task show TASK · mesoctl top',
    exits: '5 no master · 130 Ctrl-C',
  };
  static override baseFlags = queryFlags;
  static override flags = {
    kind: Flags.option({
      options: ['agent', 'framework', 'task', 'offer', 'role', 'master'] as const,
      multiple: true,
      delimiter: ',',
      summary: 'only of these',
      helpValue: 'KIND,...',
    })(),
    filter: Flags.string({ summary: 'only with these words; !word: without', helpValue: 'TEXT' }),
    limit: Flags.integer({ char: 'l', summary: 'end after that many; 0: never', helpValue: 'N', min: 0, default: 0 }),
    output: Flags.option({
      char: 'o',
      options: ['table', 'wide', 'json'] as const,
      summary: 'form of the lines (default table); --json is -o json',
    })(),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Events);
    const { outputFormOf } = await import('../cli/output-form.js');
    const { withSession } = await import('../cli/cluster/session.js');
    const { printEvents } = await import('../cli/events/print-events.js');
    const form = outputFormOf(flags) as 'table' | 'wide' | 'json';
    const options = { form, kinds: flags.kind ?? [], filter: flags.filter ?? '', limit: flags.limit };
    process.exitCode = await withSession(flags, (session) => printEvents(options, session));
  }
}
