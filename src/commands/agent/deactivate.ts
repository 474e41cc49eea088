import { BaseCommand } from '../../cli/base-command.js';
import { agentArgs, membershipFlags, queryFlags } from '../../cli/client-flags.js';

/** Takes an agent out of the offers. */
export default class AgentDeactivate extends BaseCommand {
  static override summary = 'Deactivate an agent: nothing of it is offered, its tasks run on.';
  static override examples = [
    'mesoctl agent deactivate node-17',
    'mesoctl agent deactivate S17                         the last part of its id',
  ];
  static override helpExtras = {
    next: 'mesoctl agent reactivate AGENT · mesoctl agent drain AGENT',
    exits: '3 no such agent, or several · 5 no leader · 6 it is being marked gone · 8 outcome unknown',
  };
  static override baseFlags = queryFlags;
  static override args = agentArgs;
  static override flags = membershipFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AgentDeactivate);
    const { withSession } = await import('../../cli/cluster/session.js');
    const { changeAgent } = await import('../../cli/agent/change-agent.js');
    const asked = { confirm: undefined, yes: true, noInput: true, dryRun: flags['dry-run'] };
    const options = { reference: args.agent, json: flags.json, ...asked };
    process.exitCode = await withSession(flags, (session) => changeAgent({ kind: 'deactivate' }, options, session));
  }
}
