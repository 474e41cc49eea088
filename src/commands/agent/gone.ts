import { BaseCommand } from '../../cli/base-command.js';
import { agentArgs, finalFlags, queryFlags } from '../../cli/client-flags.js';

/** Gives an agent up for good. */
export default class AgentGone extends BaseCommand {
  static override summary = 'Mark an agent gone: its tasks are over, and it never comes back.';
  static override examples = [
    'mesoctl agent gone node-17 --dry-run                 what would be over',
    'mesoctl agent gone node-17',
    'mesoctl agent gone S17 --confirm node-17             for scripts',
  ];
  static override helpExtras = {
    next: 'mesoctl agent list · mesoctl agent drain AGENT --mark-gone',
    exits:
      '1 another name was typed · 2 a question and nobody to ask · 3 no such agent, or several · 5 no leader · 8 outcome unknown',
  };
  static override baseFlags = queryFlags;
  static override args = agentArgs;
  static override flags = finalFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AgentGone);
    const { withSession } = await import('../../cli/cluster/session.js');
    const { changeAgent } = await import('../../cli/agent/change-agent.js');
    const { confirm, yes = false, json } = flags;
    const common = { noInput: flags['no-input'], dryRun: flags['dry-run'] };
    const options = { reference: args.agent, confirm, yes, json, ...common };
    process.exitCode = await withSession(flags, (session) => changeAgent({ kind: 'gone' }, options, session));
  }
}
