/**
 * Makes the sandbox of a run: directories down to it belong to the agent, the sandbox itself to the task's user, and the
 * `latest` links point to it (spec page 08, section 8.1).
 *
 * The directories above a sandbox are never writable by a task's user: everything else here relies on that.
 */
import { chmod, chown, mkdir, rename, rm, symlink } from 'node:fs/promises';
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
export async function createSandbox(options: CreateSandboxOptions): Promise<string> {
  const { workDir, ids, owner } = options;
  const sandbox = runDir(workDir, ids);
  try {
    await mkdir(`${executorDir(workDir, ids)}/runs`, { recursive: true, mode: PARENT_MODE });
    await mkdir(sandbox, { recursive: true, mode: SANDBOX_MODE });
    await chmod(sandbox, SANDBOX_MODE);
    if (owner !== undefined) await chown(sandbox, owner.uid, owner.gid);
    await replaceLink(latestRunLink(workDir, ids), ids.containerId);
    return sandbox;
  } catch (error) {
    if (error instanceof MesoError) throw error;
    throw new MesoError('DISK', `cannot make the sandbox ${sandbox}: ${messageOf(error)}`, { cause: error });
  }
}

/** Makes the directory of an agent id and lets `slaves/latest` point to it. Throws MesoError DISK. */
export async function createAgentDir(workDir: string, agentId: string): Promise<string> {
  const path = agentDir(workDir, agentId);
  try {
    await mkdir(path, { recursive: true, mode: PARENT_MODE });
    await chmod(agentsDir(workDir), PARENT_MODE);
    await replaceLink(latestAgentLink(workDir), agentId);
    return path;
  } catch (error) {
    throw new MesoError('DISK', `cannot make the directory ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** In one step for whoever looks: the old link or the new one, never none. */
async function replaceLink(path: string, target: string): Promise<void> {
  const fresh = `${path}.${target}`;
  await rm(fresh, { force: true });
  await symlink(target, fresh);
  await rename(fresh, path);
}
