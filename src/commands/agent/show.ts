import { BaseCommand } from '../../cli/base-command.js';
import { agentArgs, queryFlags, showFlags } from '../../cli/client-flags.js';

/** Everything about one agent. */
export default class AgentShow extends BaseCommand {
  static override summary = 'Show an agent: its state, resources four ways, what each role has of it.';
  static override examples = [
    'mesoctl agent show node-17',
    'mesoctl agent show S17                               the last part of its id',
    "mesoctl agent show node-17 --json | jq '.free'",
  ];
  static override helpExtras = {
    next: 'mesoctl task list --filter host=HOST · mesoctl agent list',
    exits: '3 no such agent, or several · 5 no master',
  };
  static override baseFlags = queryFlags;
  static override args = agentArgs;
  static override flags = showFlags;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AgentShow);
    const { showAgent } = await import('../../cli/show/show-agent.js');
    await showAgent(args.agent, flags);
  }
}
