/** The launcher process against input that no agent sends: it ends or refuses, it never starts anything, it never hangs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import { encodeLaunchPlan, type LaunchPlan } from '../../../src/runtime/launcher/launch-plan.js';
import { EventDecoder, encodeFrame, type LauncherEvent, REQUEST } from '../../../src/runtime/launcher/protocol.js';
import { getSupervisorPath } from '../../../src/runtime/supervisor-path.js';
import { buildSupervisor, findProcesses, until } from './fixture.js';

class RawLauncher {
  readonly events: LauncherEvent[] = [];
  readonly child: ChildProcess;
  readonly #socket: Socket;

  constructor(args: readonly string[] = []) {
    this.child = spawn(getSupervisorPath(), ['--serve', ...args], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    this.#socket = this.child.stdio[3] as Socket;
    const decoder = new EventDecoder();
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (chunk) => {
      const events = decoder.push(chunk);
      if (!isRejection(events)) this.events.push(...events);
    });
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  end(): Promise<void> {
    this.#socket.end();
    return this.ended();
  }

  async ended(): Promise<void> {
    await until('the launcher ends', () => this.child.exitCode !== null || this.child.signalCode !== null);
  }
}

describe('launcher process', () => {
  const dir = mkdtempSync(join(tmpdir(), 'mesoctl-launcher-'));
  let launcher: RawLauncher;
  beforeAll(buildSupervisor);
  afterEach(() => launcher.end());
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const plan: LaunchPlan = {
    containerId: '00000000-0000-4000-8000-000000000001',
    bootId: 'boot',
    recordDir: join(dir, 'record'),
    sandboxDir: join(dir, 'missing'),
    argv: ['true'],
    environment: {},
    cgroup: undefined,
    cgroupWrites: [],
    cloneFlags: 0x2002_0000,
    mounts: [],
    rlimits: [],
    maxLogSizeBytes: 1000,
    maxLogFiles: 1,
  };

  async function failureOf(bytes: Buffer): Promise<Extract<LauncherEvent, { type: 'failed' }>['failure']> {
    launcher.write(encodeFrame(REQUEST.launch, 7, bytes));
    return until('a failure', () => launcher.events.find((event) => event.type === 'failed')?.failure);
  }

  it('says that it is ready, and leaves with its agent', async () => {
    launcher = new RawLauncher();
    expect(await until('ready', () => launcher.events[0])).toEqual({ type: 'ready', version: 1 });
    await launcher.end();
    expect(launcher.child.exitCode).toBe(0);
  });

  it.each([
    ['an empty plan', Buffer.alloc(0), 'a required field is missing'],
    ['a header cut short', Buffer.of(1, 2), 'a field header is cut short'],
    ['a field cut short', Buffer.of(1, 255, 255, 255, 255, 0), 'a field is cut short'],
    ['an unknown field', Buffer.of(99, 0, 0, 0, 0), 'unknown field'],
    ['a string without its end', Buffer.of(1, 1, 0, 0, 0, 65), 'a string does not end with NUL'],
    [
      'flags beyond namespaces',
      Buffer.of(9, 8, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0),
      'clone flags ask for more than namespaces',
    ],
    [
      'nothing to track it by',
      encodeLaunchPlan({ ...plan, cloneFlags: 0 }),
      'a container needs a cgroup or a pid namespace',
    ],
    [
      'a cgroup write elsewhere',
      encodeLaunchPlan({ ...plan, cgroup: '/x', cgroupWrites: [{ file: '../y', value: '1' }] }),
      'a cgroup write is malformed',
    ],
    ['no arguments', encodeLaunchPlan({ ...plan, argv: [] }), 'a required field is missing'],
  ])('refuses %s', async (_, bytes, detail) => {
    launcher = new RawLauncher();
    expect(await failureOf(bytes)).toMatchObject({ stage: 1, detail: expect.stringContaining(detail) });
    await until('gone', () => launcher.events.find((event) => event.type === 'gone'));
  });

  it('tells what a launch failed at', async () => {
    launcher = new RawLauncher();
    expect(await failureOf(encodeLaunchPlan(plan))).toEqual({ stage: 4, errno: 2, detail: plan.sandboxDir });
  });

  it.each([
    ['a frame that is too long', Buffer.of(255, 255, 255, 255, 1, 0, 0, 0, 0)],
    ['a frame that is too short', Buffer.of(1, 0, 0, 0, 1, 0, 0, 0, 0)],
    ['an unknown request', encodeFrame(42, 1)],
    ['a malformed watch', encodeFrame(REQUEST.watch, 1, Buffer.alloc(3))],
  ])('ends on %s', async (_, bytes) => {
    launcher = new RawLauncher();
    launcher.write(bytes);
    await launcher.ended();
    expect(launcher.child.exitCode).toBe(2);
  });

  it('ignores go and cancel for what it does not have, and tells at once that an unknown supervisor is gone', async () => {
    launcher = new RawLauncher();
    launcher.write(encodeFrame(REQUEST.go, 5));
    launcher.write(encodeFrame(REQUEST.cancel, 6));
    launcher.write(encodeFrame(REQUEST.watch, 8, Buffer.alloc(12)));
    const self = Buffer.alloc(12);
    self.writeUInt32LE(process.pid, 0);
    launcher.write(encodeFrame(REQUEST.watch, 9, self));
    const gone = await until('two gone', () => {
      const tokens = launcher.events.flatMap((event) => (event.type === 'gone' ? [event.token] : []));
      return tokens.length === 2 && tokens;
    });
    expect(gone).toEqual([8, 9]);
  });

  it('reads frames however they are cut', async () => {
    launcher = new RawLauncher();
    const frames = Buffer.concat([1, 2, 3].map((token) => encodeFrame(REQUEST.launch, token, encodeLaunchPlan(plan))));
    for (const byte of frames) launcher.write(Buffer.of(byte));
    await until('three gone', () => launcher.events.filter((event) => event.type === 'gone').length === 3);
  });

  it('starts nothing and never hangs on random plans', async () => {
    launcher = new RawLauncher();
    const good = encodeLaunchPlan(plan);
    const count = 2000;
    for (let token = 1; token <= count; token++) {
      const bytes = token % 2 === 0 ? randomBytes(token % 300) : Buffer.from(good);
      if (token % 2 === 1) bytes[Math.floor(Math.random() * 60)] = Math.floor(Math.random() * 256);
      launcher.write(encodeFrame(REQUEST.launch, token, bytes));
    }
    await until('an answer to each', () => launcher.events.filter((event) => event.type === 'gone').length === count);
    expect(launcher.events.some((event) => event.type === 'starting')).toBe(false);
    expect(findProcesses(plan.containerId)).toEqual([]);
    expect(launcher.child.exitCode).toBeNull();
  });

  it('refuses a directory that it cannot have', async () => {
    launcher = new RawLauncher(['--lock', join(dir, 'missing')]);
    expect(await until('refused', () => launcher.events.find((event) => event.type === 'failed'))).toMatchObject({
      token: 0,
      failure: { stage: 2, errno: 2 },
    });
    await launcher.ended();
  });
});
