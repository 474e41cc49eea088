import { normalizeFlagSpelling } from '../../cli/arguments.js';
import { BaseCommand } from '../../cli/base-command.js';
import { booleanNamesOf, daemonFlagsOf, givenFlags } from '../../cli/daemon-flags.js';
import { MASTER_FLAGS } from '../../daemon/config/master-flags.js';

/** Starts a master and keeps it until a signal comes. */
export default class MasterStart extends BaseCommand {
  static override summary = 'Start a master: it offers the resources of agents to frameworks.';
  static override examples = [
    'mesoctl master start                                 on this machine, port 5050',
    'mesoctl master start --port 0 --ready-file master.json',
    'mesoctl master start --ip 10.0.0.5 --insecure        reachable for others; there is no authentication yet',
  ];
  static override helpExtras = {
    next: 'mesoctl agent join 127.0.0.1:5050 · mesoctl task launch -- echo hello',
    exits: '1 cannot start (port in use, directory locked) · 2 bad flag',
    files: {
      '/var/lib/mesoctl/master': 'work directory of root: what must survive; locked while a master runs',
      '~/.local/state/mesoctl/master': 'work directory of anybody else',
    },
  };
  static override flags = daemonFlagsOf(MASTER_FLAGS);

  async run(): Promise<void> {
    this.argv = normalizeFlagSpelling(this.argv, booleanNamesOf(MASTER_FLAGS));
    const { flags } = await this.parse(MasterStart);
    const { runMaster } = await import('../../cli/run-master.js');
    await runMaster(
      { flags: givenFlags(MASTER_FLAGS, flags), env: process.env, configFile: flags.config },
      flags.debug,
    );
  }
}
