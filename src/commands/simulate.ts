import { BaseCommand, globalFlags } from '../cli/base-command.js';
import { Args, Flags } from '../cli/oclif.js';

/** What a cluster would do. */
export default class Simulate extends BaseCommand {
  static override summary =
    "Simulate who would get what: the real allocator, an invented cluster's work, virtual time.";
  static override description = [
    'Takes a scenario (a file, or agents and frameworks as flags say) and prints how full the cluster is, who has how much',
    'against ideal fair sharing, and how long tasks wait. A seed gives the same result every time. docs/simulate.md tells',
    'what a scenario may say.',
  ].join('\n');
  static override examples = [
    'mesoctl simulate --agents 200 --frameworks 8 --load 90',
    'mesoctl simulate cluster.yaml --seed 7 --duration 2h',
    'mesoctl simulate cluster.yaml --set policies.role_sorter=random     what if',
    'mesoctl simulate cluster.yaml --master m1:5050     with the agents, weights and quota of that cluster',
    'mesoctl simulate cluster.yaml --json | jq .waiting_seconds.p99',
  ];
  static override helpExtras = {
    next: 'mesoctl role list · mesoctl top',
    exits: '2 the scenario is wrong · 3 no such file · 5 no master · 6 the cluster has no agent',
  };
  static override args = {
    file: Args.string({ description: 'the scenario, YAML or JSON; -: stdin; default: made of the flags' }),
  };
  static override flags = {
    seed: Flags.integer({ summary: 'of everything random', helpValue: 'N', min: 0, max: 0xffffffff }),
    duration: Flags.string({ summary: 'virtual time (1h)', helpValue: 'DURATION' }),
    set: Flags.string({
      summary: 'change a field of the scenario, * for all of a list; may be repeated',
      helpValue: 'PATH=VALUE',
      multiple: true,
    }),
    master: Flags.string({ summary: 'take agents, weights and quota from this cluster', helpValue: 'HOST:PORT,...' }),
    timeout: Flags.string({ summary: 'how long to wait for that', helpValue: 'DURATION', default: '30secs' }),
    csv: Flags.string({ summary: 'also write the series to that file', helpValue: 'FILE' }),
    agents: Flags.integer({ summary: 'how many (100)', helpValue: 'N', min: 1, helpGroup: 'WITHOUT A FILE' }),
    'agent-resources': Flags.string({
      summary: 'of each (cpus:8;mem:32768)',
      helpValue: 'RESOURCES',
      helpGroup: 'WITHOUT A FILE',
    }),
    frameworks: Flags.integer({
      summary: 'how many, each with a role of its own (4)',
      helpValue: 'N',
      min: 1,
      helpGroup: 'WITHOUT A FILE',
    }),
    'task-resources': Flags.string({
      summary: 'of each task (cpus:1;mem:2048)',
      helpValue: 'RESOURCES',
      helpGroup: 'WITHOUT A FILE',
    }),
    'task-length': Flags.string({
      summary: 'mean, exponential (10mins)',
      helpValue: 'DURATION',
      helpGroup: 'WITHOUT A FILE',
    }),
    load: Flags.integer({
      summary: 'work that comes, as part of what the cluster can do; default: there is always more',
      helpValue: 'PERCENT',
      min: 1,
      max: 1000,
      helpGroup: 'WITHOUT A FILE',
    }),
    json: Flags.boolean({ summary: 'JSON for programs, errors included', helpGroup: 'GLOBAL' }),
    quiet: Flags.boolean({ char: 'q', summary: 'no talk on stderr, errors only', helpGroup: 'GLOBAL' }),
    ...globalFlags,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Simulate);
    const { startSimulate } = await import('../cli/simulate/start-simulate.js');
    await startSimulate({ ...flags, file: args.file });
  }
}
