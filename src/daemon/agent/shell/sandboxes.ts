/**
 * The sandboxes of one agent: makes them for launches, shows them to operators, lets them be collected when their tasks
 * are over. All of an agent's sandboxes hang below one directory, so that one attachment shows them all, the moment they
 * exist. Source: spec page 08, sections 8.1 and 8.7; page 18, section 18.6.
 */
import { utimesSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { MesoError, messageOf } from '../../../base/error.js';
import { isRejection } from '../../../base/rejection.js';
import type { Logger } from '../../../base/system/logger.js';
import type { SandboxCollector } from '../../../runtime/sandbox/collector.js';
import { createAgentDir, createSandbox } from '../../../runtime/sandbox/create.js';
import type { SandboxFiles } from '../../../runtime/sandbox/files.js';
import { agentDir, agentsDir, executorDir, frameworkDir, type RunIds, runDir } from '../../../runtime/sandbox/paths.js';

export interface SandboxesOptions {
  readonly workDir: string;
  readonly collector: SandboxCollector;
  readonly files: SandboxFiles;
  readonly logger: Logger;
}

export interface RetiredRun extends RunIds {
  /** The framework has no other task here. */
  readonly frameworkIsOver: boolean;
}

export class Sandboxes {
  readonly #options: SandboxesOptions;

  constructor(options: SandboxesOptions) {
    this.#options = options;
  }

  /** Makes the agent's directory and shows what is in it. Throws MesoError DISK. */
  async open(agentId: string): Promise<void> {
    const { files, workDir } = this.#options;
    const shown = `${createAgentDir(workDir, agentId)}/frameworks`;
    try {
      await mkdir(shown, { recursive: true, mode: 0o755 });
    } catch (error) {
      throw new MesoError('DISK', `cannot make the directory ${shown}: ${messageOf(error)}`, { cause: error });
    }
    for (const virtualPath of ['/frameworks', shown]) {
      const rejection = await files.attach(virtualPath, shown);
      if (isRejection(rejection)) throw new MesoError('DISK', `cannot read ${shown}: ${rejection.message}`);
    }
  }

  /** The path of the sandbox of a run, where it will be or is. */
  path(ids: RunIds): string {
    return runDir(this.#options.workDir, ids);
  }

  /** Makes the sandbox of a run and keeps what is above it from being collected. */
  async create(ids: RunIds, owner: { readonly uid: number; readonly gid: number } | undefined): Promise<string> {
    const { collector, workDir } = this.#options;
    await collector.unschedule(frameworkDir(workDir, ids));
    // An executor that runs again keeps its directory; what it ran before may go all the same.
    const isReused = await collector.unschedule(executorDir(workDir, ids));
    if (isReused) await this.#scheduleRuns(executorDir(workDir, ids), () => false);
    return createSandbox({ workDir, ids, owner });
  }

  /** Its time runs from now on. The executor's directory holds the run: a command task's executor runs once. */
  retire(run: RetiredRun): void {
    const { workDir } = this.#options;
    this.#schedule(executorDir(workDir, run));
    if (run.frameworkIsOver) this.#schedule(frameworkDir(workDir, run));
  }

  /** What earlier agent processes left: directories of other agent ids, and runs that nothing needs any more. */
  async retireLeftovers(agentId: string | undefined, isLive: (containerId: string) => boolean): Promise<void> {
    const { workDir } = this.#options;
    for (const id of await namesIn(agentsDir(workDir)))
      if (id !== 'latest' && id !== agentId) this.#schedule(agentDir(workDir, id));
    if (agentId === undefined) return;
    for (const frameworkId of await namesIn(`${agentDir(workDir, agentId)}/frameworks`))
      await this.#retireRuns({ agentId, frameworkId }, isLive);
  }

  async #retireRuns(
    ids: { readonly agentId: string; readonly frameworkId: string },
    isLive: (containerId: string) => boolean,
  ): Promise<void> {
    const { workDir } = this.#options;
    let frameworkIsLive = false;
    for (const executorId of await namesIn(`${frameworkDir(workDir, ids)}/executors`)) {
      const executor = executorDir(workDir, { ...ids, executorId });
      const executorIsLive = (await namesIn(`${executor}/runs`)).some(isLive);
      frameworkIsLive ||= executorIsLive;
      if (executorIsLive) await this.#scheduleRuns(executor, isLive);
      else this.#schedule(executor);
    }
    if (!frameworkIsLive) this.#schedule(frameworkDir(workDir, ids));
  }

  /** The runs of an executor that goes on. */
  async #scheduleRuns(executor: string, isLive: (containerId: string) => boolean): Promise<void> {
    for (const run of await namesIn(`${executor}/runs`))
      if (run !== 'latest' && !isLive(run)) this.#schedule(`${executor}/runs/${run}`);
  }

  #schedule(path: string): void {
    const { collector, logger } = this.#options;
    try {
      // The age of a directory counts from the end of its task, not from its last new file.
      touch(path);
      collector.schedule(path);
    } catch (error) {
      logger.warn({ path, reason: messageOf(error) }, 'a finished directory cannot be scheduled for collection');
    }
  }
}

async function namesIn(path: string): Promise<readonly string[]> {
  return readdir(path).catch(() => []);
}

/** One that is gone need not be collected. */
function touch(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // `schedule` looks for itself.
  }
}
