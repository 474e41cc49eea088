/**
 * A master and agents in this process, in a temporary directory, for trying things out. Uses the same daemons, flags and
 * defaults as real ones, nothing of the environment.
 *
 * Invariants: `stop` ends every task and removes directory and cgroups, also after a start that failed half way; no
 * container runs with less isolation than `isolation` says.
 */
import { mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MesoError, messageOf } from '../../base/error.js';
import type { Logger } from '../../base/system/logger.js';
import { findCgroupHierarchy } from '../../runtime/cgroups/hierarchy.js';
import { readCapacity } from '../../runtime/fingerprint/machine.js';
import { findStrongestIsolation, type StrongestIsolation } from '../../runtime/isolators/requirements.js';
import { removeRuntimeDir } from '../../runtime/runtime-dir.js';
import type { AgentHandle } from '../agent/agent-handle.js';
import { startAgent } from '../agent/main.js';
import { loadAgentConfig, loadMasterConfig } from '../config/load-config.js';
import type { FlagInput } from '../config/resolve-flags.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { startMaster } from '../master/main.js';
import { shareOfMachine } from './divide-machine.js';

export interface DevClusterOptions {
  readonly agents: number;
  /** Of the master; 0: any free one. */
  readonly port: number;
  readonly logger: Logger;
  /** Gives up starting. */
  readonly signal?: AbortSignal | undefined;
}

export interface DevCluster {
  readonly master: { readonly ip: string; readonly port: number };
  /** `http://ip:port` */
  readonly agentUrls: readonly string[];
  readonly isolation: StrongestIsolation;
  readonly directory: string;
  /** Kills what runs and removes everything. Never rejects. */
  stop(): Promise<void>;
}

/** Whoever ends a dev cluster has given its tasks their own grace, or does not want to wait. */
const GRACE_AT_THE_END = '500ms';
const REGISTRATION_DEADLINE_MS = 15_000;
const UNREGISTER_DEADLINE_MS = 20_000;
const REMOVE_DEADLINE_MS = 10_000;

/** Throws ISOLATION_MISSING where no container can be tracked, TIMEOUT, and what the daemons throw. */
export async function startDevCluster(options: DevClusterOptions): Promise<DevCluster> {
  const isolation = await findStrongestIsolation();
  if (isolation.isolation.length === 0)
    throw new MesoError('ISOLATION_MISSING', 'this machine offers no way to tell the processes of a task from others', {
      suggestions: ['mesoctl doctor'],
    });
  const lifecycle = new Lifecycle(options.logger);
  try {
    return await startParts(options, isolation, lifecycle);
  } catch (error) {
    await lifecycle.stop('the start failed');
    throw error;
  }
}

async function startParts(
  { agents: count, port, logger, signal }: DevClusterOptions,
  isolation: StrongestIsolation,
  lifecycle: Lifecycle,
): Promise<DevCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'mesoctl-dev-'));
  lifecycle.defer(
    'directory',
    () => rm(directory, { recursive: true, force: true, maxRetries: 3 }),
    REMOVE_DEADLINE_MS,
  );
  const cgroupsRoot = `mesoctl-dev-${process.pid}`;
  lifecycle.defer('cgroups', () => removeCgroup(cgroupsRoot));
  const { config } = loadMasterConfig(sourcesOf({ port, 'work-dir': join(directory, 'master') }));
  const master = await startMaster(config, logger);
  lifecycle.defer('master', () => master.stop());
  const { ip, port: masterPort } = master.address;
  const capacity = await readCapacity(directory);
  const agents: AgentHandle[] = [];
  for (let index = 0; index < count; index++) {
    signal?.throwIfAborted();
    const flags = {
      master: `${ip}:${masterPort}`,
      port: 0,
      hostname: count === 1 ? undefined : `agent-${index + 1}`,
      'work-dir': join(directory, `agent-${index + 1}`),
      'cgroups-root': `${cgroupsRoot}/agent-${index + 1}`,
      isolation: isolation.isolation.join(','),
      resources: shareOfMachine(capacity, index, count),
      'executor-shutdown-grace-period': GRACE_AT_THE_END,
    };
    const agent = await startAgent(loadAgentConfig(sourcesOf(flags)).config, logger);
    lifecycle.defer(`agent-${index + 1}`, () => endForGood(agent, flags['work-dir']), UNREGISTER_DEADLINE_MS);
    agents.push(agent);
  }
  await Promise.all(agents.map(registered));
  return {
    master: { ip, port: masterPort },
    agentUrls: agents.map(({ url }) => url),
    isolation,
    directory,
    stop: () => lifecycle.stop('asked to'),
  };
}

/** Nothing of MESOS_*: a dev cluster is the same everywhere. */
function sourcesOf(flags: Readonly<Record<string, FlagInput | undefined>>) {
  return { flags, env: {} };
}

async function registered(agent: AgentHandle): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(
          new MesoError(
            'TIMEOUT',
            `the agent at ${agent.url} was not admitted within ${REGISTRATION_DEADLINE_MS / 1000}s`,
          ),
        ),
      REGISTRATION_DEADLINE_MS,
    );
  });
  const ended = agent.ended.then((end) => {
    throw new MesoError(
      'AGENT_REFUSED',
      `the agent at ${agent.url} ended before it was admitted: ${end.kind}${end.kind === 'failed' ? ` (${messageOf(end.error)})` : ''}`,
    );
  });
  // After the race its rejection is the agent's ordinary end.
  ended.catch(() => undefined);
  try {
    await Promise.race([agent.registered, ended, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The agents removed their own directories below it. */
async function removeCgroup(name: string): Promise<void> {
  const hierarchy = await findCgroupHierarchy();
  if (hierarchy === undefined) return;
  await rmdir(join(hierarchy.mount, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** Nobody starts on this work directory again, so what the agent keeps outside of it goes as well. */
async function endForGood(agent: AgentHandle, workDir: string): Promise<void> {
  await agent.unregister();
  removeRuntimeDir(workDir);
}
