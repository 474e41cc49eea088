import { normalizeFlagSpelling } from '../../cli/arguments.js';
import { BaseCommand } from '../../cli/base-command.js';
import { booleanNamesOf, daemonFlagsOf, givenFlags } from '../../cli/daemon-flags.js';
import { Args } from '../../cli/oclif.js';
import { AGENT_FLAGS } from '../../daemon/config/agent-flags.js';

/** Starts an agent and keeps it until a signal comes. */
export default class AgentJoin extends BaseCommand {
  static override summary = 'Start an agent on this machine and join it to a cluster: it runs tasks in containers.';
  static override examples = [
    'mesoctl agent join 127.0.0.1:5050',
    'mesoctl agent join m1:5050,m2:5050,m3:5050 --attributes rack:b2',
    'mesoctl agent join m1:5050 --resources "cpus:2;mem:4096" --isolation posix/cpu,posix/mem,namespaces/pid,namespaces/mnt',
  ];
  static override helpExtras = {
    next: 'mesoctl doctor · mesoctl task launch -- echo hello',
    exits:
      '1 cannot start (isolation missing, port in use) · 2 bad flag. SIGTERM leaves tasks running, SIGUSR1 ends them and leaves the cluster',
    files: {
      '/var/lib/mesoctl/agent': 'work directory of root: sandboxes and what must survive; locked while an agent runs',
      '~/.local/state/mesoctl/agent': 'work directory of anybody else',
      '/run/mesoctl, /dev/shm/mesoctl':
        'of root, where it is a tmpfs: records of living containers; do not remove it while tasks run',
    },
  };
  static override args = {
    masters: Args.string({ description: 'HOST:PORT[,HOST:PORT...] of the masters (also: --master, MESOS_MASTER)' }),
  };
  static override flags = daemonFlagsOf(AGENT_FLAGS);

  async run(): Promise<void> {
    this.argv = normalizeFlagSpelling(this.argv, booleanNamesOf(AGENT_FLAGS));
    const { args, flags } = await this.parse(AgentJoin);
    const given = givenFlags(AGENT_FLAGS, flags);
    const { runAgent } = await import('../../cli/run-agent.js');
    await runAgent(
      { flags: { ...given, master: args.masters ?? given.master }, env: process.env, configFile: flags.config },
      flags.debug,
    );
  }
}
