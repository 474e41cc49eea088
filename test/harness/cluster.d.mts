// Types of cluster.mjs.
import type { Exit } from './process.mjs';

/** Controllers of the pure cgroup v2 tree of this machine; empty where the tree is hybrid or missing. */
export function cgroupV2Controllers(): string[];

/** The strongest --isolation value that works here; undefined: the daemon's default. */
export function testIsolation(): string | undefined;

export interface DaemonOptions {
  /** Default: a new directory below the system's temporary directory. */
  readonly scratchDir?: string | undefined;
  /** Names the log, the ready file and the default work directory inside the scratch directory. */
  readonly name?: string | undefined;
  readonly workDir?: string | undefined;
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  /** More command-line arguments. */
  readonly args?: readonly string[] | undefined;
  readonly nodeArgs?: readonly string[] | undefined;
  /** A command that executes the daemon in its own place, for example in another namespace. */
  readonly launcher?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** How long it may take to become ready. Default 60 s. */
  readonly deadlineMs?: number | undefined;
}

export interface AgentOptions extends DaemonOptions {
  /** HOST:PORT[,HOST:PORT...] */
  readonly master: string;
  /** Absent: `testIsolation()`. Present and undefined: the daemon's own default. */
  readonly isolation?: string | undefined;
  readonly resources?: string | undefined;
}

export interface Daemon {
  readonly kind: 'master' | 'agent';
  readonly name: string;
  readonly scratchDir: string;
  readonly workDir: string;
  readonly pid: number;
  readonly ip: string;
  readonly port: number;
  /** ip:port */
  readonly address: string;
  readonly url: string;
  /** The ready file. */
  readonly ready: Readonly<Record<string, unknown>>;
  readonly exited: Promise<Exit>;
  readonly running: boolean;
  /** The end of its output, all starts together. */
  log(): string;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM; an agent leaves its tasks running. SIGKILL at the deadline (15 s). */
  stop(deadlineMs?: number): Promise<Exit>;
  /** SIGKILL. */
  kill(): Promise<Exit>;
  /** SIGUSR1: the agent kills its tasks, unregisters and ends. */
  unregister(deadlineMs?: number): Promise<Exit>;
  /** Starts it again on the same port and work directory (stops it first if need be). */
  restart(extraArgs?: readonly string[]): Promise<Daemon>;
}

export interface Cluster {
  readonly scratchDir: string;
  /** The first of them; the only one unless more were asked for. */
  readonly master: Daemon;
  readonly masters: readonly Daemon[];
  readonly agents: readonly Daemon[];
  addAgent(options?: Partial<AgentOptions>): Promise<Daemon>;
  /** The last output of every daemon, for failure messages. */
  logs(): string;
  /** Ends everything, tasks included, and removes the scratch directory. */
  stop(): Promise<void>;
}

export function startMaster(options?: DaemonOptions): Promise<Daemon>;
export function freePorts(count: number): Promise<number[]>;
/** m1, m2, ... of one cluster. */
export function startMasters(count: number, options?: DaemonOptions): Promise<Daemon[]>;
export function startAgent(options: AgentOptions): Promise<Daemon>;
export function startCluster(options?: {
  /** Default 1. */
  readonly agents?: number | undefined;
  readonly master?: DaemonOptions | undefined;
  /** How many; undefined: one that is told of no others. */
  readonly masters?: number | undefined;
  /** For every agent. */
  readonly agent?: Partial<AgentOptions> | undefined;
  /** For agent i, over `agent`. */
  readonly agentOptions?: readonly Partial<AgentOptions>[] | undefined;
}): Promise<Cluster>;
