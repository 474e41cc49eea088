import { BaseCommand } from '../cli/base-command.js';
import { queryFlags, showFlags } from '../cli/client-flags.js';
import { Args, Flags } from '../cli/oclif.js';

/** Why something is as it is, and what to do first. */
export default class Why extends BaseCommand {
  static override summary = 'Say why something gets no offers or has ended, and what to do first.';
  static override description = [
    'Without a kind, say why a task of that size would not start: each agent counts under the first thing in its way.',
    'The codes are those of docs/extension-api.md.',
  ].join('\n');
  static override examples = [
    'mesoctl why --cpus 4 --mem 8G --role eng         would such a task start, and if not, why',
    'mesoctl why task web.7f3a                        where it is, or how it ended',
    'mesoctl why framework shop --agents              why it gets no offers, agent by agent',
    "mesoctl why agent node-17 --json | jq '.reasons[0].code'",
  ];
  static override usage = 'task|framework|role|agent ID | --cpus N --mem MB ... [flags]';
  static override helpExtras = {
    next: 'mesoctl agent list · mesoctl role list · mesoctl framework show FRAMEWORK',
    exits: '0 answered, whatever the answer is · 3 no such thing, or several · 5 no master',
  };
  static override baseFlags = queryFlags;
  static override args = {
    kind: Args.string({ description: 'what is asked about', options: ['task', 'framework', 'role', 'agent'] }),
    id: Args.string({ description: 'id or name, or a beginning or end of the id' }),
  };
  static override flags = {
    cpus: Flags.string({ summary: 'cores that the task wants', helpValue: 'N' }),
    mem: Flags.string({ summary: 'memory: 512, 512M, 2G', helpValue: 'MB' }),
    disk: Flags.string({ summary: 'disk', helpValue: 'MB' }),
    gpus: Flags.string({ summary: 'whole GPUs', helpValue: 'N' }),
    ports: Flags.string({ summary: 'how many ports, whichever', helpValue: 'N' }),
    role: Flags.string({ summary: 'the role that it asks in (*)', helpValue: 'ROLE' }),
    framework: Flags.string({ summary: 'the framework that asks, or that the task is of', helpValue: 'FRAMEWORK' }),
    on: Flags.string({ summary: 'on this agent only', helpValue: 'AGENT' }),
    where: Flags.string({
      summary: 'constraint on an attribute: rack=b2, rack!=b2, rack~b.*, rack; hostname, region and zone as well',
      helpValue: 'CONSTRAINT',
      multiple: true,
      multipleNonGreedy: true,
    }),
    agents: Flags.boolean({ summary: 'tell agent by agent (of an agent: framework by framework)', default: false }),
    ...showFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Why);
    const { runWhy } = await import('../cli/why/run-why.js');
    await runWhy(args, flags);
  }
}
