/** Every command of the client where no master is: one clear line, exit 5, within two seconds. */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../harness/process.mjs';
import { schemaErrors } from '../harness/schemas.js';
import { mesoctl } from './cli-process.js';

const COMMANDS = [
  ['task', 'list'],
  ['task', 'list', '--watch'],
  ['task', 'show', 'x'],
  ['task', 'logs', 'x'],
  ['task', 'logs', '-f', 'x'],
  ['task', 'kill', 'x'],
  ['task', 'kill', '--filter', 'x', '--yes'],
  ['agent', 'list'],
  ['agent', 'show', 'x'],
  ['framework', 'list'],
  ['framework', 'show', 'x'],
  ['framework', 'teardown', 'x', '--yes'],
  ['offer', 'list'],
  ['offer', 'watch'],
  ['role', 'list'],
  ['maintenance', 'show'],
  ['maintenance', 'schedule', 'x', '--start', 'now'],
  ['maintenance', 'start', 'x', '--yes'],
  ['maintenance', 'stop', 'x'],
  ['agent', 'drain', 'x', '--yes'],
  ['quota', 'list'],
  ['quota', 'set', 'eng', '--limit', 'cpus=1'],
  ['quota', 'remove', 'eng'],
  ['events'],
  ['master', 'show'],
  ['master', 'list'],
  ['master', 'add', 'm4=127.0.0.1:5060'],
  ['master', 'remove', 'm3', '--confirm', 'm3'],
  ['master', 'transfer', 'm2'],
  ['master', 'snapshot', 'save', '/tmp/never-written.snapshot'],
] as const;

const LIMIT_MS = 2_000;
/** What `mesoctl --version`, which asks nobody, takes on a machine with nothing else to do. */
const USUAL_START_MS = 250;
const ATTEMPTS = 3;

/** The two seconds, and what this machine needs longer for everything while it is busy. */
async function allowedMs(): Promise<number> {
  const { elapsedMs } = await mesoctl(['--version']);
  return LIMIT_MS + 3 * Math.max(0, elapsedMs - USUAL_START_MS);
}

/** Listens, accepts nobody, and its queue is full: what connects to it hears nothing at all. */
const HOLE = `
  const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('node:fs').writeSync(1, String(server.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;

let hole: ChildProcess;
let holeAddress = '';
const fillers: Socket[] = [];

beforeAll(async () => {
  hole = spawn(process.execPath, ['-e', HOLE], { stdio: ['ignore', 'pipe', 'inherit'] });
  let port = '';
  hole.stdout?.on('data', (chunk: Buffer) => {
    port += chunk.toString();
  });
  await until('a port that swallows connections', () => port !== '');
  holeAddress = `127.0.0.1:${port}`;
  await until('its queue is full', async () => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    fillers.push(socket);
    const isTaken = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      setTimeout(() => resolve(false), 500);
    });
    return !isTaken;
  });
});
afterAll(() => {
  for (const socket of fillers) socket.destroy();
  hole.kill('SIGKILL');
});

describe.each([
  ['refuses', () => '127.0.0.1:1', 'refused'],
  ['swallows', () => holeAddress, 'no answer within 1200 ms'],
])('at an address that %s', (_, address, reason) => {
  it.each(COMMANDS.map((words) => [words.join(' ')]))('%s', async (line) => {
    let isQuick = false;
    for (let i = 0; i < ATTEMPTS && !isQuick; i++) {
      const { status, stdout, stderr, elapsedMs } = await mesoctl([...line.split(' '), '--master', address()]);
      expect({ status, stdout }).toEqual({ status: 5, stdout: '' });
      const [first, ...rest] = stderr.trimEnd().split('\n');
      expect(first).toContain(`Error: no master answers. Tried ${address()} (${reason}`);
      expect(rest).toEqual([expect.stringMatching(/^Try: mesoctl .*NO_MASTER 5$/)]);
      isQuick = elapsedMs < LIMIT_MS || elapsedMs < (await allowedMs());
    }
    expect(isQuick).toBe(true);
  });
});

it('as JSON it is one object on stderr', async () => {
  const { status, stdout, stderr } = await mesoctl(['--json', '--master', '127.0.0.1:1', 'task', 'list']);
  expect({ status, stdout }).toEqual({ status: 5, stdout: '' });
  expect(schemaErrors('error', JSON.parse(stderr))).toEqual([]);
  expect(JSON.parse(stderr).error).toMatchObject({ code: 'NO_MASTER', exit: 5 });
});
