// Tasks on real daemons: what a framework is told of limits, verdicts and ends, and that tasks outlive their agent.
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { offered, scalars, TERMINAL_STATES, TestScheduler } from '../harness/api.mjs';
import { cgroupV2Controllers, startCluster } from '../harness/cluster.mjs';
import { isAlive, until } from '../harness/process.mjs';
import * as checks from './guest-checks.mjs';

const { check, checkEqual, SLOW_MS } = checks;
const AGENT_RESOURCES = 'cpus:4;mem:1200;disk:1000;ports:[31000-31100]';

/** One master, one agent, one framework; started when the first case needs them. */
class GuestCluster {
  #tasks = 0;
  #usedOffers = new Set();

  async open() {
    if (this.scheduler !== undefined) return;
    this.cluster = await startCluster({
      agents: 1,
      master: { deadlineMs: SLOW_MS, args: ['--allocation-interval', '200ms'] },
      agent: {
        isolation: undefined,
        deadlineMs: SLOW_MS,
        resources: AGENT_RESOURCES,
        args: ['--pids-limit', String(checks.PIDS_LIMIT)],
      },
    });
    const framework = { user: 'root', name: 'guest', failover_timeout: 600 };
    this.scheduler = await TestScheduler.subscribe(this.cluster.master.url, framework);
  }

  async close() {
    this.scheduler?.close();
    await this.cluster?.stop();
  }

  slow() {
    return { deadlineMs: SLOW_MS, explain: () => this.cluster.logs() };
  }

  /** Launches a shell command and waits until it runs. */
  async launch(command, options = {}) {
    await this.open();
    this.#tasks += 1;
    const taskId = `guest-${this.#tasks}`;
    const request = { cpus: options.cpus ?? 0.1, mem: options.mem ?? 32 };
    const task = {
      name: taskId,
      task_id: { value: taskId },
      resources: scalars(request),
      command: { shell: true, value: command },
      ...(options.limits === undefined ? {} : { limits: limitsOf(options.limits) }),
    };
    const offers = await this.#takeOffers(request);
    const accepted = await this.scheduler.launch(offers, [task], { refuse_seconds: 0 });
    checkEqual(accepted.status, 202, `ACCEPT (${accepted.text})`);
    const { container_status } = await this.#statusOf(taskId, (status) => status.state === 'TASK_RUNNING');
    const pid = container_status.executor_pid;
    return { taskId, pid, containerId: container_status.container_id.value, cgroup: cgroupOf(pid) };
  }

  endOf({ taskId }) {
    return this.#statusOf(taskId, ({ state }) => TERMINAL_STATES.has(state));
  }

  /** Kills a task, waits for its end and for its last trace to go. */
  async kill(task, graceMs = 500) {
    const kill_policy = { grace_period: { nanoseconds: graceMs * 1e6 } };
    await this.scheduler.call({ type: 'KILL', kill: { task_id: { value: task.taskId }, kill_policy } });
    checkEqual((await this.endOf(task)).state, 'TASK_KILLED', 'state after kill');
    await checks.checkGone(task);
  }

  /** Takes every offer that is there once they hold enough together: freed pieces are offered one by one. */
  async #takeOffers({ cpus, mem }) {
    const enough = () => {
      const fresh = this.scheduler.offers().filter((offer) => !this.#usedOffers.has(offer.id.value));
      return offered(fresh, 'cpus') >= cpus && offered(fresh, 'mem') >= mem ? fresh : undefined;
    };
    const offers = await until(`offers of ${cpus} cpus and ${mem} MB`, enough, this.slow());
    for (const offer of offers) this.#usedOffers.add(offer.id.value);
    return offers;
  }

  /** The first status of a task that is accepted; acknowledges all on the way. */
  #statusOf(taskId, accept) {
    let seen = 0;
    const next = async () => {
      for (; seen < this.scheduler.events.length; seen++) {
        const status = this.scheduler.events[seen].update?.status;
        if (status?.task_id.value !== taskId) continue;
        await this.scheduler.acknowledge(status);
        if (accept(status)) return status;
        check(!TERMINAL_STATES.has(status.state), `${taskId} ended: ${JSON.stringify(status)}`);
      }
      return undefined;
    };
    return until(`a status of ${taskId}`, next, this.slow());
  }
}

function limitsOf(limits) {
  const texts = Object.entries(limits).map(([name, value]) => [
    name,
    { value: Number.isFinite(value) ? value : 'Infinity' },
  ]);
  return Object.fromEntries(texts);
}

/** The v2 cgroup that holds the container's limits. */
function cgroupOf(pid) {
  const path = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
  let dir = `/sys/fs/cgroup${path}`;
  while (!existsSync(`${dir}/memory.max`) && dir !== '/sys/fs/cgroup') dir = dir.slice(0, dir.lastIndexOf('/'));
  return dir;
}

export function addDaemonCases(tier) {
  const guest = new GuestCluster();
  const add = (name, run) => tier.add(`daemons: ${name}`, run, { deadlineMs: 4 * SLOW_MS });

  add('the agent starts with its default isolation', async () => {
    for (const name of ['cpu', 'memory', 'pids']) check(cgroupV2Controllers().includes(name), `no ${name} controller`);
    await guest.open();
  });

  add('a cpu hog limited to 0.5 cpu gets 0.5, give or take ten percent', async () => {
    const hog = await guest.launch(checks.HOGS.cpu, { limits: { cpus: 0.5 } });
    const cpus = await checks.measureCpus(hog.cgroup);
    check(cpus > 0.45 && cpus < 0.55, `the hog got ${cpus.toFixed(3)} cpus`);
    check(checks.counter(hog.cgroup, 'cpu.stat', 'nr_throttled') > 0, 'the hog was never throttled');
    await guest.kill(hog);
    return `${cpus.toFixed(3)} cpus`;
  });

  add('a memory hog is TASK_FAILED at its limit, with the numbers, while its neighbour lives', async () => {
    const neighbour = await guest.launch('exec sleep 10000', { mem: 64 });
    const hog = await guest.launch(checks.HOGS.memory, { mem: 64 });
    const end = await guest.endOf(hog);
    checkEqual(end.state, 'TASK_FAILED', 'state');
    checkEqual(end.reason, 'REASON_CONTAINER_LIMITATION_MEMORY', 'reason');
    check(/\b64(\.0)? ?MB/.test(end.message), `the message has no limit: ${end.message}`);
    const limited = end.limitation?.resources?.find((resource) => resource.name === 'mem');
    checkEqual(limited?.scalar?.value, 64, 'limitation');
    await checks.checkGone(hog);
    check(isAlive(neighbour.pid), 'the neighbour died');
    checkEqual(checks.counter(neighbour.cgroup, 'memory.events', 'oom_kill'), 0, "the neighbour's oom_kill");
    await guest.kill(neighbour);
    return end.message;
  });

  add('a fork bomb stops at pids.max and its exit status is still recorded', async () => {
    const stop = join(tmpdir(), `stop-${randomUUID()}`);
    const bomb = await guest.launch(checks.HOGS.forks(stop), { mem: 256 });
    checkEqual(checks.read(bomb.cgroup, 'pids.max'), String(checks.PIDS_LIMIT), 'pids.max');
    const most = await checks.watchBomb(bomb.cgroup, stop);
    const end = await guest.endOf(bomb);
    checkEqual(end.state, 'TASK_FAILED', 'state');
    check(/\b42\b/.test(end.message), `the exit status is lost: ${JSON.stringify(end)}`);
    await checks.checkGone(bomb);
    return `${most} processes seen, "${end.message}"`;
  });

  add('kill leaves no process: sessions of their own, double forks, ignored signals', async () => {
    const stubborn = await guest.launch(checks.HOGS.stubborn);
    await checks.stubbornRuns(stubborn.cgroup);
    await guest.kill(stubborn, 1000);
  });

  add('cpu.weight, cpu.max, memory.low and memory.max are what the formulas say', async () => {
    for (const row of checks.FORMULAS) {
      const task = await guest.launch('exec sleep 10000', row);
      checks.checkFormulas(task.cgroup, row);
      await guest.kill(task);
    }
  });

  add('a task has namespaces of its own', async () => {
    const task = await guest.launch('exec sleep 10000');
    for (const kind of ['pid', 'mnt', 'ipc', 'uts', 'cgroup']) {
      const own = readlinkSync(`/proc/self/ns/${kind}`);
      check(readlinkSync(`/proc/${task.pid}/ns/${kind}`) !== own, `the task shares the agent's ${kind} namespace`);
    }
    checkEqual(readlinkSync(`/proc/${task.pid}/ns/net`), readlinkSync('/proc/self/ns/net'), 'network namespace');
    await guest.kill(task);
  });

  add("the agent's death and restart keep tasks; one that ended meanwhile is reported truly", async () => {
    const lasting = await guest.launch('exec sleep 10000');
    const brief = await guest.launch('sleep 6; exit 7');
    const [agent] = guest.cluster.agents;
    await agent.kill();
    await until('the brief task ends without an agent', () => !isAlive(brief.pid), guest.slow());
    check(isAlive(lasting.pid), 'the lasting task died with the agent');
    await agent.restart();
    const end = await guest.endOf(brief);
    checkEqual(end.state, 'TASK_FAILED', 'state of the brief task');
    check(/\b7\b/.test(end.message), `the exit status is lost: ${JSON.stringify(end)}`);
    check(isAlive(lasting.pid), 'the lasting task died at the restart');
    await guest.kill(lasting);
    return `"${end.message}"`;
  });

  return () => guest.close();
}
