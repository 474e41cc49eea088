/**
 * `mesoctl dev`: a cluster on this machine, for one task or until Ctrl-C. stdout is the task's output and nothing else;
 * what the cluster is, and with which isolation, goes to stderr.
 */
import { userInfo } from 'node:os';
import type { LogLevel } from '../base/system/logger.js';
import { formatAddress } from '../client/address.js';
import { type DevCluster, startDevCluster } from '../daemon/dev/dev-cluster.js';
import { Interrupts } from './interrupts.js';
import { type Output, openOutput } from './task/output.js';
import { exitStatusOf } from './task/report-result.js';
import { parseTaskRequest, type TaskRequestInput } from './task/task-request.js';
import { TaskRun } from './task/task-run.js';
import { createDaemonLogger } from './terminal-logger.js';

export interface DevOptions {
  readonly agents: number;
  /** undefined: any free one for a single task, 5050 for a cluster that stays. */
  readonly port?: number | undefined;
  readonly fitTimeoutMs: number;
  readonly debug: boolean;
}

/** Kill the task, stop waiting for it. A third signal ends the process and leaves things behind. */
const INTERRUPT_STAGES = 2;
const STANDING_PORT = 5050;

/** Returns the exit status. `input`: the task; undefined: the cluster stays until a signal comes. */
export async function runDev(input: TaskRequestInput | undefined, options: DevOptions): Promise<number> {
  const request =
    input === undefined ? undefined : parseTaskRequest(input, { userName: userInfo().username, env: process.env });
  const interrupts = new Interrupts(INTERRUPT_STAGES);
  const output = openOutput(interrupts);
  const level: LogLevel = options.debug ? 'debug' : 'error';
  try {
    const cluster = await startDevCluster({
      agents: options.agents,
      port: options.port ?? (request === undefined ? STANDING_PORT : 0),
      logger: createDaemonLogger('mesoctl-dev', level),
      signal: interrupts.stage(0),
    }).catch((error: unknown) => {
      if (interrupts.first === undefined) throw error;
      return undefined;
    });
    if (cluster === undefined) return 128 + (interrupts.first?.signal ?? 0);
    try {
      describeIsolation(cluster, output);
      if (request === undefined) return await stayUp(cluster, interrupts, output);
      const { write, say } = output;
      interrupts
        .stage(0)
        .addEventListener('abort', () => say(`ending ${request.name}; once more does not wait for it`), { once: true });
      const result = await new TaskRun({
        masters: [{ host: cluster.master.ip, port: cluster.master.port }],
        request,
        detach: false,
        fitTimeoutMs: options.fitTimeoutMs,
        write,
        say,
        debug: (line) => (options.debug ? say(line) : undefined),
        interrupt: interrupts.stage(0),
        leave: interrupts.stage(1),
      }).run();
      return exitStatusOf(result, interrupts.first?.signal);
    } finally {
      await cluster.stop();
    }
  } finally {
    interrupts.close();
  }
}

async function stayUp(cluster: DevCluster, interrupts: Interrupts, { say }: Output): Promise<number> {
  const master = formatAddress({ host: cluster.master.ip, port: cluster.master.port });
  const count = cluster.agentUrls.length;
  say(`master http://${master}, ${count === 1 ? 'one agent' : `${count} agents`}: ${cluster.agentUrls.join(' ')}`);
  say(`try: mesoctl task launch --master ${master} -- echo hello`);
  say(`Ctrl-C ends it and removes ${cluster.directory}`);
  const stopping = interrupts.stage(0);
  await new Promise<void>((resolve) => {
    if (stopping.aborted) resolve();
    else stopping.addEventListener('abort', () => resolve(), { once: true });
  });
  say('ending all tasks and cleaning up');
  return 128 + (interrupts.first?.signal ?? 0);
}

/** What a task can do without these isolators. */
const MEANING: Readonly<Record<string, string>> = {
  'cgroups/cpu': 'no cpu shares or limits',
  'cgroups/mem': 'no memory limit',
  'cgroups/pids': 'no limit of processes',
  'namespaces/pid': 'tasks see the processes of this machine',
  'namespaces/mnt': 'tasks see the mounts of this machine',
  'namespaces/ipc': 'tasks share shared memory with this machine',
  'namespaces/uts': 'tasks share the host name',
  'namespaces/cgroup': 'tasks see the cgroups of this machine',
};

function describeIsolation({ isolation: { isolation, reduced } }: DevCluster, { say }: Output): void {
  say(`isolation ${isolation.join(',')}`);
  if (reduced.length === 0) return;
  const lost = reduced.map(({ isolator }) => `${isolator} (${MEANING[isolator] ?? 'reduced'})`).join(', ');
  say(`reduced: without ${lost}; mesoctl doctor says why and what to do`);
}
