import { BaseCommand } from '../../cli/base-command.js';
import { agentArgs, membershipFlags, queryFlags } from '../../cli/client-flags.js';

/** Brings an agent back into the offers. */
export default class AgentReactivate extends BaseCommand {
  static override summary = 'Reactivate an agent that was deactivated or drained: it is offered again.';
  static override examples = [
    'mesoctl agent reactivate node-17',
    'mesoctl agent reactivate S17                         the last part of its id',
  ];
  static override helpExtras = {
    next: 'mesoctl agent show AGENT · mesoctl offer list',
    exits: '3 no such agent, or several · 5 no leader · 6 it still drains, or is active · 8 outcome unknown',
  };
  static override baseFlags = queryFlags;
  static override args = agentArgs;
  static override flags = membershipFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AgentReactivate);
    const { withSession } = await import('../../cli/cluster/session.js');
    const { changeAgent } = await import('../../cli/agent/change-agent.js');
    const asked = { confirm: undefined, yes: true, noInput: true, dryRun: flags['dry-run'] };
    const options = { reference: args.agent, json: flags.json, ...asked };
    process.exitCode = await withSession(flags, (session) => changeAgent({ kind: 'reactivate' }, options, session));
  }
}
