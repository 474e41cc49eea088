/** Members as processes: started, driven and ended by a test. Every answer has a deadline. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_LIMITS, DEFAULT_TIMING, type RaftTiming } from '../../../src/raft/core/options.js';
import type { RaftSettings } from '../../../src/raft/node/settings.js';
import { freePorts } from '../../harness/cluster.mjs';
import { projectRoot, until } from '../../harness/process.mjs';
import type { FromMember, ToMember } from './member-messages.js';

const ANSWER_DEADLINE_MS = 30_000;

type Question = ToMember extends infer Message ? (Message extends ToMember ? Omit<Message, 'id'> : never) : never;

export class MemberProcess {
  readonly #child: ChildProcess;
  readonly messages: FromMember[] = [];
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  #lastId = 0;

  constructor(
    readonly name: string,
    readonly settings: RaftSettings,
    readonly file: string,
  ) {
    this.#child = fork(join(projectRoot, 'test/contract/raft/member-process.ts'), [JSON.stringify(settings), file], {
      execArgv: ['--import', 'tsx'],
    });
    this.#child.on('message', (message: FromMember) => this.messages.push(message));
    this.exited = new Promise((resolve) => this.#child.once('exit', (code, signal) => resolve({ code, signal })));
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it said last of leadership. */
  get leadership(): Extract<FromMember, { kind: 'leadership' }> | undefined {
    return this.messages.findLast((message) => message.kind === 'leadership');
  }

  /** Terms in which it led. */
  get termsLed(): ReadonlySet<number> {
    return new Set(
      this.messages.flatMap((message) =>
        message.kind === 'leadership' && message.role === 'leader' ? [message.term] : [],
      ),
    );
  }

  /** Everything that it said. */
  get log(): string {
    return this.messages.map((message) => JSON.stringify(message)).join('\n');
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#child.kill(signal);
  }

  async ask(question: Question, deadlineMs = ANSWER_DEADLINE_MS): Promise<FromMember> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#child.send({ ...question, id });
    return until(
      `${this.name} answers ${question.kind}`,
      () => {
        const answer = this.messages.find((message) => 'id' in message && message.id === id);
        if (answer === undefined && !this.isRunning) throw new Error(`${this.name} has ended`);
        return answer;
      },
      { deadlineMs, pollMs: 2, explain: () => JSON.stringify(this.messages.slice(-10)) },
    );
  }

  /** Its answer, which must be no failure. */
  async must(question: Question): Promise<FromMember> {
    const answer = await this.ask(question);
    if (answer.kind === 'failed') throw new Error(`${this.name}: ${question.kind}: ${answer.code}: ${answer.message}`);
    return answer;
  }
}

export class MemberGroup {
  readonly directory = mkdtempSync(join(tmpdir(), 'mesoctl-raft-'));
  readonly members = new Map<string, MemberProcess>();
  readonly #ports = new Map<string, number>();
  readonly #timing: RaftTiming;

  constructor(timing: RaftTiming = DEFAULT_TIMING) {
    this.#timing = timing;
  }

  /** m1, m2, ... that found a cluster together. */
  async start(count: number): Promise<void> {
    const names = Array.from({ length: count }, (_, at) => `m${at + 1}`);
    const ports = await freePorts(count);
    for (const [at, name] of names.entries()) this.#ports.set(name, ports[at] ?? 0);
    for (const name of names) this.startOne(name, { peers: names });
  }

  async addPort(name: string): Promise<string> {
    const [port = 0] = await freePorts(1);
    this.#ports.set(name, port);
    return this.addressOf(name);
  }

  /** A cluster of one on a port that another group had. */
  startAt(name: string, port: number): MemberProcess {
    this.#ports.set(name, port);
    return this.startOne(name);
  }

  addressOf(name: string): string {
    return `127.0.0.1:${this.#ports.get(name)}`;
  }

  fileOf(name: string): string {
    return join(this.directory, name, 'log.sqlite');
  }

  startOne(name: string, how: { readonly peers?: readonly string[]; readonly join?: string } = {}): MemberProcess {
    const member = new MemberProcess(name, this.#settingsOf(name, how), this.fileOf(name));
    this.members.set(name, member);
    return member;
  }

  #settingsOf(name: string, how: { readonly peers?: readonly string[]; readonly join?: string }): RaftSettings {
    return {
      name,
      ip: '127.0.0.1',
      port: this.#ports.get(name) ?? 0,
      advertisedHost: undefined,
      peers: how.peers?.map((peer) => ({ name: peer, address: this.addressOf(peer) })),
      join: how.join,
      features: 1,
      credential: undefined,
      timing: this.#timing,
      limits: DEFAULT_LIMITS,
      reads: 'quorum',
    };
  }

  /** One more directory and port under a name that is taken. */
  startDouble(name: string, join: string): MemberProcess {
    const settings = { ...this.#settingsOf(name, { join: this.addressOf(join) }), port: 0 };
    const member = new MemberProcess(name, settings, this.fileOf(`${name}-double`));
    this.members.set(`${name}-double`, member);
    return member;
  }

  /** Starts one that ended again, on the same port and directory. */
  restart(name: string): MemberProcess {
    const old = this.members.get(name);
    const peers = old?.settings.peers?.map((peer) => peer.name);
    return this.startOne(name, peers === undefined ? {} : { peers });
  }

  /** The one that leads and is ready. */
  leader(deadlineMs = 20_000): Promise<MemberProcess> {
    return until('a member leads', () => this.#findLeader(), { deadlineMs, explain: () => this.explain() });
  }

  #findLeader(): MemberProcess | undefined {
    const leaders = [...this.members.values()].filter(
      ({ isRunning, leadership }) => isRunning && leadership?.role === 'leader' && leadership.isReady,
    );
    return leaders.sort((a, b) => (b.leadership?.term ?? 0) - (a.leadership?.term ?? 0))[0];
  }

  explain(): string {
    return [...this.members.values()]
      .map(
        ({ name, messages }) =>
          `--- ${name}\n${messages
            .slice(-12)
            .map((one) => JSON.stringify(one))
            .join('\n')}`,
      )
      .join('\n');
  }

  async stop(): Promise<void> {
    for (const member of this.members.values()) member.signal('SIGKILL');
    await Promise.all([...this.members.values()].map(({ exited }) => exited));
    rmSync(this.directory, { recursive: true, force: true });
  }
}
