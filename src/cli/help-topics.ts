/**
 * What `mesoctl help TOPIC` and the manual say beyond single commands, as data: help prints it, tools/gen-man.mjs makes pages
 * of it. Whatever has a better source (flags, commands) is not repeated here. Pure.
 */

/** A piece of a topic: a paragraph, a list of terms with their meaning, or lines to type. */
export type HelpBlock =
  | { readonly text: string }
  | { readonly terms: readonly (readonly [term: string, meaning: string])[] }
  | { readonly commands: readonly string[] };

export interface HelpTopic {
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  readonly blocks: readonly HelpBlock[];
}

export const ROOT_SUMMARY = 'a cluster in one command; speaks the Apache Mesos v1 HTTP APIs';

export const ROOT_EXAMPLES: readonly (readonly [command: string, note: string])[] = [
  ['mesoctl dev -- echo hello', 'a cluster for one task'],
  ['mesoctl master start', 'a master, port 5050'],
  ['mesoctl agent join m1:5050', 'this machine runs tasks'],
  ['mesoctl task launch --mem 64 -- sleep 10', 'run, follow, exit alike'],
  ['mesoctl top', 'the whole cluster, live'],
];

/** Exit statuses by meaning; src/base/error.ts maps error codes to them. */
export const EXIT_STATUSES: readonly (readonly [status: string, meaning: string])[] = [
  ['0', 'done'],
  ['1', 'failed'],
  ['2', 'wrong usage; nothing was done'],
  ['3', 'no such object, or several that the name fits'],
  ['4', 'not allowed'],
  ['5', 'no leader can be reached; trying again is safe'],
  ['6', 'refused in the present state'],
  ['7', '--timeout passed; the work may go on'],
  ['8', 'outcome unknown: the leader was lost after the request was sent'],
  ['125', 'task launch, dev: the task could not be run'],
  ['126, 127', "task launch, dev: the task's own: not executable, not found"],
  ['128+n', 'task launch, dev: the task was ended by signal n'],
  ['130', 'Ctrl-C'],
  ['141', 'nobody reads stdout any more'],
];

export interface EnvironmentVariable {
  readonly name: string;
  readonly meaning: string;
  /** Flags and arguments: it concerns the commands that have one of them. */
  readonly flags: readonly string[];
}

export const ENVIRONMENT: readonly EnvironmentVariable[] = [
  {
    name: 'MESOCTL_MASTER',
    meaning: 'masters, HOST:PORT joined by commas, where --master is not given; default 127.0.0.1:5050',
    flags: ['master'],
  },
  {
    name: 'MESOCTL_COMPLETION_TIMEOUT',
    meaning: 'how long a TAB waits for the names of tasks and agents; default 200ms',
    flags: ['shell'],
  },
  {
    name: 'MESOCTL_ACCESSIBLE',
    meaning: '1: top tells what changes in sentences, as with --plain; INK_SCREEN_READER=true does the same',
    flags: ['plain'],
  },
  { name: 'NO_COLOR', meaning: 'not empty: no colour, unless --color says otherwise', flags: ['color'] },
  { name: 'FORCE_COLOR', meaning: 'not 0: colour, also where stdout is no terminal', flags: ['color'] },
];

const FLAGS_TOPIC: HelpTopic = {
  name: 'flags',
  summary: 'flags of the same meaning everywhere, and how flags may be written',
  blocks: [
    {
      text: 'A flag may stand anywhere after the command; those for all commands also before it. Everything after -- belongs to the task.',
    },
    {
      terms: [
        ['--timeout 30s, --timeout=30s', 'with a blank or with ='],
        ['--agent_ping_timeout 5secs', 'underscores as in Mesos, of master start and agent join'],
        ['--insecure=true, --insecure=false', 'the same as --insecure and --no-insecure'],
      ],
    },
    {
      text: 'Durations are written 500ms, 15secs or 15s, 10mins or 10m, 2hrs or 2h, 1days or 1d, 2weeks. Sizes of a task are 512 (MB), 512M, 2G; sizes of daemons 64MB, 2GB.',
    },
  ],
};

const FILTERS_TOPIC: HelpTopic = {
  name: 'filters',
  summary: 'what --filter of lists understands, and / in top',
  blocks: [
    { text: 'Parts are separated by blanks, and all of them must hold. Capitals and small letters are the same.' },
    {
      terms: [
        ['web', 'the word stands anywhere in it: in an id, a name, a host, a message'],
        ['"out of memory"', 'words with the blanks between them'],
        ['state=run', 'the field holds this text; framework=shop finds shop-1 as well'],
        ['host==node-17', 'the field is this text; take this one for what kills'],
        ['state!=running', 'the field does not hold it'],
        ['cpu>2  mem>=512M  share<10%', 'numbers, sizes (MB where no unit stands), percentages: = != < <= > >='],
        ['since<5m  timeout<1h20m', 'times: less than five minutes ago, in less than 80 minutes'],
        ['!web  !role=batch', 'not'],
      ],
    },
    { text: 'Each list has fields of its own; its --help names them. A shell leaves a filter in single quotes alone:' },
    {
      commands: [
        "mesoctl task list --filter 'state=failed since<1h !role=batch'",
        "mesoctl agent list --filter 'cpu>2 host=rack-b'",
      ],
    },
  ],
};

const EXIT_CODES_TOPIC: HelpTopic = {
  name: 'exit-codes',
  summary: 'what the exit status of a command says',
  blocks: [
    { terms: EXIT_STATUSES },
    {
      text: 'An empty list is no failure. An error ends with its code and its status, for example NO_MASTER 5. With --json it is one object on stderr: {"error": {"code", "message", "details", "try", "exit"}}; stdout stays empty.',
    },
  ],
};

const ENVIRONMENT_TOPIC: HelpTopic = {
  name: 'environment',
  summary: 'variables that commands and daemons read',
  blocks: [
    { terms: ENVIRONMENT.map(({ name, meaning }) => [name, meaning] as const) },
    {
      text: 'Daemons read every flag from MESOS_ and its name as well: --work-dir is MESOS_WORK_DIR. A flag wins over its variable, a variable over the configuration file, that over the default. An empty variable counts as absent.',
    },
  ],
};

export const HELP_TOPICS: readonly HelpTopic[] = [FLAGS_TOPIC, FILTERS_TOPIC, EXIT_CODES_TOPIC, ENVIRONMENT_TOPIC];
