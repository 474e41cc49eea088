/** Three members of the bench as processes. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_LIMITS, DEFAULT_TIMING } from '../../../src/raft/core/options.js';
import type { RaftSettings } from '../../../src/raft/node/settings.js';
import { freePorts } from '../../harness/cluster.mjs';
import { projectRoot, until } from '../../harness/process.mjs';
import type { Load, LoadResult } from './bench-member.js';

type FromMember =
  | { readonly kind: 'leadership'; readonly isLeading: boolean }
  | { readonly kind: 'result'; readonly result: LoadResult };

interface Member {
  readonly child: ChildProcess;
  isLeading: boolean;
}

export class BenchGroup {
  readonly #directory = mkdtempSync(join(tmpdir(), 'mesoctl-bench-'));
  readonly #members: Member[] = [];

  /** `launcher`: a command that runs each member, with the place of its output, for example a tracer. */
  async start(launcher?: (name: string) => readonly string[]): Promise<void> {
    const ports = await freePorts(3);
    const peers = ports.map((port, at) => ({ name: `m${at + 1}`, address: `127.0.0.1:${port}` }));
    for (const [at, { name }] of peers.entries()) {
      const settings: RaftSettings = {
        name,
        ip: '127.0.0.1',
        port: ports[at] ?? 0,
        advertisedHost: undefined,
        peers,
        join: undefined,
        features: 1,
        credential: undefined,
        timing: DEFAULT_TIMING,
        limits: DEFAULT_LIMITS,
        reads: 'quorum',
      };
      this.#startOne(settings, launcher?.(name));
    }
    await until('a member leads', () => this.#members.some(({ isLeading }) => isLeading), { deadlineMs: 30_000 });
  }

  #startOne(settings: RaftSettings, launcher: readonly string[] | undefined): void {
    const file = join(this.#directory, settings.name, 'log.sqlite');
    const program = join(projectRoot, 'test/bench/raft/bench-member.ts');
    const [command, ...before] = launcher ?? [];
    const child = fork(program, [JSON.stringify(settings), file], {
      ...(command === undefined
        ? { execArgv: ['--import', 'tsx'] }
        : { execPath: command, execArgv: [...before, process.execPath, '--import', 'tsx'] }),
    });
    const member: Member = { child, isLeading: false };
    child.on('message', (message: FromMember) => {
      if (message.kind === 'leadership') member.isLeading = message.isLeading;
    });
    this.#members.push(member);
  }

  get pids(): readonly number[] {
    return this.#members.map(({ child }) => child.pid ?? 0);
  }

  run(load: Load): Promise<LoadResult> {
    const leader = this.#members.find(({ isLeading }) => isLeading);
    if (leader === undefined) throw new Error('nobody leads');
    return new Promise((resolve, reject) => {
      const onMessage = (message: FromMember) => {
        if (message.kind !== 'result') return;
        leader.child.off('message', onMessage);
        resolve(message.result);
      };
      leader.child.on('message', onMessage);
      leader.child.once('exit', () => reject(new Error('the leader ended')));
      leader.child.send(load);
    });
  }

  async stop(): Promise<void> {
    const exits = this.#members.map(({ child }) => new Promise((resolve) => child.once('exit', resolve)));
    for (const { child } of this.#members) child.kill('SIGKILL');
    await Promise.all(exits);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
