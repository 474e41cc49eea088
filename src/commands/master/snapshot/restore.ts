import { BaseCommand, globalFlags } from '../../../cli/base-command.js';
import { finalFlags } from '../../../cli/client-flags.js';
import { Args, Flags } from '../../../cli/oclif.js';

/** A new cluster from a backup, after the loss of most masters. */
export default class MasterSnapshotRestore extends BaseCommand {
  static override summary = 'Make the work directory of a new cluster from a snapshot, after the loss of a majority.';
  static override examples = [
    'mesoctl master snapshot restore registry.snapshot --work-dir /var/lib/mesoctl/master --dry-run',
    'mesoctl master snapshot restore registry.snapshot --work-dir /var/lib/mesoctl/master --name m1 --raft-address 10.0.0.1:5060',
  ];
  static override helpExtras = {
    next: 'mesoctl master start · mesoctl master add NAME=HOST:PORT',
    exits:
      '1 another name was typed, or the file is damaged · 2 a question and nobody to ask · 6 there is a registry already',
  };
  static override args = {
    file: Args.string({ description: 'what "mesoctl master snapshot save" wrote', required: true }),
  };
  static override flags = {
    'work-dir': Flags.string({
      summary: 'work directory to make; no registry may be in it',
      helpValue: 'DIR',
      required: true,
    }),
    name: Flags.string({ summary: 'name of the only master (default: that of this machine)', helpValue: 'NAME' }),
    'raft-address': Flags.string({
      summary: 'where masters that join will reach it',
      helpValue: 'HOST:PORT',
      default: '127.0.0.1:5060',
    }),
    ...finalFlags,
    quiet: Flags.boolean({ char: 'q', summary: 'no talk on stderr, errors only', helpGroup: 'GLOBAL' }),
    json: Flags.boolean({ summary: 'JSON for programs, errors included', helpGroup: 'GLOBAL' }),
  };
  static override baseFlags = globalFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MasterSnapshotRestore);
    const { openConsole } = await import('../../../cli/console.js');
    const { restoreRegistry } = await import('../../../cli/master/restore-snapshot.js');
    const options = {
      file: args.file,
      workDir: flags['work-dir'],
      name: flags.name,
      raftAddress: flags['raft-address'],
      confirm: flags.confirm,
      noInput: flags['no-input'],
      dryRun: flags['dry-run'],
      json: flags.json,
    };
    process.exitCode = await restoreRegistry(options, openConsole({ quiet: flags.quiet }));
  }
}
