/**
 * The agent's own API: state, containers and files by virtual path, none of which leads out of a sandbox; and that many
 * short tasks leave nothing behind. Issue 2, section 4; spec page 03, section 3.3; page 08, section 8.7.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, type Json } from '../harness/api.mjs';
import type { Cluster, Daemon } from '../harness/cluster.mjs';
import { until } from '../harness/process.mjs';
import {
  agentOf,
  callAgent,
  Framework,
  findMarked,
  isRoot,
  launcherOf,
  processesOf,
  startAgentCluster,
  type Task,
} from './agent-fixture.js';

const SHORT_TASKS = 200;
const MAX_READ_BYTES = 65_536;

if (!isRoot) console.log('agent API: skipped, containers need root');

describe.skipIf(!isRoot)('the API of an agent', () => {
  let cluster: Cluster;
  let framework: Framework;
  let agent: Daemon;
  let task: Task;

  beforeAll(async () => {
    cluster = await startAgentCluster();
    agent = agentOf(cluster);
    framework = await Framework.subscribe(cluster);
    const script = [
      'ln -s /etc etc; ln -s /etc/passwd passwd; ln -s ../../../../../../../../../../../../etc up; ln -s loop loop',
      'ln -s stdout inside; ln -s "$PWD/stdout" absolute; mkdir -p sub/dir; echo deep > sub/dir/file; mkfifo fifo',
      'head -c 200000 /dev/zero > big; printf "\\377\\0\\n" > binary; echo out; echo ready; exec sleep 1000',
    ].join('\n');
    task = await framework.start(script);
    await task.reaches('TASK_RUNNING');
    await task.prints('ready');
  });
  afterAll(() => cluster?.stop());

  const runDir = () => `/frameworks/${framework.scheduler.frameworkId.value}/executors/${task.id}/runs/latest`;
  const read = (path: string, more: Json = {}) =>
    callAgent(agent, { type: 'READ_FILE', read_file: { path, offset: 0, ...more } });
  const list = (path: string) => callAgent(agent, { type: 'LIST_FILES', list_files: { path } });

  it('tells its tasks, executors and frameworks', async () => {
    const { get_state: state } = (await callAgent(agent, { type: 'GET_STATE' })).body;
    expect(state.get_tasks.launched_tasks).toMatchObject([{ task_id: { value: task.id }, state: 'TASK_RUNNING' }]);
    expect(state.get_executors.executors).toMatchObject([{ executor_info: { executor_id: { value: task.id } } }]);
    expect(state.get_frameworks.frameworks).toMatchObject([
      { framework_info: { id: framework.scheduler.frameworkId } },
    ]);
  });

  it('tells its containers with process and usage', async () => {
    const [container, ...more] = (await callAgent(agent, { type: 'GET_CONTAINERS' })).body.get_containers.containers;
    expect(more).toEqual([]);
    expect(container).toMatchObject({
      framework_id: framework.scheduler.frameworkId,
      executor_id: { value: task.id },
      container_id: { value: task.containerId },
      container_status: { container_id: { value: task.containerId }, executor_pid: processesOf(task).init },
      resource_statistics: { timestamp: expect.any(Number), cpus_limit: 0.1, mem_limit_bytes: 32 << 20 },
    });
    expect(container.resource_statistics.mem_rss_bytes).toBeGreaterThan(0);
  });

  it('lists and reads a sandbox under latest, its container id and its host path', async () => {
    const ways = [runDir(), runDir().replace('latest', task.containerId), task.sandbox];
    for (const dir of ways) {
      const listed = (await list(dir)).body.list_files.file_infos;
      const names = listed.map((info: Json) => info.path.slice(dir.length + 1));
      expect(names).toEqual(readdirSync(task.sandbox).sort());
      const file = (await read(`${dir}/sub/dir/file`)).body.read_file;
      expect(Buffer.from(file.data, 'base64').toString()).toBe('deep\n');
    }
    for (const link of ['inside', 'absolute'])
      expect(Buffer.from((await read(`${runDir()}/${link}`)).body.read_file.data, 'base64').toString()).toBe(
        'out\nready\n',
      );
    expect((await read(`${runDir()}/binary`)).body.read_file).toEqual({ size: 3, data: '/wAK' });
  });

  it('clamps offsets and lengths', async () => {
    const size = 200_000;
    const part = async (more: Json) => {
      const { body } = await read(`${runDir()}/big`, more);
      return [body.read_file.size, Buffer.from(body.read_file.data ?? '', 'base64').length];
    };
    expect(await part({})).toEqual([size, MAX_READ_BYTES]);
    expect(await part({ length: 10_000_000 })).toEqual([size, MAX_READ_BYTES]);
    expect(await part({ offset: size - 10 })).toEqual([size, 10]);
    expect(await part({ offset: size })).toEqual([size, 0]);
    expect(await part({ offset: '18446744073709551615' })).toEqual([size, 0]);
    expect(await part({ offset: 5, length: 7 })).toEqual([size, 7]);
    expect(await part({ length: 0 })).toEqual([size, 0]);
    for (const more of [{ offset: -1 }, { length: -1 }, { offset: 'x' }])
      expect((await read(`${runDir()}/big`, more)).status).toBe(400);
  });

  it.each([
    ['/../../etc/passwd', 400],
    ['/etc', 400],
    ['/etc/passwd', 400],
    ['/passwd', 400],
    ['/up/passwd', 400],
    ['/loop', 400],
    ['/fifo', 400],
    ['', 400],
    ['/sub', 400],
    ['/missing', 404],
    ['/stdout/x', 404],
    ['/a\0b', 400],
    [`/${'x'.repeat(300)}`, 400],
    [`/${'x/'.repeat(5000)}`, 400],
  ])('does not read %j below a sandbox', async (suffix, status) => {
    const answer = await read(`${runDir()}${suffix}`);
    expect([answer.status, answer.text.includes('root:')]).toEqual([status, false]);
    const old = await get(`${agent.url}/files/read?offset=0&path=${encodeURIComponent(`${runDir()}${suffix}`)}`);
    expect([old.status, old.text.includes('root:')]).toEqual([status, false]);
  });

  it.each(['/etc/passwd', '/', '', '..', '/frameworks/../../checkpoint', '/proc/self/environ'])(
    'shows nothing at %j',
    async (path) => {
      for (const { status } of [await read(path), await list(path)]) expect([400, 404]).toContain(status);
      const { workDir } = agent;
      for (const hidden of [workDir, `${workDir}/checkpoint`, `${workDir}/runtime`, `${workDir}/slaves`])
        expect((await list(hidden)).status).toBe(404);
    },
  );

  it('is not led astray by a task that swaps files for links all the time', async () => {
    const swap = 'while :; do ln -sfn /etc/passwd x; ln -sfn stdout x; rm -f x; echo mine > x; done';
    const swapper = await framework.start(`echo ready; ${swap}`);
    await swapper.reaches('TASK_RUNNING');
    await swapper.prints('ready');
    const path = `/frameworks/${framework.scheduler.frameworkId.value}/executors/${swapper.id}/runs/latest/x`;
    for (let i = 0; i < 150; i++) {
      const { status, body } = await read(path);
      expect([200, 400, 404]).toContain(status);
      if (status === 200)
        expect(['', 'mine\n', 'ready\n']).toContain(Buffer.from(body.read_file.data ?? '', 'base64').toString());
    }
    await swapper.kill(0);
    await swapper.ended();
  });

  it('answers calls it cannot understand with 400 or 501', async () => {
    expect((await callAgent(agent, 'no json')).status).toBe(400);
    expect((await callAgent(agent, {})).status).toBe(400);
    expect((await callAgent(agent, { type: 'READ_FILE' })).status).toBe(400);
    expect((await callAgent(agent, { type: 'NO_SUCH_CALL' })).status).toBeGreaterThanOrEqual(400);
    expect((await callAgent(agent, { type: 'PRUNE_IMAGES' })).status).toBe(501);
    expect((await get(`${agent.url}/api/v1`)).status).toBe(405);
  });

  it(`leaves nothing of ${SHORT_TASKS} short tasks but their sandboxes`, { timeout: 60_000 }, async () => {
    await framework.run('true');
    const before = footprint(agent);
    for (let done = 0; done < SHORT_TASKS; done += 50) {
      const tasks = await framework.startAll(
        Array.from({ length: 50 }, (_, i) => (i % 10 === 0 ? { shell: false, value: '/no/such' } : `exit ${i % 3}`)),
      );
      for (const each of tasks) expect((await each.ended(30_000)).state).toMatch(/^TASK_(FINISHED|FAILED)$/);
    }
    await until('as few descriptors as before', () => {
      const now = footprint(agent);
      return now.agentFiles <= before.agentFiles + 3 && now.launcherFiles <= before.launcherFiles;
    });
    const after = footprint(agent);
    expect({ ...after, agentFiles: 0, launcherFiles: 0 }).toEqual({ ...before, agentFiles: 0, launcherFiles: 0 });
    const records = join(agent.workDir, 'runtime/containers');
    await until('the records are gone', () => readdirSync(records).length === 1, { deadlineMs: 20_000 });
    const executors = dirname(dirname(dirname(task.sandbox)));
    expect(readdirSync(executors).length).toBeGreaterThanOrEqual(SHORT_TASKS);
  });
});

/** Collected sandboxes: an agent with next to no patience. */
describe.skipIf(!isRoot)('an agent that collects at once', () => {
  it('deletes the sandboxes of ended tasks, and only those', { timeout: 60_000 }, async () => {
    const cluster = await startAgentCluster(['--gc-delay', '1secs', '--disk-watch-interval', '1secs']);
    try {
      const framework = await Framework.subscribe(cluster);
      const living = await framework.start('while :; do sleep 0.1; done');
      await living.reaches('TASK_RUNNING');
      const { task: ended } = await framework.run('mkdir -p a/b; ln -s /etc c; echo x > a/b/file');
      const precious = join(cluster.scratchDir, 'precious');
      writeFileSync(precious, 'x');
      await until('it is collected', () => statSync(ended.sandbox, { throwIfNoEntry: false }) === undefined);
      expect(readdirSync(living.sandbox)).toContain('stdout');
      expect(readFileSync(precious, 'utf8')).toBe('x');
      expect(readdirSync('/etc')).toContain('passwd');
      await living.kill(0);
      await living.ended();
      await until('all are collected', () => statSync(living.sandbox, { throwIfNoEntry: false }) === undefined);
    } finally {
      await cluster.stop();
    }
  });
});

interface Footprint {
  readonly agentFiles: number;
  readonly launcherFiles: number;
  readonly supervisors: number;
  readonly mounts: number;
  readonly cgroups: number;
}

function footprint(agent: Daemon): Footprint {
  const launcher = launcherOf(agent);
  const cgroup = /^0::(.*)$/m.exec(readFileSync(`/proc/${launcher}/cgroup`, 'utf8'))?.[1] ?? '';
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
  const mount = mounts.find((line) => line.includes(' - cgroup2 '))?.split(' ')[4] ?? '';
  return {
    agentFiles: readdirSync(`/proc/${agent.pid}/fd`).length,
    launcherFiles: readdirSync(`/proc/${launcher}/fd`).length,
    supervisors: findMarked('mesoctl-supervisor ').filter((pid) => belongsTo(pid, cgroup)).length,
    mounts: mounts.length,
    cgroups: readdirSync(join(mount, dirname(cgroup)), { withFileTypes: true }).filter((entry) => entry.isDirectory())
      .length,
  };
}

function belongsTo(pid: number, cgroup: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`0::${cgroup}\n`);
  } catch {
    return false;
  }
}
