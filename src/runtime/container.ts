/**
 * One living container as the containerizer knows it: who its processes are, how they are killed and signalled.
 * Invariant: a signal is only sent to a process that was identified as this container's, never to a bare number.
 */

import type { Cgroup } from './cgroups/cgroup.js';
import type { ContainerProcess, ContainerSpec } from './containerizer.js';
import { deferred } from './deferred.js';
import type { ContainerEnd, IsolatedContainer, Limitation } from './isolators/isolator.js';
import { findProcess, isNamespaceInit, isSameProcess, processTree } from './process-tree.js';

const SIGKILL = 9;
const SIGSTOP = 19;

export class Container implements IsolatedContainer {
  readonly #ended = deferred<ContainerEnd>();
  /** What an isolator ended it for. */
  limitation: Limitation | undefined;
  /** Settles when every isolator knows whether it ended it. */
  watches: Promise<readonly (Limitation | undefined)[]> = Promise.resolve([]);

  constructor(
    readonly process: ContainerProcess,
    readonly cgroup: Cgroup | undefined,
    /** undefined: recovered, what it asked for is not known here. */
    readonly spec: ContainerSpec | undefined,
  ) {}

  get containerId(): string {
    return this.process.containerId;
  }

  get initPid(): number {
    return this.process.pid;
  }

  get recordDir(): string {
    return this.process.checkpoint.runtimeDir;
  }

  get ended(): Promise<ContainerEnd> {
    return this.#ended.promise;
  }

  end(facts: ContainerEnd): void {
    this.#ended.resolve(facts);
  }

  /**
   * Kills every process, by the cgroup and by the death of init: a task that is root can have left its cgroup, init
   * included. Init is known by its parent, the supervisor.
   */
  async kill(): Promise<void> {
    try {
      await this.cgroup?.kill();
    } finally {
      if (await this.#isInitAlive()) sendSignal(this.initPid, SIGKILL);
    }
  }

  /** Signals every process of the task, not init. */
  async signal(signalNumber: number): Promise<void> {
    if (signalNumber === SIGKILL) return this.kill();
    if (!(await this.#isInitAlive())) return;
    // Init passes on what it gets, to all at once; only SIGKILL and SIGSTOP it cannot get.
    if (signalNumber !== SIGSTOP && (await isNamespaceInit(this.initPid))) {
      sendSignal(this.initPid, signalNumber);
      return;
    }
    const pids = this.cgroup === undefined ? await processTree(this.initPid) : await this.cgroup.pids();
    for (const pid of pids) if (pid !== this.initPid) sendSignal(pid, signalNumber);
  }

  async #isInitAlive(): Promise<boolean> {
    const { supervisorPid, supervisorStartTicks } = this.process.checkpoint;
    const init = await findProcess(this.initPid);
    return init?.parentPid === supervisorPid && (await isSameProcess(supervisorPid, supervisorStartTicks));
  }
}

function sendSignal(pid: number, signalNumber: number): void {
  try {
    process.kill(pid, signalNumber);
  } catch (error) {
    // It ended in between, which is as good.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
