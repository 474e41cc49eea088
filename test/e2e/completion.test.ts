/** Completion in real, fresh shells on a pseudo terminal: what a TAB puts on the screen, and that no name is ever run. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SHELLS, type Shell } from '../../src/cli/completion/answer.js';
import { encodeProtobuf } from '../../src/wire/codec.js';
import * as extension from '../../src/wire/gen/mesoctl-api.js';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { mesoctlPath } from '../harness/process.mjs';
import { endAllPrograms, PtyProgram } from '../harness/pty.js';
import { FakeMaster } from '../unit/client/fake-master.js';
import { mesoctl } from './cli-process.js';

const isMissing = (shell: Shell) => spawnSync(shell, ['--version'], { stdio: 'ignore' }).error !== undefined;
const FRESH: Readonly<Record<Shell, readonly string[]>> = {
  bash: ['--norc', '--noprofile', '-i'],
  zsh: ['-f', '-i'],
  fish: ['--no-config', '-i'],
};
/** A prompt that is the same everywhere, and the script taken in as the help says. */
const SOURCE: Readonly<Record<Shell, string>> = {
  bash: "PS1='ready> '; source <(mesoctl completion bash)",
  zsh: "PS1='ready> '; source <(mesoctl completion zsh)",
  fish: "function fish_prompt; printf 'ready> '; end; mesoctl completion fish | source",
};
/** Names that would do something if a shell read them as a command. `%` is where the file would be made. */
const HOSTILE = [
  'alpha $(touch %)',
  'bravo `touch %`',
  'charlie; touch %;',
  "delta ' ; touch % ; '",
  'echo " ; touch % ; "',
  'foxtrot && touch % || (touch %)',
  'golf > % <(touch %) {a,b} * ~ # !! \\ $HOME',
];

/** Nothing timed decides: this machine may be slow. */
const PATIENT = { MESOCTL_COMPLETION_TIMEOUT: '20secs' };

let scratch: string;
let master: FakeMaster;
let taskIds: readonly string[] = [];

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'mesoctl-shells-'));
  mkdirSync(join(scratch, 'bin'));
  // Answers completion as the command does; of everything else it notes the words it was given.
  const script = [
    '#!/bin/sh',
    `case "$1" in __complete|completion) exec "${process.execPath}" "${mesoctlPath}" "$@" ;; esac`,
    `printf '<%s>' "$@" > "${scratch}/words"`,
  ];
  writeFileSync(join(scratch, 'bin/mesoctl'), `${script.join('\n')}\n`, { mode: 0o755 });
  master = await FakeMaster.start((_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/x-protobuf' });
    const matches = taskIds.map((value) => ({
      task: { framework_id: { value: 'f' }, task_id: { value }, state: 'TASK_RUNNING' as const },
    }));
    response.end(encodeProtobuf(extension.Response, { type: 'FIND', find: { total: matches.length, matches } }));
  });
});
afterEach(endAllPrograms);
afterAll(async () => {
  await master.close();
  rmSync(scratch, { recursive: true, force: true });
});

async function open(shell: Shell, masters: string): Promise<PtyProgram> {
  const home = mkdtempSync(join(scratch, 'home-'));
  writeFileSync(join(home, 'settings.json'), '{}');
  const program = new PtyProgram({
    command: shell,
    args: FRESH[shell],
    columns: 300,
    cwd: home,
    env: {
      PATH: `${join(scratch, 'bin')}:${process.env.PATH}`,
      HOME: home,
      MESOCTL_MASTER: masters,
      ...PATIENT,
      PS1: 'fresh> ',
    },
  });
  await program.waitFor('a prompt', (screen) => screen.trim() !== '');
  program.type(`${SOURCE[shell]}\r`);
  await program.waitFor('the prompt', (screen) => screen.trimEnd().endsWith('\nready>'));
  return program;
}

/** Resolves once the line with the cursor is this one, its end included. */
function lineIs(program: PtyProgram, line: string): Promise<string> {
  return program.waitFor(`the line "${line}"`, () => cursorLine(program) === line);
}

function cursorLine({ emulator: { terminal } }: PtyProgram): string {
  const { active } = terminal.buffer;
  const row = active.getLine(active.baseY + active.cursorY)?.translateToString(false, 0, active.cursorX);
  return (row ?? '').replace(/^.*?ready> /, '');
}

describe.each(SHELLS)('%s', (shell) => {
  it.skipIf(isMissing(shell))(`completes nouns, verbs, flags and values (needs ${shell})`, async () => {
    const program = await open(shell, '127.0.0.1:1');
    program.type('mesoctl ta\t');
    await lineIs(program, 'mesoctl task ');
    program.type('la\t');
    await lineIs(program, 'mesoctl task launch ');
    program.type('--co\t');
    await lineIs(program, 'mesoctl task launch --color ');
    program.type('al\t');
    await lineIs(program, 'mesoctl task launch --color always ');
    program.type('--color=ne\t');
    await lineIs(program, 'mesoctl task launch --color always --color=never ');
  });

  it.skipIf(isMissing(shell))(`lists what there is, with what it does (needs ${shell})`, async () => {
    const program = await open(shell, '127.0.0.1:1');
    program.type('mesoctl \t\t');
    const screen = await program.waitForText('what runs on agents');
    expect(screen).toMatch(/doctor\b.*say what this machine offers for each isolator/);
  });

  it.skipIf(isMissing(shell))(`completes files where a flag takes one (needs ${shell})`, async () => {
    const program = await open(shell, '127.0.0.1:1');
    program.type('mesoctl master start --config sett\t');
    await lineIs(program, 'mesoctl master start --config settings.json ');
    program.type('--config=sett\t');
    await lineIs(program, 'mesoctl master start --config settings.json --config=settings.json ');
  });

  it.skipIf(isMissing(shell))(`completes tasks of the cluster (needs ${shell})`, async () => {
    taskIds = ['web.7f3a', 'web.90b1', 'db:main=1'];
    const program = await open(shell, master.address);
    program.type('mesoctl task kill web.9\t');
    await lineIs(program, 'mesoctl task kill web.90b1 ');
    program.type('\x15mesoctl task kill db\t');
    await lineIs(program, 'mesoctl task kill db:main=1 ');
    // An empty line in between: what is awaited stands there already, and what was typed must be read before the shell ends.
    program.type('\x15');
    await lineIs(program, '');
    program.type('mesoctl task kill db:m\t');
    await lineIs(program, 'mesoctl task kill db:main=1 ');
  });

  it.skipIf(isMissing(shell))(
    `puts a hostile name in as one word and never runs it (needs ${shell})`,
    async () => {
      const trap = join(scratch, `trap-${shell}`);
      taskIds = HOSTILE.map((pattern) => pattern.replaceAll('%', trap));
      const program = await open(shell, master.address);
      for (const id of taskIds)
        for (const quote of ['', '"', "'"]) {
          // bash is not offered what would not survive these quotes.
          if (quote !== '' && (id.includes(quote) || (quote === '"' && id.includes('!')))) continue;
          const typed = `mesoctl task kill ${quote}${id.slice(0, 4)}`;
          program.type(`\x15${typed}\t`);
          await program.waitFor(`more than ${typed}`, () => cursorLine(program).length > typed.length + 4);
          rmSync(join(scratch, 'words'), { force: true });
          program.type('\r');
          const words = () => (existsSync(join(scratch, 'words')) ? readFileSync(join(scratch, 'words'), 'utf8') : '');
          await program.waitFor('the words of the command', () => words() === `<task><kill><${id}>`);
          expect(existsSync(trap)).toBe(false);
          await lineIs(program, '');
        }
    },
    180_000,
  );

  it.skipIf(isMissing(shell))(`is quiet when no master answers (needs ${shell})`, async () => {
    const program = await open(shell, '127.0.0.1:1');
    program.type('mesoctl task kill w\teb');
    await lineIs(program, 'mesoctl task kill web');
    expect(program.raw).not.toMatch(/Error|no master|at .*\.js/);
  });
});

describe('mesoctl __complete', () => {
  const ask = (env: Readonly<Record<string, string>>, ...args: readonly string[]) =>
    spawnSync(process.execPath, [mesoctlPath, '__complete', ...args], {
      encoding: 'utf8',
      env: { ...process.env, XDG_CACHE_HOME: join(scratch, 'cache'), ...env },
    });

  it('gives up on a master that takes the question and does not answer', async () => {
    const silent = await FakeMaster.start(() => undefined);
    const { status, stdout, stderr } = ask({ MESOCTL_MASTER: silent.address }, 'zsh', 'task', 'kill', 'x');
    await silent.close();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe('words\n');
  });

  it.each([[[]], [['tcsh']], [['bash']], [['bash', '9']], [['zsh']], [['fish', '-', '--=', '']]])(
    'has nothing to say about %j, quietly',
    (args) => {
      const { status, stderr } = ask({}, ...args);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    },
  );
});

describe('against a real cluster', () => {
  let cluster: Cluster;
  let taskId: string;

  beforeAll(async () => {
    cluster = await startCluster({ agents: 1, agent: { resources: 'cpus:1;mem:256;disk:256' } });
    const launched = await mesoctl(['task', 'launch', '--detach', '--name', 'web', '--', 'sleep', '1000'], {
      MESOCTL_MASTER: cluster.master.address,
    });
    taskId = launched.stdout.trim();
  });
  afterAll(() => cluster.stop());

  /** Values and descriptions that a TAB gets; a cache of its own, so that each asks. */
  async function tab(...words: readonly string[]): Promise<readonly (readonly string[])[]> {
    const { stdout, stderr } = await mesoctl(['__complete', 'zsh', ...words], {
      ...PATIENT,
      MESOCTL_MASTER: cluster.master.address,
      XDG_CACHE_HOME: mkdtempSync(join(scratch, 'cache-')),
    });
    expect(stderr).toBe('');
    const [directive, ...lines] = stdout.split('\n').filter((line) => line !== '');
    expect(directive).toBe('words');
    return lines.map((line) => line.split('\t'));
  }

  it('knows its tasks, agents, frameworks and roles', async () => {
    expect(taskId).toMatch(/^web\./);
    expect(await tab('task', 'kill', 'w')).toEqual([[taskId, expect.stringMatching(/^(RUNNING|STARTING) {2}web/)]]);
    expect(await tab('task', 'show', 'x')).toEqual([]);
    expect(await tab('agent', 'show', '')).toEqual([['S0', expect.stringContaining('ACTIVE')]]);
    expect((await tab('framework', 'show', ''))[0]?.[0]).toBe('0000');
    expect(await tab('task', 'launch', '--role=')).toEqual([['--role=*', '']]);
  });
});
