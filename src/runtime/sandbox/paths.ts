/**
 * Where an agent keeps sandboxes, as functions from ids to paths (spec page 08, section 8.1).
 *
 * An id becomes exactly one path component. One that cannot (empty, ".", "..", with a slash or a NUL, too long) is
 * refused here once more, although validation of calls refuses it first: a path built from it would leave the work
 * directory.
 */
import { MesoError } from '../../base/error.js';

const MAX_COMPONENT_BYTES = 255;

/** Names one run of one executor; for a command task the executor id is the task id. */
export interface RunIds {
  readonly agentId: string;
  readonly frameworkId: string;
  readonly executorId: string;
  readonly containerId: string;
}

/** Whether `id` names a directory entry and nothing else. */
export function isPathComponent(id: string): boolean {
  return (
    id.length > 0 &&
    id !== '.' &&
    id !== '..' &&
    !id.includes('/') &&
    !id.includes('\0') &&
    Buffer.byteLength(id) <= MAX_COMPONENT_BYTES
  );
}

/** `<workDir>/slaves`: one directory per agent id and the link `latest`. */
export function agentsDir(workDir: string): string {
  return `${workDir}/slaves`;
}

export function agentDir(workDir: string, agentId: string): string {
  return `${agentsDir(workDir)}/${component(agentId)}`;
}

export function frameworkDir(workDir: string, ids: Pick<RunIds, 'agentId' | 'frameworkId'>): string {
  return `${agentDir(workDir, ids.agentId)}/frameworks/${component(ids.frameworkId)}`;
}

export function executorDir(workDir: string, ids: Omit<RunIds, 'containerId'>): string {
  return `${frameworkDir(workDir, ids)}/executors/${component(ids.executorId)}`;
}

/** The sandbox of a run. */
export function runDir(workDir: string, ids: RunIds): string {
  return `${executorDir(workDir, ids)}/runs/${component(ids.containerId)}`;
}

/** The link `latest` beside the runs of an executor. */
export function latestRunLink(workDir: string, ids: Omit<RunIds, 'containerId'>): string {
  return `${executorDir(workDir, ids)}/runs/latest`;
}

/** The link `latest` beside the agent directories. */
export function latestAgentLink(workDir: string): string {
  return `${agentsDir(workDir)}/latest`;
}

/** Under which an operator reads the newest sandbox of an executor without knowing the agent's directories. */
export function virtualLatestPath(ids: Pick<RunIds, 'frameworkId' | 'executorId'>): string {
  return `/frameworks/${component(ids.frameworkId)}/executors/${component(ids.executorId)}/runs/latest`;
}

/** The same for one run. */
export function virtualRunPath(ids: Pick<RunIds, 'frameworkId' | 'executorId' | 'containerId'>): string {
  return `/frameworks/${component(ids.frameworkId)}/executors/${component(ids.executorId)}/runs/${component(ids.containerId)}`;
}

function component(id: string): string {
  if (isPathComponent(id)) return id;
  throw new MesoError('BAD_INPUT', `the id ${JSON.stringify(id.slice(0, 80))} cannot be used as a directory name`);
}
