import { BaseCommand } from '../../cli/base-command.js';
import { agentArgs, changeFlags, durationFrom, finalFlags, queryFlags } from '../../cli/client-flags.js';
import { Flags } from '../../cli/oclif.js';

/** Empties an agent: its tasks are killed, and nothing new comes. */
export default class AgentDrain extends BaseCommand {
  static override summary = 'Drain an agent: it is not offered any more, and its tasks are killed.';
  static override examples = [
    'mesoctl agent drain node-17 --dry-run                what it would kill',
    'mesoctl agent drain node-17 --max-grace 10mins       no task gets longer to end',
    'mesoctl agent drain S17 --mark-gone --confirm node-17',
  ];
  static override helpExtras = {
    next: 'mesoctl agent show AGENT · mesoctl task list --filter host=HOST · mesoctl agent reactivate AGENT',
    exits:
      '1 the answer was no · 2 a question and nobody to ask · 3 no such agent, or several · 6 it cannot drain (maintenance) · 8 outcome unknown',
  };
  static override baseFlags = queryFlags;
  static override args = agentArgs;
  static override flags = {
    'max-grace': Flags.string({
      summary: 'most time that a task gets to end (default: its own)',
      helpValue: 'DURATION',
    }),
    'mark-gone': Flags.boolean({ summary: 'when it is empty, mark it gone: it never comes back', default: false }),
    confirm: finalFlags.confirm,
    ...changeFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AgentDrain);
    const { withSession } = await import('../../cli/cluster/session.js');
    const { changeAgent } = await import('../../cli/agent/change-agent.js');
    const { confirm, yes, json } = flags;
    const grace = flags['max-grace'];
    const maxGraceMs = grace === undefined ? undefined : durationFrom('--max-grace', grace);
    const change = { kind: 'drain', maxGraceMs, markGone: flags['mark-gone'] } as const;
    const common = { noInput: flags['no-input'], dryRun: flags['dry-run'] };
    const options = { reference: args.agent, confirm, yes, json, ...common };
    process.exitCode = await withSession(flags, (session) => changeAgent(change, options, session));
  }
}
