import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { projectRoot, until } from '../harness/process.mjs';
import { endAllPrograms, PtyProgram } from '../harness/pty.js';

afterEach(endAllPrograms);

const program = join(projectRoot, 'test/e2e/terminal-program.ts');
const DONE = /--- after\n([\s\S]*?)\n--- end/;

/** A shell that runs the program between two readings of the terminal's settings. */
async function startUnderShell(): Promise<PtyProgram> {
  const script = [
    'stty -g > /dev/tty; echo --- before; stty -g',
    `${process.execPath} --import tsx ${program}; echo "--- status $?"`,
    'echo --- after; stty -g; echo --- end; read -r last',
  ].join('\n');
  const shell = new PtyProgram({ command: 'bash', args: ['-c', script] });
  await shell.waitForText('ready');
  return shell;
}

/** Text as a shell would show it, without control sequences. */
function plain(raw: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal takes in
  return raw.replace(/\u001b\[[0-9;?<>=]*[A-Za-z]/g, '').replaceAll('\r', '');
}

async function expectRestored(shell: PtyProgram): Promise<string> {
  const text = await until('the shell is back', () => (DONE.test(plain(shell.raw)) ? plain(shell.raw) : undefined), {
    explain: () => JSON.stringify(shell.raw.slice(-2000)),
  });
  await shell.screen();
  const before = /--- before\n(\S+)/.exec(text)?.[1];
  expect(DONE.exec(text)?.[1]?.trim()).toBe(before);
  expect(shell.emulator.isAlternate).toBe(false);
  const { modes } = shell.emulator.terminal;
  expect(modes.bracketedPasteMode).toBe(false);
  expect(modes.mouseTrackingMode).toBe('none');
  expect(modes.wraparoundMode).toBe(true);
  const lastShown = shell.raw.lastIndexOf('\u001b[?25h');
  expect(lastShown).toBeGreaterThan(shell.raw.lastIndexOf('\u001b[?25l'));
  expect(shell.raw).not.toContain('\u001b[3J');
  return text;
}

/** The program itself: the child of the shell. */
function childOf(pid: number): number {
  return Number(
    execFileSync('pgrep', ['-P', String(pid), 'node'], { encoding: 'utf8' })
      .trim()
      .split('\n')[0],
  );
}

describe('withTerminal', () => {
  it.each([
    ['q', 'ended: {"kind":"quit"}', 0],
    ['\u0003', 'ended: {"kind":"signal","number":2}', 130],
    ['t', 'failed: a broken callback', 1],
    ['r', 'failed: a broken promise', 1],
    ['e', '', 7],
    ['mq', 'ended: {"kind":"quit"}', 0],
  ])('gives the terminal back after %j', async (keys, said, status) => {
    const shell = await startUnderShell();
    for (const key of keys) {
      shell.type(key);
      if (key === 'm') await shell.waitForText('key "m"');
    }
    const text = await expectRestored(shell);
    expect(text).toContain(said);
    expect(text).toContain(`--- status ${status}`);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGQUIT', 131],
  ] as const)('gives the terminal back on %s', async (signal, status) => {
    const shell = await startUnderShell();
    process.kill(childOf(shell.pid), signal);
    const text = await expectRestored(shell);
    expect(text).toContain(`--- status ${status}`);
  });

  it('takes the whole screen, hides the cursor, asks for pastes in brackets', async () => {
    const shell = await startUnderShell();
    expect(shell.emulator.isAlternate).toBe(true);
    expect(shell.emulator.terminal.modes.bracketedPasteMode).toBe(true);
    expect(shell.emulator.terminal.modes.mouseTrackingMode).toBe('none');
    expect(shell.raw).toContain('\u001b[?25l');
    shell.type('q');
    await expectRestored(shell);
  });

  it('lends the terminal to the shell on Ctrl-Z and takes it again', async () => {
    const shell = new PtyProgram({ command: 'bash', args: ['--norc', '--noprofile', '-i'], env: { PS1: 'prompt> ' } });
    await shell.waitForText('prompt>');
    shell.type(`stty -g; ${process.execPath} --import tsx ${program}; echo status $?\r`);
    await shell.waitForText('ready');
    shell.type('\u001a');
    await shell.waitForText('Stopped');
    expect(shell.emulator.isAlternate).toBe(false);
    shell.type('clear; echo still here; stty -a | grep -o " icanon"\r');
    await shell.waitForText(' icanon');
    shell.type('fg\r');
    await shell.waitForText('resumed');
    expect(shell.emulator.isAlternate).toBe(true);
    shell.type('x');
    await shell.waitForText('key "x"');
    shell.type('q');
    await shell.waitForText('ended: {"kind":"quit"}');
    expect(shell.emulator.isAlternate).toBe(false);
  });

  it('comes back by itself where nobody could continue it', async () => {
    const alone = new PtyProgram({ command: process.execPath, args: ['--import', 'tsx', program] });
    await alone.waitForText('ready');
    alone.type('\u001a');
    await alone.waitForText('resumed');
    alone.type('q');
    expect((await alone.exited).code).toBe(0);
  });

  it('repaints after a stop that it could not see coming', async () => {
    const shell = await startUnderShell();
    const pid = childOf(shell.pid);
    process.kill(pid, 'SIGSTOP');
    process.kill(pid, 'SIGCONT');
    await shell.waitForText('resumed');
    shell.type('q');
    await expectRestored(shell);
  });

  it('ends in order when the terminal is gone', async () => {
    const alone = new PtyProgram({ command: process.execPath, args: ['--import', 'tsx', program] });
    await alone.waitForText('ready');
    alone.hangUp();
    // A second SIGHUP may meet it on its way out; an abort (signal 6) would be Node failing to set the terminal back.
    expect([null, '1']).toContain((await alone.exited).signal);
  });

  it('hears signals while the terminal does not read', async () => {
    const flooded = join(mkdtempSync(join(tmpdir(), 'mesoctl-terminal-')), 'flooded');
    const alone = new PtyProgram({
      command: process.execPath,
      args: ['--import', 'tsx', program],
      env: { FLOODED: flooded },
    });
    try {
      await alone.waitForText('ready');
      alone.stopReading();
      alone.type('f');
      await until('a megabyte waits', () => existsSync(flooded) || undefined);
      alone.signal('SIGTERM');
      await until('the program is gone', () => !alone.isRunning || undefined);
      expect((await alone.exited).code).toBe(143);
    } finally {
      rmSync(dirname(flooded), { recursive: true });
    }
  });

  it('says its new size at once', async () => {
    const alone = new PtyProgram({ command: process.execPath, args: ['--import', 'tsx', program] });
    await alone.waitForText('80x24');
    alone.resize(101, 33);
    await alone.waitForText('101x33');
    alone.type('q');
    expect((await alone.exited).code).toBe(0);
  });
});
