/**
 * Makes the sandbox of a run: directories down to it belong to the agent, the sandbox itself to the task's user, and the
 * `latest` links point to it (spec page 08, section 8.1).
 *
 * The directories above a sandbox are never writable by a task's user: everything else here relies on that.
 *
 * Synchronous on purpose: a handful of calls that only touch the kernel's cache cost some 10 us each, and several times
 * that when each goes to a thread of the pool and back.
 */
import { chmodSync, chownSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { MesoError, messageOf } from '../../base/error.js';
import { agentDir, agentsDir, executorDir, latestAgentLink, latestRunLink, type RunIds, runDir } from './paths.js';

const SANDBOX_MODE = 0o750;
const PARENT_MODE = 0o755;

export interface CreateSandboxOptions {
  readonly workDir: string;
  readonly ids: RunIds;
  /** Absent: the sandbox stays the agent's. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

/** Returns the sandbox's path. Making it twice changes nothing. Throws MesoError DISK. */
export function createSandbox(options: CreateSandboxOptions): string {
  const { workDir, ids, owner } = options;
  const sandbox = runDir(workDir, ids);
  try {
    mkdirSync(`${executorDir(workDir, ids)}/runs`, { recursive: true, mode: PARENT_MODE });
    mkdirSync(sandbox, { recursive: true, mode: SANDBOX_MODE });
    chmodSync(sandbox, SANDBOX_MODE);
    if (owner !== undefined) chownSync(sandbox, owner.uid, owner.gid);
    replaceLink(latestRunLink(workDir, ids), ids.containerId);
    return sandbox;
  } catch (error) {
    if (error instanceof MesoError) throw error;
    throw new MesoError('DISK', `cannot make the sandbox ${sandbox}: ${messageOf(error)}`, { cause: error });
  }
}

/** Makes the directory of an agent id and lets `slaves/latest` point to it. Throws MesoError DISK. */
export function createAgentDir(workDir: string, agentId: string): string {
  const path = agentDir(workDir, agentId);
  try {
    mkdirSync(path, { recursive: true, mode: PARENT_MODE });
    chmodSync(agentsDir(workDir), PARENT_MODE);
    replaceLink(latestAgentLink(workDir), agentId);
    return path;
  } catch (error) {
    throw new MesoError('DISK', `cannot make the directory ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** In one step for whoever looks: the old link or the new one, never none. */
function replaceLink(path: string, target: string): void {
  if (maybeLink(path, target)) return;
  const fresh = `${path}.${target}`;
  rmSync(fresh, { force: true });
  symlinkSync(target, fresh);
  renameSync(fresh, path);
}

/** False: something is there already, as it is for every run of an executor but the first. */
function maybeLink(path: string, target: string): boolean {
  try {
    symlinkSync(target, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
