import { BaseCommand } from '../../../cli/base-command.js';
import { patientFlags } from '../../../cli/client-flags.js';
import { Args, Flags } from '../../../cli/oclif.js';

/** A backup of what the masters keep. */
export default class MasterSnapshotSave extends BaseCommand {
  static override summary = 'Save the registry to a file of this machine, while the masters work.';
  static override examples = [
    'mesoctl master snapshot save registry.snapshot',
    'mesoctl master snapshot save /backup/registry-$(date +%F).snapshot',
  ];
  static override helpExtras = {
    next: 'mesoctl master snapshot restore FILE',
    exits: '5 no leader, or it takes one already · 6 the file is there already · 7 no answer within --timeout',
  };
  static override baseFlags = patientFlags;
  static override args = {
    file: Args.string({ description: 'what to write', required: true }),
  };
  static override flags = {
    force: Flags.boolean({ summary: 'replace a file that is there' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MasterSnapshotSave);
    const { withSession } = await import('../../../cli/cluster/session.js');
    const { saveSnapshot } = await import('../../../cli/master/save-snapshot.js');
    const { force, json } = flags;
    process.exitCode = await withSession(flags, (session) => saveSnapshot(args.file, { force, json }, session));
  }
}
