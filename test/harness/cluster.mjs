// Real daemons for tests: `startMaster`, `startAgent`, `startCluster` run bin/run.js as its users do, on free ports, in
// one scratch directory that `stop` removes together with every process that names it. A failure carries the daemons'
// last output. Needs a built dist/. Types in cluster.d.mts.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { mesoctlPath, readReadyFile, StartedProcess, sweep } from './process.mjs';

const READY_DEADLINE_MS = 60_000;
const REDUCED_ISOLATION =
  'posix/cpu,posix/mem,namespaces/pid,namespaces/mnt,namespaces/ipc,namespaces/uts,namespaces/cgroup';

/** Controllers of the pure cgroup v2 tree of this machine; empty where the tree is hybrid or missing. */
export function cgroupV2Controllers() {
  const path = '/sys/fs/cgroup/cgroup.controllers';
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split(/\s+/).filter(Boolean) : [];
}

/**
 * The strongest --isolation value that works here without asking the daemon: undefined (its default) where cgroup v2
 * has the controllers and we are root, namespaces with accounting where we are root, plain accounting otherwise.
 */
export function testIsolation() {
  if (process.getuid?.() !== 0) return 'posix/cpu,posix/mem';
  const controllers = cgroupV2Controllers();
  return ['cpu', 'memory', 'pids'].every((name) => controllers.includes(name)) ? undefined : REDUCED_ISOLATION;
}

/** One master or agent; `restart` starts it again on the same port and directory. */
class Daemon {
  #spec;
  #process;

  constructor(spec) {
    this.#spec = spec;
    this.kind = spec.kind;
    this.name = spec.name;
    this.workDir = spec.workDir;
  }

  get pid() {
    return this.#process.pid;
  }
  get exited() {
    return this.#process.exited;
  }
  get running() {
    return this.#process.running;
  }

  async start(extraArgs = []) {
    const spec = this.#spec;
    rmSync(spec.readyFile, { force: true });
    const port = this.port ?? spec.port;
    this.#process = new StartedProcess({
      name: spec.name,
      logPath: spec.logPath,
      command: spec.launcher[0] ?? process.execPath,
      args: [
        ...spec.launcher.slice(1),
        ...(spec.launcher.length > 0 ? [process.execPath] : []),
        ...spec.nodeArgs,
        mesoctlPath,
        ...spec.command,
        ...['--port', String(port), '--ready-file', spec.readyFile, '--work-dir', spec.workDir],
        ...spec.args,
        ...extraArgs,
      ],
      env: spec.env,
    });
    try {
      this.ready = await readReadyFile(this.#process, spec.readyFile, spec.deadlineMs);
    } catch (error) {
      await this.#process.end('SIGKILL');
      throw error;
    }
    this.ip = this.ready.ip;
    this.port = this.ready.port;
    this.address = `${this.ip}:${this.port}`;
    this.url = this.ready.url ?? `http://${this.address}`;
    return this;
  }

  log() {
    return this.#process.log();
  }
  signal(signal) {
    this.#process.signal(signal);
  }
  /** SIGTERM: an agent leaves its tasks running. */
  stop(deadlineMs) {
    return this.#process.end('SIGTERM', deadlineMs);
  }
  /** SIGKILL. */
  kill() {
    return this.#process.end('SIGKILL');
  }
  /** SIGUSR1: the agent kills its tasks, unregisters and ends. */
  unregister(deadlineMs) {
    return this.#process.end('SIGUSR1', deadlineMs);
  }
  /** Starts the ended daemon again, on the same port and work directory. */
  async restart(extraArgs) {
    if (this.running) await this.stop();
    return this.start(extraArgs);
  }
}

/** Environment of a daemon under test: nothing of the caller's that would change its settings. */
function cleanEnvironment(extra) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(MESOS_|MESOCTL_|LIBPROCESS_|NODE_OPTIONS$)/.test(name),
  );
  return { ...Object.fromEntries(kept), ...extra };
}

function createScratchDir() {
  return mkdtempSync(join(tmpdir(), 'mesoctl-test-'));
}

function daemonSpec(kind, command, options) {
  const scratchDir = options.scratchDir ?? createScratchDir();
  const name = options.name ?? kind;
  const workDir = options.workDir ?? join(scratchDir, name);
  return {
    scratchDir,
    kind,
    name,
    command,
    workDir,
    readyFile: join(scratchDir, `${name}.ready.json`),
    logPath: join(scratchDir, `${name}.log`),
    port: options.port ?? 0,
    args: options.args ?? [],
    nodeArgs: options.nodeArgs ?? [],
    launcher: options.launcher ?? [],
    env: cleanEnvironment(options.env),
    deadlineMs: options.deadlineMs ?? READY_DEADLINE_MS,
  };
}

/** A master alone. Without `scratchDir` a directory is made that the caller removes with `sweep(master.scratchDir)`. */
export async function startMaster(options = {}) {
  const spec = daemonSpec('master', ['master', 'start'], options);
  const master = new Daemon(spec);
  master.scratchDir = spec.scratchDir;
  return master.start();
}

/** Free ports of 127.0.0.1, each another one. Somebody else could take one before it is used: nobody else runs here. */
export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', () => resolve(server));
      });
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** `count` masters m1, m2, ... of one cluster, in one scratch directory. None needs to lead when this resolves. */
export async function startMasters(count, options = {}) {
  const scratchDir = options.scratchDir ?? createScratchDir();
  const ports = await freePorts(2 * count);
  const names = Array.from({ length: count }, (_, at) => `m${at + 1}`);
  const peers = names.map((name, at) => `${name}=127.0.0.1:${ports[count + at]}`).join(',');
  const started = await Promise.allSettled(
    names.map((name, at) => {
      const raft = ['--name', name, '--raft-port', String(ports[count + at]), '--peers', peers];
      const args = [...raft, ...(options.args ?? [])];
      return startMaster({ ...options, scratchDir, name, port: ports[at], args });
    }),
  );
  const failed = started.find(({ status }) => status === 'rejected');
  if (failed !== undefined) {
    await Promise.all(started.map(({ value }) => value?.kill()));
    throw failed.reason;
  }
  return started.map(({ value }) => value);
}

/** An agent of the masters named in `master` (HOST:PORT[,HOST:PORT...]). */
export async function startAgent(options) {
  const spec = daemonSpec('agent', ['agent', 'join', options.master], options);
  const isolation = 'isolation' in options ? options.isolation : testIsolation();
  if (isolation !== undefined) spec.args = ['--isolation', isolation, ...spec.args];
  if (options.resources !== undefined) spec.args = ['--resources', options.resources, ...spec.args];
  // Agents on one machine must not share cgroups.
  if (!spec.args.includes('--cgroups-root'))
    spec.args = ['--cgroups-root', `${basename(spec.scratchDir)}-${spec.name}`, ...spec.args];
  const agent = new Daemon(spec);
  agent.scratchDir = spec.scratchDir;
  return agent.start();
}

/** `masters` masters and `agents` agents in one scratch directory; `stop` ends all of it, tasks included. */
export async function startCluster(options = {}) {
  const scratchDir = createScratchDir();
  const cluster = { scratchDir, agents: [], masters: [], master: undefined };
  cluster.addAgent = async (agentOptions = {}) => {
    const agent = await startAgent({
      name: `agent${cluster.agents.length + 1}`,
      ...options.agent,
      ...agentOptions,
      scratchDir,
      master: cluster.masters.map(({ address }) => address).join(','),
    });
    cluster.agents.push(agent);
    return agent;
  };
  cluster.logs = () =>
    [...cluster.masters, ...cluster.agents].map((daemon) => `--- ${daemon.name}\n${daemon.log()}`).join('\n');
  cluster.stop = () => stopCluster(cluster);
  try {
    const masters = { ...options.master, scratchDir };
    cluster.masters =
      options.masters === undefined ? [await startMaster(masters)] : await startMasters(options.masters, masters);
    cluster.master = cluster.masters[0];
    for (let i = 0; i < (options.agents ?? 1); i++) await cluster.addAgent(options.agentOptions?.[i]);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

async function stopCluster(cluster) {
  await Promise.all(cluster.agents.filter((agent) => agent.running).map((agent) => agent.unregister()));
  await Promise.all(cluster.masters.filter((master) => master.running).map((master) => master.stop()));
  await sweep(cluster.scratchDir);
}
