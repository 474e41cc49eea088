/** The cluster of the failover tier, its faults, and what must hold after each of them. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { quantile } from '../bench/report.js';
import { type Daemon, startAgent, startMaster } from '../harness/cluster.mjs';
import { StartedProcess, sweep, until } from '../harness/process.mjs';
import { findViolation, type Operation } from '../sim/linearizability.js';
import { activeAgentsOf, callMaster, findLeader, membersOf, updateWeight, weightsOf } from './api.js';
import type { Cut, Network } from './network.js';
import { RegisterClients } from './registers.js';

const MASTERS = ['m1', 'm2', 'm3'];
export const NODES: readonly string[] = [...MASTERS, 'clients'];
const AGENTS = 3;
const TASKS = 100;
const RAFT_PORT = 5060;
const GO_PATH = '/usr/share/gocode';

type Fault = 'kill' | 'stop' | 'cut both' | 'cut in' | 'cut out';

interface Measured {
  readonly fault: Fault;
  readonly commitMs: number;
  readonly offerMs: number;
  readonly agentsMs: number;
}

export class Suite {
  readonly #network: Network;
  readonly #scratchDir = mkdtempSync(join(tmpdir(), 'mesoctl-test-'));
  readonly #fifo = join(this.#scratchDir, 'go-on');
  readonly #measured: Measured[] = [];
  #masters: Daemon[] = [];
  #agents: Daemon[] = [];
  #scheduler: StartedProcess | undefined;
  #registers: RegisterClients | undefined;
  #history: readonly Operation[] = [];
  /** Weights that were acknowledged, by role. */
  readonly #acknowledged = new Map<string, number>();

  constructor(network: Network) {
    this.#network = network;
  }

  /** Both cores busy with something else, and writes going on: nobody may be elected for that. */
  async runUnderLoad(seconds: number): Promise<string> {
    await this.#startMasters();
    const before = await this.#terms();
    const spinners = Array.from({ length: 2 }, (_, at) => {
      const logPath = join(this.#scratchDir, `spinner${at}.log`);
      return new StartedProcess({
        name: `spinner${at}`,
        logPath,
        command: process.execPath,
        args: ['-e', 'for (;;);'],
      });
    });
    try {
      const untilMs = performance.now() + seconds * 1000;
      let writes = 0;
      while (performance.now() < untilMs) if (await this.#writeNext(this.#masters)) writes += 1;
      const after = await this.#terms();
      if (new Set([...before, ...after]).size !== 1)
        throw new Error(`terms before ${before.join(', ')}, after ${after.join(', ')}\n${this.#logs()}`);
      if (writes < seconds) throw new Error(`only ${writes} writes in ${seconds} s: no load on the masters`);
      return `${writes} writes`;
    } finally {
      await Promise.all(spinners.map((spinner) => spinner.end('SIGKILL')));
    }
  }

  #terms(): Promise<readonly number[]> {
    return Promise.all(this.#masters.map(async ({ url }) => Number((await membersOf(url))?.term ?? 0)));
  }

  async run(counts: { readonly kill: number; readonly stop: number; readonly cut: number }): Promise<string> {
    await this.#startAgents();
    await this.#startScheduler();
    this.#registers = new RegisterClients(this.#masters);
    const cuts: readonly Cut[] = ['both', 'in', 'out'];
    const faults: readonly Fault[] = [
      ...Array<Fault>(counts.kill).fill('kill'),
      ...Array<Fault>(counts.stop).fill('stop'),
      ...Array.from({ length: counts.cut }, (_, at): Fault => `cut ${cuts[at % cuts.length] ?? 'both'}`),
    ];
    for (const fault of faults) await this.#round(fault);
    this.#history = await this.#registers.end();
    await this.#endTasks();
    return this.#report();
  }

  checkRegisters(): Promise<string> {
    const reads = this.#history.filter(({ kind }) => kind === 'read').length;
    const writes = this.#history.filter(({ kind, returnedAt }) => kind === 'write' && returnedAt !== undefined).length;
    if (reads < 50 || writes < 50) throw new Error(`only ${reads} reads and ${writes} writes were answered: too weak`);
    const violation = findViolation(this.#history);
    if (violation !== undefined) throw new Error(`${violation.key}: ${JSON.stringify(violation.operations)}`);
    const unknown = this.#history.length - reads - writes;
    return Promise.resolve(`${writes} writes, ${reads} reads, ${unknown} of unknown outcome`);
  }

  async stop(): Promise<void> {
    await this.#registers?.end();
    this.#scheduler?.signal('SIGKILL');
    for (const master of this.#masters) master.signal('SIGCONT');
    await Promise.all(this.#agents.map((agent) => agent.kill()));
    await Promise.all(this.#masters.map((master) => master.kill()));
    await sweep(this.#scratchDir);
  }

  /* ---------------------------------------------------------------- the cluster */

  async #startMasters(): Promise<void> {
    const peers = MASTERS.map((name) => `${name}=${this.#network.ipOf(name)}:${RAFT_PORT}`).join(',');
    const network = (name: string) => [
      '--ip',
      this.#network.ipOf(name),
      '--insecure',
      '--raft-port',
      String(RAFT_PORT),
    ];
    this.#masters = await Promise.all(
      MASTERS.map((name) =>
        startMaster({
          name,
          scratchDir: this.#scratchDir,
          port: 5050,
          launcher: this.#network.launcherOf(name),
          args: ['--name', name, '--peers', peers, ...network(name)],
        }),
      ),
    );
    await until('a master leads', () => findLeader(this.#masters), { explain: () => this.#logs() });
  }

  async #startAgents(): Promise<void> {
    const master = this.#masters.map(({ address }) => address).join(',');
    this.#agents = await Promise.all(
      Array.from({ length: AGENTS }, (_, at) =>
        startAgent({
          name: `agent${at + 1}`,
          scratchDir: this.#scratchDir,
          master,
          resources: 'cpus:2;mem:1024;disk:1024',
          args: ['--ip', this.#network.ipOf('clients'), '--insecure'],
        }),
      ),
    );
  }

  async #startScheduler(): Promise<void> {
    const program = join(this.#scratchDir, 'failover-go');
    const go = spawnSync('go', ['build', '-o', program, '.'], {
      cwd: join(dirname(fileURLToPath(import.meta.url)), 'go'),
      env: { ...process.env, GO111MODULE: 'off', GOPATH: GO_PATH, GOFLAGS: '', CGO_ENABLED: '0' },
      encoding: 'utf8',
    });
    if (go.status !== 0) throw new Error(`the scheduler does not build: ${go.error?.message ?? go.stderr}`);
    if (spawnSync('mkfifo', [this.#fifo]).status !== 0) throw new Error('mkfifo failed');
    this.#scheduler = new StartedProcess({
      name: 'scheduler',
      logPath: join(this.#scratchDir, 'scheduler.log'),
      command: program,
      args: [
        ...['-masters', this.#masters.map(({ address }) => address).join(',')],
        // Opening a pipe waits for its writer: tasks that cost nothing and all end when they are told to.
        ...['-tasks', String(TASKS), '-command', `cat ${this.#fifo} >/dev/null`],
      ],
    });
    const running = () => this.#lines().filter(({ text }) => / TASK_RUNNING\b/.test(text)).length >= TASKS;
    await until(`${TASKS} tasks run`, running, { deadlineMs: 120_000, explain: () => this.#logs() });
  }

  /** What the scheduler printed: with the time, Unix ms. */
  #lines(): { readonly atMs: number; readonly text: string }[] {
    const log = readFileSync(join(this.#scratchDir, 'scheduler.log'), 'utf8');
    return log
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({ atMs: Number(line.slice(0, line.indexOf(' '))), text: line.slice(line.indexOf(' ')) }));
  }

  #logs(): string {
    return [...this.#masters, ...this.#agents]
      .map((daemon) => `--- ${daemon.name}\n${daemon.log().slice(-3000)}`)
      .concat(`--- scheduler\n${this.#scheduler?.log().slice(-3000) ?? ''}`)
      .join('\n');
  }

  /* ---------------------------------------------------------------- one fault */

  async #round(fault: Fault): Promise<void> {
    const explain = () => `during ${fault}\n${this.#logs()}`;
    const leader = await until('a master leads', () => findLeader(this.#masters), { explain });
    await this.#mustBeCalm();
    this.#registers?.nextRound();
    const atMs = performance.now();
    const atUnixMs = Date.now();
    this.#strike(leader, fault);
    const others = this.#masters.filter((master) => master !== leader);
    const since = async (what: string, probe: () => unknown, pollMs: number) => {
      await until(what, probe, { deadlineMs: 90_000, pollMs, explain });
      return performance.now() - atMs;
    };
    const [commitMs, offerAtMs, agentsMs] = await Promise.all([
      since('a write is acknowledged', () => this.#writeNext(others), 1),
      until('an offer comes', () => this.#firstOffer(atUnixMs), { deadlineMs: 90_000, explain }),
      since('all agents are back', () => this.#agentsAreBack(others), 10),
    ]);
    await this.#heal(leader, fault);
    await until('the member is back', () => this.#isWhole(), { deadlineMs: 60_000, pollMs: 100, explain });
    await this.#checkWrites(explain);
    this.#measured.push({ fault, commitMs, offerMs: offerAtMs - atUnixMs, agentsMs });
    const scheduler = this.#scheduler;
    if (scheduler?.running !== true) throw new Error(`the scheduler has ended\n${explain()}`);
  }

  #strike(leader: Daemon, fault: Fault): void {
    if (fault === 'kill') leader.signal('SIGKILL');
    else if (fault === 'stop') leader.signal('SIGSTOP');
    else this.#network.cut(leader.name, fault.slice('cut '.length) as Cut);
  }

  async #heal(leader: Daemon, fault: Fault): Promise<void> {
    if (fault === 'kill') {
      await leader.exited;
      await leader.restart();
    } else if (fault === 'stop') leader.signal('SIGCONT');
    else this.#network.heal(leader.name, fault.slice('cut '.length) as Cut);
  }

  /** A key of its own for each write, so that a lost one cannot be covered by the next. */
  async #writeNext(masters: readonly Daemon[]): Promise<boolean> {
    const role = `write-${this.#acknowledged.size + 1}`;
    const weight = this.#acknowledged.size + 1;
    for (const master of masters) {
      const { status } = await callMaster(master.url, updateWeight(role, weight), 1_000);
      if (status !== 200) continue;
      this.#acknowledged.set(role, weight);
      return true;
    }
    return false;
  }

  async #firstOffer(sinceUnixMs: number): Promise<number | undefined> {
    const after = this.#lines().filter(({ atMs }) => atMs >= sinceUnixMs);
    const subscribed = after.findIndex(({ text }) => text.includes('subscribed as'));
    if (subscribed < 0) return undefined;
    return after.slice(subscribed).find(({ text }) => text.includes('offers '))?.atMs;
  }

  async #agentsAreBack(masters: readonly Daemon[]): Promise<boolean> {
    const leader = await findLeader(masters);
    if (leader === undefined) return false;
    const { status, body } = await callMaster(leader.url, { type: 'GET_AGENTS' }, 1_000);
    return status === 200 && activeAgentsOf(body) === AGENTS;
  }

  /** Every master is connected with the leader and has all of its log. */
  async #isWhole(): Promise<boolean> {
    const leader = await findLeader(this.#masters);
    if (leader === undefined) return false;
    const members = await membersOf(leader.url);
    if (members === undefined) return false;
    const commit = Number(members.commit_index);
    // Writes go on: a member that is a few entries behind has caught up.
    return members.members.every(({ self, durable_index: index }) => self || Number(index ?? 0) >= commit - 100);
  }

  async #mustBeCalm(): Promise<void> {
    await until('the cluster is whole', () => this.#isWhole(), { deadlineMs: 60_000, pollMs: 50 });
    await until('a write is acknowledged', () => this.#writeNext(this.#masters));
    await pause(500);
  }

  /** Everything that was ever acknowledged is there, with its value. */
  async #checkWrites(explain: () => string): Promise<void> {
    const weights = await until(
      'the weights can be read',
      async () => {
        const leader = await findLeader(this.#masters);
        if (leader === undefined) return undefined;
        const { status, body } = await callMaster(leader.url, { type: 'GET_WEIGHTS' }, 2_000);
        return status === 200 ? weightsOf(body) : undefined;
      },
      { explain },
    );
    for (const [role, weight] of this.#acknowledged)
      if (weights.get(role) !== weight)
        throw new Error(`${role} was acknowledged as ${weight} and is ${weights.get(role)}\n${explain()}`);
  }

  /* ---------------------------------------------------------------- the end */

  async #endTasks(): Promise<void> {
    const scheduler = this.#scheduler;
    if (scheduler === undefined) throw new Error('no scheduler runs');
    // Readers that wait for a writer get one, and the end of the pipe when it closes; late ones the next.
    const release = async () => {
      const writer = openSync(this.#fifo, 'r+');
      await pause(20);
      closeSync(writer);
      return !scheduler.running;
    };
    await until('every task has ended', release, { deadlineMs: 60_000, explain: () => this.#logs() });
    const exit = await scheduler.exited;
    if (exit.code !== 0) throw new Error(`the scheduler failed: ${JSON.stringify(exit)}\n${this.#logs()}`);
    const finished = this.#lines().filter(({ text }) => / TASK_FINISHED\b/.test(text)).length;
    if (finished !== TASKS) throw new Error(`${finished} of ${TASKS} tasks finished\n${this.#logs()}`);
  }

  #report(): string {
    for (const fault of new Set(this.#measured.map((one) => one.fault)))
      for (const [what, pick] of [
        ['first committed write', (one: Measured) => one.commitMs],
        ['first offer', (one: Measured) => one.offerMs],
        ['all agents back', (one: Measured) => one.agentsMs],
      ] as const) {
        const samples = this.#measured.filter((one) => one.fault === fault).map(pick);
        const figures = [0, 0.5, 0.9, 1].map((q) => quantile(samples, q).toFixed(0)).join(', ');
        console.log(`${fault}: ${what}: min, p50, p90, max ${figures} ms (n=${samples.length})`);
      }
    return `${this.#acknowledged.size} writes of own keys, ${this.#registers?.acknowledged ?? 0} operations on registers`;
  }
}
