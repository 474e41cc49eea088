// What only a machine with cgroup v2 controllers can show, with real daemons in one boot: limits hold, the kernel's
// verdicts are reported with their numbers, nothing outlives a task, everything outlives an agent. Run by run.mjs.
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { scalars, TestScheduler } from '../harness/api.mjs';
import { cgroupV2Controllers, startCluster } from '../harness/cluster.mjs';
import { findProcesses, isAlive, until } from '../harness/process.mjs';
import { Tier } from '../harness/tier.mjs';

const MIB = 1024 ** 2;
const PIDS_LIMIT = 150;
const MEASURE_MS = 5000;
/** The emulated machine is ten to twenty times slower than the real one. */
const SLOW_MS = 90_000;

const tier = new Tier('guest');
let cluster;
let scheduler;
let tasks = 0;

async function setUp() {
  if (scheduler !== undefined) return;
  cluster = await startCluster({
    agents: 1,
    master: { deadlineMs: SLOW_MS, args: ['--allocation-interval', '200ms'] },
    agent: {
      isolation: undefined,
      deadlineMs: SLOW_MS,
      resources: 'cpus:4;mem:1200;disk:1000;ports:[31000-31100]',
      args: ['--pids-limit', String(PIDS_LIMIT)],
    },
  });
  scheduler = await TestScheduler.subscribe(cluster.master.url, { user: 'root', name: 'guest', failover_timeout: 600 });
}

/** A started task: ids, the pid of its init, its cgroup. */
async function launch(command, options = {}) {
  await setUp();
  tasks += 1;
  const taskId = `guest-${tasks}`;
  const offer = await nextOffer();
  const accepted = await scheduler.launch(
    offer,
    [
      {
        name: taskId,
        task_id: { value: taskId },
        resources: scalars({ cpus: options.cpus ?? 0.1, mem: options.mem ?? 32 }),
        ...(options.limits === undefined ? {} : { limits: options.limits }),
        command: { shell: true, value: command },
      },
    ],
    { refuse_seconds: 0 },
  );
  if (accepted.status !== 202) throw new Error(`ACCEPT: ${accepted.status} ${accepted.text}`);
  const running = await statusOf(taskId, (status) => status.state === 'TASK_RUNNING');
  const pid = running.container_status.executor_pid;
  return { taskId, pid, containerId: running.container_status.container_id.value, cgroup: cgroupOf(pid) };
}

const used = new Set();

async function nextOffer() {
  const offer = await until('an offer', () => scheduler.offers().find((one) => !used.has(one.id.value)), slow());
  used.add(offer.id.value);
  return offer;
}

function slow() {
  return { deadlineMs: SLOW_MS, explain: () => cluster.logs() };
}

/** The first status of a task that satisfies `accept`; acknowledges all on the way. */
async function statusOf(taskId, accept) {
  let seen = 0;
  return until(
    `a status of ${taskId}`,
    async () => {
      for (; seen < scheduler.events.length; seen++) {
        const status = scheduler.events[seen].update?.status;
        if (status?.task_id.value !== taskId) continue;
        await scheduler.acknowledge(status);
        if (accept(status)) return status;
        if (isTerminal(status)) throw new Error(`${taskId} ended: ${JSON.stringify(status)}\n${cluster.logs()}`);
      }
      return undefined;
    },
    slow(),
  );
}

function isTerminal({ state }) {
  return [
    'TASK_FINISHED',
    'TASK_FAILED',
    'TASK_KILLED',
    'TASK_ERROR',
    'TASK_LOST',
    'TASK_DROPPED',
    'TASK_GONE',
  ].includes(state);
}

async function endOf(task) {
  return statusOf(task.taskId, isTerminal);
}

async function kill(task, graceMs = 500) {
  const kill_policy = { grace_period: { nanoseconds: graceMs * 1e6 } };
  await scheduler.call({ type: 'KILL', kill: { task_id: { value: task.taskId }, kill_policy } });
  return endOf(task);
}

/** Directory of the v2 cgroup that holds the container's limits. */
function cgroupOf(pid) {
  const path = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
  let dir = `/sys/fs/cgroup${path}`;
  while (!existsSync(`${dir}/memory.max`) && dir !== '/sys/fs/cgroup') dir = dir.slice(0, dir.lastIndexOf('/'));
  return dir;
}

function read(task, file) {
  return readFileSync(`${task.cgroup}/${file}`, 'utf8').trim();
}

function counter(text, name) {
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
}

function expect(condition, message) {
  if (!condition) throw new Error(message);
}

function expectEqual(actual, expected, what) {
  expect(actual === expected, `${what}: ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
}

/** Nothing of the container is left: no process that names it, no cgroup. */
async function expectGone(task) {
  await until(
    `nothing of ${task.taskId} is left`,
    () => findProcesses(task.containerId).length === 0 && !existsSync(task.cgroup),
    {
      deadlineMs: SLOW_MS,
      explain: () => `processes ${findProcesses(task.containerId)}, cgroup ${existsSync(task.cgroup)}`,
    },
  );
}

tier.add(
  'the guest has the controllers and the daemons start with the default isolation',
  async () => {
    for (const name of ['cpu', 'memory', 'pids']) expect(cgroupV2Controllers().includes(name), `no ${name} controller`);
    await setUp();
  },
  { deadlineMs: 2 * SLOW_MS },
);

tier.add(
  'a cpu hog limited to 0.5 cpu gets 0.5, give or take ten percent',
  async () => {
    const hog = await launch('while :; do :; done', { limits: { cpus: { value: 0.5 } } });
    expectEqual(read(hog, 'cpu.max'), '50000 100000', 'cpu.max');
    const before = { usec: counter(read(hog, 'cpu.stat'), 'usage_usec'), ms: performance.now() };
    await new Promise((resolve) => setTimeout(resolve, MEASURE_MS));
    const usedUsec = counter(read(hog, 'cpu.stat'), 'usage_usec') - before.usec;
    const cpus = usedUsec / 1000 / (performance.now() - before.ms);
    expect(cpus > 0.45 && cpus < 0.55, `the hog got ${cpus.toFixed(3)} cpus`);
    expect(counter(read(hog, 'cpu.stat'), 'nr_throttled') > 0, 'the hog was never throttled');
    expectEqual((await kill(hog)).state, 'TASK_KILLED', 'state');
    await expectGone(hog);
    return `${cpus.toFixed(3)} cpus`;
  },
  { deadlineMs: 2 * SLOW_MS },
);

tier.add(
  'a memory hog is killed at its limit, with the numbers, while its neighbour lives',
  async () => {
    const neighbour = await launch('exec sleep 10000', { mem: 64 });
    const hog = await launch('exec tail /dev/zero', { mem: 64 });
    const end = await endOf(hog);
    expectEqual(end.state, 'TASK_FAILED', 'state');
    expectEqual(end.reason, 'REASON_CONTAINER_LIMITATION_MEMORY', 'reason');
    expect(/\b64(\.0)? ?MB/.test(end.message), `the message has no limit: ${end.message}`);
    const limited = end.limitation?.resources?.find((resource) => resource.name === 'mem');
    expectEqual(limited?.scalar?.value, 64, 'limitation');
    await expectGone(hog);
    expect(isAlive(neighbour.pid), 'the neighbour died');
    expectEqual(counter(read(neighbour, 'memory.events'), 'oom_kill'), 0, "the neighbour's oom_kill");
    expectEqual((await kill(neighbour)).state, 'TASK_KILLED', 'state of the neighbour');
    return end.message;
  },
  { deadlineMs: 3 * SLOW_MS },
);

tier.add(
  'a fork bomb stops at pids.max and its exit status is still recorded',
  async () => {
    // The first shell forks once only, so that its own end does not depend on a fork that is refused.
    const bomb = await launch(
      '(bomb() { bomb & bomb & wait; }; bomb) 2>/dev/null & i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; exit 42',
      { mem: 256 },
    );
    expectEqual(read(bomb, 'pids.max'), String(PIDS_LIMIT), 'pids.max');
    let most = 0;
    await until(
      'the bomb hits its limit',
      () => {
        if (!existsSync(bomb.cgroup)) throw new Error('the bomb ended before it hit its limit');
        most = Math.max(most, Number(read(bomb, 'pids.current')));
        return counter(read(bomb, 'pids.events'), 'max') > 0;
      },
      slow(),
    );
    expect(most <= PIDS_LIMIT, `${most} processes, more than ${PIDS_LIMIT}`);
    const end = await endOf(bomb);
    expectEqual(end.state, 'TASK_FAILED', 'state');
    expect(/\b42\b/.test(end.message), `the exit status is lost: ${JSON.stringify(end)}`);
    await expectGone(bomb);
    return `${most} processes seen, ${end.message}`;
  },
  { deadlineMs: 3 * SLOW_MS },
);

tier.add(
  'kill leaves no process: sessions of their own, double forks, ignored signals',
  async () => {
    const stubborn = await launch(
      [
        'trap "" TERM INT HUP',
        'setsid sh -c \'trap "" TERM; sleep 20001 & sleep 20002 & wait\' &',
        '(setsid sh -c "(sleep 20003 &) ; exec sleep 20004" &)',
        'sleep 20005 &',
        'while :; do sleep 1; done',
      ].join('\n'),
    );
    await until('all of them run', () => findProcesses(stubborn.containerId).length >= 8, slow());
    const end = await kill(stubborn, 1000);
    expectEqual(end.state, 'TASK_KILLED', 'state');
    await expectGone(stubborn);
    for (const seconds of [20001, 20002, 20003, 20004, 20005])
      expectEqual(findProcesses(String(seconds)).length, 0, `processes of sleep ${seconds}`);
  },
  { deadlineMs: 3 * SLOW_MS },
);

tier.add(
  'cpu.weight, cpu.max, memory.low and memory.max are what the formulas say',
  async () => {
    const rows = [
      [
        { cpus: 0.25, mem: 100 },
        { weight: '25', max: 'max 100000', low: 100, high: 100 },
      ],
      [
        { cpus: 0.001, mem: 1 },
        { weight: '1', max: 'max 100000', low: 32, high: 32 },
      ],
      [
        { cpus: 0.1, mem: 40, limits: { cpus: { value: 1.5 }, mem: { value: 256 } } },
        { weight: '10', max: '150000 100000', low: 40, high: 256 },
      ],
      [
        { cpus: 2, mem: 64, limits: { cpus: { value: 'Infinity' }, mem: { value: 'Infinity' } } },
        { weight: '200', max: 'max 100000', low: 64, high: undefined },
      ],
    ];
    for (const [request, expected] of rows) {
      const task = await launch('exec sleep 10000', request);
      const what = JSON.stringify(request);
      expectEqual(read(task, 'cpu.weight'), expected.weight, `cpu.weight of ${what}`);
      expectEqual(read(task, 'cpu.max'), expected.max, `cpu.max of ${what}`);
      expectEqual(read(task, 'memory.low'), String(expected.low * MIB), `memory.low of ${what}`);
      const high = expected.high === undefined ? 'max' : String(expected.high * MIB);
      expectEqual(read(task, 'memory.max'), high, `memory.max of ${what}`);
      expectEqual((await kill(task)).state, 'TASK_KILLED', 'state');
    }
  },
  { deadlineMs: 4 * SLOW_MS },
);

tier.add(
  'a task has namespaces of its own',
  async () => {
    const task = await launch('hostname; exec sleep 10000');
    for (const kind of ['pid_for_children', 'mnt', 'ipc', 'uts', 'cgroup']) {
      const own = readlinkSync(`/proc/self/ns/${kind}`);
      expect(
        readlinkSync(`/proc/${task.pid}/ns/${kind}`) !== own,
        `the task shares the ${kind} namespace of the agent`,
      );
    }
    expectEqual(readlinkSync(`/proc/${task.pid}/ns/net`), readlinkSync('/proc/self/ns/net'), 'network namespace');
    expectEqual((await kill(task)).state, 'TASK_KILLED', 'state');
    await expectGone(task);
  },
  { deadlineMs: 2 * SLOW_MS },
);

tier.add(
  "the agent's death and restart keep tasks; one that ended meanwhile is reported truly",
  async () => {
    const lasting = await launch('exec sleep 10000');
    const brief = await launch('sleep 6; exit 7');
    const [agent] = cluster.agents;
    await agent.kill();
    await until('the brief task ends without an agent', () => !isAlive(brief.pid), slow());
    expect(isAlive(lasting.pid), 'the lasting task died with the agent');
    await agent.restart();
    const end = await endOf(brief);
    expectEqual(end.state, 'TASK_FAILED', 'state of the brief task');
    expect(/\b7\b/.test(end.message), `the exit status is lost: ${JSON.stringify(end)}`);
    expect(isAlive(lasting.pid), 'the lasting task died at the restart');
    expectEqual((await kill(lasting)).state, 'TASK_KILLED', 'state of the lasting task');
    await expectGone(lasting);
    return end.message;
  },
  { deadlineMs: 4 * SLOW_MS },
);

await tier.run(async () => {
  scheduler?.close();
  await cluster?.stop();
});
