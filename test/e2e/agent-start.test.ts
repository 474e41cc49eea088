/**
 * What keeps an agent from starting, and how it says so: flags, isolation that this machine lacks, work directories that
 * are in use, foreign, newer or damaged. Issue 2, section 4; architecture, sections 1 and 6; spec pages 08b, 09.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { get, type Json, postJson } from '../harness/api.mjs';
import {
  cgroupV2Controllers,
  type Daemon,
  startAgent,
  startCluster,
  startMaster,
  testIsolation,
} from '../harness/cluster.mjs';
import { mesoctlPath, StartedProcess, sweep, until } from '../harness/process.mjs';
import { agentOf, isRoot } from './agent-fixture.js';

/** Nobody listens there: these agents only start. */
const MASTER = '127.0.0.1:1';
const START_DEADLINE_MS = 20_000;

/** As a value of --resources. */
function disk(source: Json): string {
  return JSON.stringify([{ name: 'disk', type: 'SCALAR', scalar: { value: 1 }, disk: { source } }]);
}

describe('an agent that cannot start', () => {
  let scratchDir: string;
  let starts: number;
  let running: Daemon | undefined;
  beforeEach(() => {
    scratchDir = mkdtempSync(join(tmpdir(), 'mesoctl-test-'));
    starts = 0;
    running = undefined;
  });
  afterEach(async () => {
    await running?.kill();
    await sweep(scratchDir);
  });

  const workDir = () => join(scratchDir, 'agent');
  const isolation = (): string[] => {
    const value = testIsolation();
    return value === undefined ? [] : ['--isolation', value];
  };

  /** Starts an agent that is expected to end by itself. */
  async function refusal(...args: string[]): Promise<{ code: number | null; text: string }> {
    starts += 1;
    const started = new StartedProcess({
      name: 'agent',
      logPath: join(scratchDir, `refused-${starts}.log`),
      command: process.execPath,
      args: [
        mesoctlPath,
        ...['agent', 'join', MASTER, '--port', '0', '--work-dir', workDir()],
        ...['--cgroups-root', `${scratchDir.slice(scratchDir.lastIndexOf('/') + 1)}-agent`],
        ...args,
      ],
    });
    const late = setTimeout(() => started.signal('SIGKILL'), START_DEADLINE_MS);
    const { code } = await started.exited;
    clearTimeout(late);
    return { code, text: started.log() };
  }

  it.each([
    ['--resources', 'cpus', /--resources/],
    ['--resources', 'cpus:-1', /--resources/],
    ['--resources', 'cpus:4;cpus', /--resources/],
    ['--resources', 'ports:[5-1]', /--resources/],
    ['--resources', 'cpus:NaN', /--resources/],
    ['--resources', '[{"name":"cpus"}]', /--resources/],
    ['--resources', 'cpus(a/..):1', /--resources/],
    ['--resources', disk({ type: 'PATH', path: { root: '/none/here' } }), /--resources: the PATH disk \/none\/here/],
    ['--resources', disk({ type: 'MOUNT', mount: { root: '/etc' } }), /--resources: .*nothing is mounted there/],
    ['--resources', disk({ type: 'RAW' }), /--resources: RAW disks are not supported/],
    ['--attributes', 'rack', /--attributes/],
    ['--attributes', ':x', /--attributes/],
    ['--isolation', 'cgroups/nonsense', /cgroups\/nonsense/],
    ['--isolation', 'posix/cpu,posix/cpu', /posix\/cpu/],
    ['--isolation', '', /--isolation/],
    ['--isolation', 'network/cni', /network\/cni/],
    ['--domain', '{"fault_domain":1}', /--domain/],
    ['--max-log-size', '1KB', /--max-log-size/],
    ['--pids-limit', '-3', /--pids-limit/],
    ['--ip', '0.0.0.0', /--insecure/],
    ['--cgroups-root', '../escape', /--cgroups-root/],
    ['--no-such-flag', 'x', /no-such-flag/],
  ])('refuses %s "%s" with the name of the flag', async (flag, value, message) => {
    const { code, text } = await refusal(...(flag === '--isolation' ? [] : isolation()), flag, value);
    expect(text).toMatch(message);
    expect(text).not.toMatch(/^\s+at .*\.js:\d+/m);
    expect([1, 2]).toContain(code);
  });

  it('names the kernel feature, the isolator and the flag that it lacks', async (context) => {
    if (cgroupV2Controllers().includes('memory')) context.skip('this machine has every controller');
    const { code, text } = await refusal('--isolation', 'cgroups/cpu,cgroups/mem');
    expect(code).toBe(1);
    expect(text).toMatch(/memory/);
    expect(text).toMatch(/--isolation/);
    expect(readdirSync(scratchDir).filter((name) => name.endsWith('.json'))).toEqual([]);
  });

  it('refuses a work directory that another agent uses, and leaves that one alone', async (context) => {
    if (!isRoot) context.skip('needs root');
    running = await startAgent({ master: MASTER, scratchDir, name: 'agent' });
    const { code, text } = await refusal(...isolation());
    expect(code).toBe(1);
    expect(text).toContain('in use');
    expect(text).toContain(String(running.pid));
    expect(running.running).toBe(true);
    expect((await running.stop()).code).toBe(0);
  });

  it('refuses the work directory of a newer version, untouched', async () => {
    const file = await checkpointOf();
    const database = new Sqlite(file);
    database.pragma('user_version = 99');
    database.close();
    const { code, text } = await refusal(...isolation());
    expect(code).toBe(1);
    expect(text).toMatch(/format 99/);
    const after = new Sqlite(file, { readonly: true });
    expect(after.pragma('user_version', { simple: true })).toBe(99);
    after.close();
  });

  it('refuses a database that is not the checkpoint of an agent', async () => {
    mkdirSync(join(workDir(), 'checkpoint'), { recursive: true });
    const file = await checkpointOf();
    rmSync(file);
    const foreign = new Sqlite(file);
    foreign.exec('CREATE TABLE other (x); INSERT INTO other VALUES (1)');
    foreign.close();
    const { code, text } = await refusal(...isolation());
    expect(code).toBe(1);
    expect(text).toContain(file);
    const after = new Sqlite(file, { readonly: true });
    expect(after.prepare('SELECT x FROM other').pluck().get()).toBe(1);
    after.close();
  });

  it.each([
    ['garbage', Buffer.from('this is no database, and long enough to look like one at first. '.repeat(200))],
    ['a header and nothing else', Buffer.from('SQLite format 3\0')],
  ])('refuses a checkpoint that is %s', async (_what, bytes) => {
    const file = await checkpointOf();
    for (const name of readdirSync(join(file, '..'))) rmSync(join(file, '..', name), { recursive: true });
    writeFileSync(file, bytes);
    const { code, text } = await refusal(...isolation());
    expect(code).toBe(1);
    expect(text).toContain(file);
    expect(text).not.toMatch(/^\s+at .*\.js:\d+/m);
  });

  it('refuses a work directory that is a file', async () => {
    writeFileSync(workDir(), 'x');
    const { code, text } = await refusal(...isolation());
    expect([1, 2]).toContain(code);
    expect(text).toContain(workDir());
  });

  it('is told by a master of another cluster what to do, and stays out of it', async () => {
    const [first, second] = [await startMaster(), await startMaster()];
    try {
      running = await startAgent({ master: first.address, scratchDir, name: 'agent' });
      await until('it is registered', () => running?.log().includes('"registered"'));
      await running.stop();
      running = await startAgent({ master: second.address, scratchDir, name: 'agent' });
      await until('it is refused', () => running?.log().includes('belongs to cluster'), {
        explain: () => running?.log() ?? '',
      });
      expect(running.log()).toContain('--work-dir');
      expect(JSON.parse((await get(`${second.url}/state`)).text).slaves).toEqual([]);
    } finally {
      for (const master of [first, second]) {
        await master.stop();
        await sweep(master.scratchDir);
      }
    }
  });

  /** The checkpoint file of an agent that was here and stopped. */
  async function checkpointOf(): Promise<string> {
    running = await startAgent({ master: MASTER, scratchDir, name: 'agent' });
    await running.stop();
    const directory = join(workDir(), 'checkpoint');
    const file = readdirSync(directory).find((name) => /\.(db|sqlite3?)$/.test(name));
    if (file === undefined) throw new Error(`no checkpoint in ${readdirSync(directory).join(' ')}`);
    return join(directory, file);
  }
});

describe('an agent at the address of another', () => {
  it('ends and says whose it is, and the other stays', { timeout: 120_000 }, async () => {
    const cluster = await startCluster({ agents: 1 });
    try {
      const first = agentOf(cluster);
      const ask = async () => {
        const { text } = await postJson(`${cluster.master.url}/api/v1`, { type: 'GET_AGENTS' });
        return JSON.parse(text).get_agents.agents ?? [];
      };
      const [known] = await until('the agent is registered', async () => {
        const agents = await ask();
        return agents.length > 0 && agents;
      });
      const second = await cluster.addAgent({ args: ['--advertise-port', String(first.port)] });
      expect((await second.exited).code).toBe(1);
      const { id } = known.agent_info;
      expect(second.log()).toContain(`agent ${id.value} (127.0.0.1) is connected and has the address ${first.address}`);
      expect(await ask()).toMatchObject([{ active: true, agent_info: { id } }]);
    } finally {
      await cluster.stop();
    }
  });
});
