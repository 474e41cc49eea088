/** What may stand at the cursor, from words and a small set of commands. */
import { describe, expect, it } from 'vitest';
import { type CommandMetadata, type CommandTree, complete } from '../../../src/cli/completion/complete.js';

const flag = (name: string, more: Partial<CommandMetadata['flags'][string]> = {}) => ({
  [name]: { name, type: 'option' as const, summary: `what ${name} is`, ...more },
});
const GLOBALS = {
  ...flag('master', { helpValue: 'HOST:PORT,...' }),
  ...flag('output', { char: 'o', options: ['table', 'wide', 'json'] }),
  ...flag('json', { type: 'boolean' }),
};
const TREE: CommandTree = {
  commands: [
    {
      id: 'task:launch',
      summary: 'Run a command as a task of the cluster, show its output.',
      flags: {
        ...GLOBALS,
        ...flag('env', { char: 'e', multiple: true, helpValue: 'NAME=VALUE' }),
        ...flag('role', { helpValue: 'ROLE' }),
      },
      args: {},
    },
    {
      id: 'why',
      summary: 'Say why something gets no offers',
      flags: GLOBALS,
      args: { kind: { name: 'kind', options: ['task', 'role'] }, id: { name: 'id' } },
    },
    {
      id: 'task:kill',
      summary: 'End a task',
      flags: { ...GLOBALS, ...flag('timeout', { helpValue: 'DURATION' }) },
      args: { task: { name: 'task', multiple: true } },
    },
    {
      id: 'task:list',
      hiddenAliases: ['ps', 'task:ls'],
      helpExtras: { columns: ['id', 'name', 'state'], fields: ['id', 'mem', 'since'] },
      summary: 'List tasks',
      flags: {
        ...GLOBALS,
        ...flag('columns', { helpValue: 'COLUMN,...' }),
        ...flag('sort', { helpValue: '[-]FIELD' }),
        ...flag('filter', { helpValue: 'FILTER' }),
        ...flag('agent', { helpValue: 'AGENT' }),
      },
      args: {},
    },
    { id: 'task:secret', hidden: true, flags: {}, args: {} },
    {
      id: 'master:start',
      summary: 'Start a master: it offers.',
      flags: {
        ...flag('logging-level', { helpValue: 'debug|info', aliases: ['log-level'] }),
        ...flag('insecure', { type: 'boolean', allowNo: true }),
        ...flag('config', { helpValue: 'FILE' }),
        ...flag('roles', { helpValue: 'ROLE,...' }),
        ...flag('internal', { hidden: true }),
      },
      args: {},
    },
    { id: 'completion', flags: {}, args: { shell: { name: 'shell', options: ['bash', 'zsh', 'fish'] } } },
  ],
  topics: { task: { description: 'Tasks: what runs on agents.' } },
};

/** `mesoctl ` and this line, the cursor at its end. */
function at(line: string) {
  const words = line.split(' ');
  return complete(TREE, words.slice(0, -1), words.at(-1) ?? '');
}
const values = (line: string) => at(line).candidates.map(({ value }) => value);

describe('complete', () => {
  it('nouns, then single commands, with what they are', () => {
    expect(at('').candidates).toEqual([
      { value: 'completion', description: '' },
      { value: 'master', description: '' },
      { value: 'task', description: 'what runs on agents' },
      { value: 'why', description: 'say why something gets no offers' },
      { value: 'help', description: 'explain a command or a topic' },
    ]);
    expect(at('task l').candidates).toEqual([
      { value: 'launch', description: 'run a command as a task of the cluster' },
      { value: 'list', description: 'list tasks' },
    ]);
  });

  it.each([
    ['ta', ['task']],
    ['x', []],
    ['task ', ['kill', 'launch', 'list']],
    ['task frob ', []],
    ['help ', ['completion', 'master', 'task', 'why', 'flags', 'filters', 'exit-codes', 'environment']],
    ['help task k', ['kill']],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['completion f', ['fish']],
    ['completion fish ', []],
    ['why ', ['task', 'role']],
  ])('words: "%s"', (line, expected) => {
    expect(values(line)).toEqual(expected);
  });

  it.each([
    ['--m', ['--master']],
    ['task launch --', ['--env', '--json', '--master', '--output', '--role', '--help']],
    ['task launch --json --role web --', ['--env', '--master', '--output', '--help']],
    ['task launch --env A=b -e C=d --e', ['--env']],
    ['master start --', ['--config', '--insecure', '--logging-level', '--roles', '--help']],
    ['master start --no', ['--no-insecure']],
    ['ps --co', ['--columns']],
    ['task ls --co', ['--columns']],
  ])('flags: "%s"', (line, expected) => {
    expect(values(line)).toEqual(expected);
  });

  it.each([
    ['task list -o ', ['table', 'wide', 'json']],
    ['task list --output w', ['wide']],
    ['task list --output=w', ['--output=wide']],
    ['-o ', ['table', 'wide', 'json']],
    ['--output wide task l', ['launch', 'list']],
    ['master start --logging-level ', ['debug', 'info']],
    ['master start --logging_level ', ['debug', 'info']],
    ['master start --log-level=i', ['--log-level=info']],
    ['task kill --timeout ', []],
    ['task launch --env ', []],
    ['task list --json=', []],
    ['task list --nonsense=', []],
    ['task list --columns id,st', ['id,state']],
    ['task list --sort ', ['id', 'mem', 'since']],
    ['task list --sort -m', ['-mem']],
    ['task list --sort=-', ['--sort=-id', '--sort=-mem', '--sort=-since']],
    ['task list --filter s', ['since=']],
    ['task list --columns=id,', ['--columns=id,id', '--columns=id,name', '--columns=id,state']],
  ])('values: "%s"', (line, expected) => {
    expect(values(line)).toEqual(expected);
    expect(at(line).files).toBe(false);
  });

  it.each([
    ['task kill w', { kind: 'TASKS', reference: 'w', head: '' }],
    ['task kill web.1 ', { kind: 'TASKS', reference: '', head: '' }],
    ['task list --agent S', { kind: 'AGENTS', reference: 'S', head: '' }],
    ['task list --agent=S', { kind: 'AGENTS', reference: 'S', head: '--agent=' }],
    ['task launch --role ', { kind: 'ROLES', reference: '', head: '' }],
    ['master start --roles a,b', { kind: 'ROLES', reference: 'b', head: 'a,' }],
  ])('what the cluster knows: "%s"', (line, live) => {
    expect(at(line)).toEqual({ candidates: [], files: false, live });
  });

  it('asks the masters of the line', () => {
    expect(at('--master m1:5050 task kill w').master).toBe('m1:5050');
    expect(at('task kill --master=m2 w').master).toBe('m2');
    expect(at('task kill w').master).toBeUndefined();
  });

  it('asks for what the word before says', () => {
    expect(at('why task we').live).toEqual({ kind: 'TASKS', reference: 'we', head: '' });
    expect(at('why role ').live).toEqual({ kind: 'ROLES', reference: '', head: '' });
    expect(at('why role eng ')).toEqual({ candidates: [], files: false });
  });

  it('offers files for files, and for what belongs to the task', () => {
    expect(at('master start --config ').files).toBe(true);
    expect(at('master start --config=x').files).toBe(true);
    expect(at('task launch -- sh ')).toEqual({ candidates: [], files: true });
    expect(at('task launch -- --').files).toBe(true);
  });
});
