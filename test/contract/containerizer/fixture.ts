/**
 * One agent's containerizer on this machine for a test: its own runtime directory and cgroup root, the ends of its
 * containers, and at the end the proof that nothing is left.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../../src/base/system/clock.js';
import type { Logger } from '../../../src/base/system/logger.js';
import type {
  ContainerCheckpoint,
  ContainerProcess,
  ContainerSpec,
  ContainerTermination,
} from '../../../src/runtime/containerizer.js';
import { createLinuxContainerizer, type LinuxContainerizer } from '../../../src/runtime/linux-containerizer.js';
import type { LinuxContainerizerOptions } from '../../../src/runtime/linux-containerizer-options.js';

export const isRoot = process.geteuid?.() === 0;
export const NAMESPACES = ['namespaces/pid', 'namespaces/mnt', 'namespaces/ipc', 'namespaces/uts'] as const;
export const ACCOUNTING = ['posix/cpu', 'posix/mem'] as const;
const DEADLINE_MS = 20_000;

/** Compiles the supervisor if its sources are newer. */
export function buildSupervisor(): void {
  const script = fileURLToPath(new URL('../../../src/runtime/supervisor/build.mjs', import.meta.url));
  execFileSync(process.execPath, [script], { stdio: 'inherit' });
}

/** Waits for a condition; fails with `what` when it does not come true in time. */
export async function until<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  for (const deadlineMs = performance.now() + DEADLINE_MS; performance.now() < deadlineMs; await delay(5)) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
  }
  throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
}

/** Pids of living processes whose command line holds `mark`. */
export function findProcesses(mark: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        const isZombie = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)?.startsWith('Z');
        return !isZombie && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(mark);
      } catch {
        return false;
      }
    })
    .map(Number);
}

export function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.startsWith('Z') === false;
  } catch {
    return false;
  }
}

export function openDescriptors(pid: number | 'self'): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: object;
}

export class Agent {
  readonly ends = new Map<string, ContainerTermination>();
  readonly logged: LogLine[] = [];
  readonly dir = mkdtempSync(join(tmpdir(), 'mesoctl-containerizer-'));
  readonly cgroupsRoot = `mesoctl-test-${randomUUID().slice(0, 8)}`;
  /** Every end reported, in order: to see that none comes twice. */
  readonly reported: string[] = [];
  containerizer: LinuxContainerizer;
  readonly #launched = new Set<string>();
  #mount: string | undefined;

  private constructor(containerizer: LinuxContainerizer | undefined) {
    this.containerizer = containerizer as LinuxContainerizer;
  }

  static async open(options: Partial<LinuxContainerizerOptions> = {}): Promise<Agent> {
    const agent = new Agent(undefined);
    try {
      await agent.reopen(options);
    } catch (error) {
      rmSync(agent.dir, { recursive: true, force: true });
      throw error;
    }
    return agent;
  }

  async reopen(options: Partial<LinuxContainerizerOptions> = {}): Promise<void> {
    this.containerizer = await createLinuxContainerizer(this.options(options));
  }

  options(options: Partial<LinuxContainerizerOptions> = {}): LinuxContainerizerOptions {
    this.#mount = options.cgroupMount ?? findMount();
    return {
      runtimeDir: join(this.dir, 'runtime'),
      isolation: [...ACCOUNTING, ...NAMESPACES],
      cgroupsRoot: this.cgroupsRoot,
      enableCfs: false,
      pidsLimit: 256,
      switchUser: true,
      maxLogSizeBytes: 1 << 20,
      maxLogFiles: 2,
      events: {
        onTerminated: (termination) => {
          this.reported.push(termination.containerId);
          this.ends.set(termination.containerId, termination);
        },
      },
      clock: systemClock,
      logger: this.#logger(),
      ...options,
    };
  }

  spec(argv: readonly string[], more: Partial<ContainerSpec> = {}): ContainerSpec {
    const containerId = more.containerId ?? randomUUID();
    return {
      containerId,
      argv,
      environment: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      sandboxDir: join(this.dir, 'sandboxes', containerId),
      requests: { cpus: 0.1, memMb: 32, diskMb: 0 },
      limits: {},
      ...more,
    };
  }

  async launch(
    argv: readonly string[],
    more: Partial<ContainerSpec> = {},
    starting: (checkpoint: ContainerCheckpoint) => Promise<void> = () => Promise.resolve(),
  ): Promise<ContainerProcess> {
    const launched = await this.containerizer.launch(this.spec(argv, more), starting);
    this.#launched.add(launched.containerId);
    return launched;
  }

  shell(script: string, more: Partial<ContainerSpec> = {}): Promise<ContainerProcess> {
    return this.launch(['sh', '-c', script], more);
  }

  ended(containerId: string): Promise<ContainerTermination> {
    return until(`the end of ${containerId}`, () => this.ends.get(containerId));
  }

  /** Runs a shell script to its end. */
  async run(
    script: string,
    more: Partial<ContainerSpec> = {},
  ): Promise<{ termination: ContainerTermination; stdout: string; stderr: string; process: ContainerProcess }> {
    const launched = await this.shell(script, more);
    const termination = await this.ended(launched.containerId);
    return {
      termination,
      process: launched,
      stdout: this.log(launched, 'stdout'),
      stderr: this.log(launched, 'stderr'),
    };
  }

  log(launched: ContainerProcess, name: string): string {
    return readFileSync(join(launched.checkpoint.sandboxDir, name), 'utf8');
  }

  /** Waits until a container has printed `text`. */
  async printed(launched: ContainerProcess, text: string): Promise<void> {
    await until(`"${text}" in the output`, () => this.log(launched, 'stdout').includes(text));
  }

  get cgroupDir(): string | undefined {
    const path = this.#mount === undefined ? undefined : join(this.#mount, this.cgroupsRoot);
    return path !== undefined && existsSync(path) ? path : undefined;
  }

  /** Names of container cgroups that exist. */
  cgroups(): readonly string[] {
    const dir = this.cgroupDir;
    if (dir === undefined) return [];
    return readdirSync(dir).filter((name) => statSync(join(dir, name)).isDirectory() && name !== 'supervisors');
  }

  /** Kills what is left and removes every trace, also of a test that failed; call in afterEach. */
  async dispose(): Promise<void> {
    try {
      for (const containerId of this.#launched) await this.containerizer.destroy(containerId);
      for (const containerId of this.#launched) await this.ended(containerId);
      await this.containerizer.recover([]);
    } finally {
      await this.containerizer.close();
      rmSync(this.dir, { recursive: true, force: true });
    }
    if (this.cgroupDir !== undefined)
      throw new Error(`the cgroup ${this.cgroupDir} is left: ${this.cgroups().join(' ')}`);
  }

  #logger(): Logger {
    const at = (level: string) => (fields: object, message: string) => {
      this.logged.push({ level, message, fields });
    };
    const logger: Logger = {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: () => logger,
    };
    return logger;
  }
}

function findMount(): string | undefined {
  const line = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((each) => each.includes(' - cgroup2 '));
  return line?.split(' ')[4];
}
