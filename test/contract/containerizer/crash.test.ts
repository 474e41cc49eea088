/**
 * What must survive kill -9 of the agent: containers, their true exit status, the knowledge which of them are ours.
 * The agent is a real process; nothing here is simulated.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type {
  ContainerCheckpoint,
  ContainerSpec,
  ContainerTermination,
  RecoveredContainer,
} from '../../../src/runtime/containerizer.js';
import type { Command } from './agent-process.js';
import { ACCOUNTING, Agent, buildSupervisor, findProcesses, isAlive, isRoot, NAMESPACES, until } from './fixture.js';

type Recovered = RecoveredContainer & { readonly containerId: string };
interface AgentEvent {
  readonly event: 'ready' | 'starting' | 'launched' | 'failed' | 'recovered' | 'terminated';
  readonly checkpoint?: ContainerCheckpoint;
  readonly recovered?: readonly Recovered[];
  readonly termination?: ContainerTermination;
  readonly message?: string;
  readonly launcherPid?: number;
}

class AgentProcess {
  readonly events: AgentEvent[] = [];
  readonly #child: ChildProcess;

  constructor(settings: object) {
    const script = fileURLToPath(new URL('./agent-process.ts', import.meta.url));
    this.#child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(settings)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const stdout = this.#child.stdout;
    if (stdout !== null) createInterface({ input: stdout }).on('line', (line) => this.events.push(JSON.parse(line)));
  }

  send(command: Command): void {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  wait(event: AgentEvent['event'], count = 1): Promise<AgentEvent> {
    return until(`${count} x ${event}`, () => this.events.filter((each) => each.event === event)[count - 1]);
  }

  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin?.end();
    await ended;
  }
}

if (!isRoot) console.log('containerizer crash tests: skipped, they need root');

describe.skipIf(!isRoot).each([
  { name: 'with cgroups', cgroupMount: undefined },
  { name: 'without cgroups', cgroupMount: null },
])('an agent killed with -9, $name', ({ cgroupMount }) => {
  let dir: string;
  let settings: object;
  let agents: AgentProcess[];
  const cgroupsRoot = `mesoctl-test-${randomUUID().slice(0, 8)}`;

  beforeAll(buildSupervisor);
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'mesoctl-crash-'));
    settings = { dir, cgroupsRoot, cgroupMount, isolation: [...ACCOUNTING, ...NAMESPACES] };
    agents = [];
  });
  afterEach(async () => {
    for (const agent of agents) await agent.stop();
    const last = start();
    await last.wait('ready');
    last.send({ do: 'recover', checkpoints: [] });
    await last.wait('recovered');
    await last.stop();
    expect(findProcesses(dir)).toEqual([]);
    rmSync(dir, { recursive: true, force: true });
  });

  function start(): AgentProcess {
    const agent = new AgentProcess(settings);
    agents.push(agent);
    return agent;
  }

  function spec(script: string): ContainerSpec {
    const containerId = randomUUID();
    return {
      containerId,
      argv: ['sh', '-c', script],
      environment: { PATH: '/usr/bin:/bin' },
      sandboxDir: join(dir, 'sandboxes', containerId),
      requests: { cpus: 0.1, memMb: 32, diskMb: 0 },
      limits: {},
    };
  }

  async function launched(agent: AgentProcess, ...scripts: readonly string[]): Promise<readonly ContainerCheckpoint[]> {
    await agent.wait('ready');
    for (const script of scripts) agent.send({ do: 'launch', spec: spec(script) });
    await agent.wait('launched', scripts.length);
    const checkpoints = agent.events.flatMap(({ checkpoint }) => checkpoint ?? []);
    const order = (one: ContainerCheckpoint) => scripts.findIndex((script) => readScript(one).includes(script));
    return [...checkpoints].sort((left, right) => order(left) - order(right));
  }

  function readScript({ initPid }: ContainerCheckpoint): string {
    const task = readFileSync(`/proc/${initPid}/task/${initPid}/children`, 'utf8').trim();
    return readFileSync(`/proc/${task}/cmdline`, 'utf8');
  }

  it('finds running containers again, and the true end of those that ended meanwhile', async () => {
    const first = start();
    const waitFor = (exit: string, file: string) => `while [ ! -e ${dir}/${file} ]; do sleep 0.02; done; ${exit}`;
    const checkpoints = await launched(
      first,
      waitFor('exit 11', 'go-1'),
      waitFor('kill -9 $$', 'go-1'),
      waitFor('exit 137', 'go-1'),
      waitFor('exit 12', 'go-2'),
    );
    const launcherPid = first.events[0]?.launcherPid ?? 0;
    await first.kill();
    await until('the launcher leaves with its agent', () => !isAlive(launcherPid));
    writeFileSync(join(dir, 'go-1'), '');
    await until('three have ended', () =>
      checkpoints.slice(0, 3).every((one) => existsSync(`${one.runtimeDir}/status`)),
    );
    expect(checkpoints.map((one) => isAlive(one.initPid ?? 0))).toEqual([false, false, false, true]);

    const second = start();
    await second.wait('ready');
    second.send({ do: 'recover', checkpoints });
    const recovered = (await second.wait('recovered')).recovered ?? [];
    expect(recovered.map((one) => [one.state, one.state === 'ended' ? one.termination.waitStatus : undefined])).toEqual(
      [
        ['ended', 11 << 8],
        ['ended', 9],
        ['ended', 137 << 8],
        ['running', undefined],
      ],
    );
    writeFileSync(join(dir, 'go-2'), '');
    const { termination } = await second.wait('terminated');
    expect(termination).toMatchObject({ containerId: checkpoints[3]?.containerId, waitStatus: 12 << 8 });
    expect(second.events.filter(({ event }) => event === 'terminated')).toHaveLength(1);
  });

  it('keeps the record of an end until it had time to be checkpointed', async () => {
    const first = start();
    const checkpoints = await launched(first, 'sleep 0.1; exit 13');
    await first.wait('terminated');
    await first.kill();
    const second = start();
    await second.wait('ready');
    second.send({ do: 'recover', checkpoints });
    expect((await second.wait('recovered')).recovered).toMatchObject([
      { state: 'ended', termination: { waitStatus: 13 << 8 } },
    ]);
  });

  it('never lets a task run that it had not checkpointed', async () => {
    const first = start();
    await first.wait('ready');
    const given = spec(`echo ran > ${dir}/mark`);
    first.send({ do: 'launch', spec: given, hang: true });
    const { checkpoint } = await first.wait('starting');
    await first.kill();
    await until('its supervisor leaves', () => !isAlive(checkpoint?.supervisorPid ?? 0));
    expect(existsSync(join(dir, 'mark'))).toBe(false);
    const second = start();
    await second.wait('ready');
    second.send({ do: 'recover', checkpoints: checkpoint === undefined ? [] : [checkpoint] });
    const recovered = (await second.wait('recovered')).recovered ?? [];
    expect(recovered).toMatchObject([{ state: 'ended', termination: { containerId: given.containerId } }]);
    expect(recovered[0]).not.toHaveProperty('termination.waitStatus');
  });

  it('destroys what no checkpoint knows', async () => {
    const first = start();
    const mark = `mark-${randomUUID()}`;
    const [known, unknown] = await launched(first, `: known ${mark}; sleep 100; :`, `: unknown ${mark}; sleep 100; :`);
    await first.kill();
    const second = start();
    await second.wait('ready');
    second.send({ do: 'recover', checkpoints: known === undefined ? [] : [known] });
    await second.wait('recovered');
    expect(isAlive(unknown?.initPid ?? 0)).toBe(false);
    expect(isAlive(unknown?.supervisorPid ?? 0)).toBe(false);
    expect(isAlive(known?.initPid ?? 0)).toBe(true);
    expect(readdirSync(join(dir, 'runtime/containers'))).toEqual([known?.containerId]);
  });

  it('reports signal 9 for a container whose supervisor was killed meanwhile', async () => {
    const first = start();
    const checkpoints = await launched(first, 'sleep 100; :');
    await first.kill();
    process.kill(checkpoints[0]?.supervisorPid ?? 0, 'SIGKILL');
    await until('all is dead', () => !isAlive(checkpoints[0]?.initPid ?? 0));
    const second = start();
    await second.wait('ready');
    second.send({ do: 'recover', checkpoints });
    expect((await second.wait('recovered')).recovered).toMatchObject([
      { state: 'ended', termination: { waitStatus: 9 } },
    ]);
  });

  it('takes no process of another boot for its own', async () => {
    const first = start();
    const [checkpoint] = await launched(first, 'sleep 100; :');
    await first.kill();
    const second = start();
    await second.wait('ready');
    const foreign = {
      ...(checkpoint as ContainerCheckpoint),
      containerId: randomUUID(),
      bootId: 'another',
      runtimeDir: `${dir}/runtime/containers/none`,
    };
    second.send({ do: 'recover', checkpoints: [foreign, checkpoint as ContainerCheckpoint] });
    const recovered = (await second.wait('recovered')).recovered ?? [];
    expect(recovered.map((one) => one.state)).toEqual(['ended', 'running']);
    expect(recovered[0]).not.toHaveProperty('termination.waitStatus');
  });

  it('keeps a second agent out of the same directories', async () => {
    const first = start();
    await first.wait('ready');
    const agent = Agent.open({ runtimeDir: join(dir, 'runtime'), cgroupsRoot, cgroupMount });
    await expect(agent).rejects.toMatchObject({ code: 'WORK_DIR_LOCKED' });
  });
});
