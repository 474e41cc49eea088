/**
 * What became of containers while no agent looked. A container that ended has its status file; one whose supervisor
 * was killed has none and was killed with it; one that no checkpoint knows is destroyed. Nothing here trusts a pid
 * without its start time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../base/error.js';
import { Cgroup } from './cgroups/cgroup.js';
import { findMemoryRecord } from './cgroups/read-memory.js';
import type { ContainerCheckpoint, ContainerTermination } from './containerizer.js';
import { memoryLimitation } from './isolators/cgroups-mem.js';
import type { LinuxContainerizerOptions } from './linux-containerizer-options.js';
import type { Machine } from './machine.js';
import { isSameProcess } from './process-tree.js';
import { killedTermination, terminationOf, unknownTermination } from './termination.js';

const EMPTY_TIMEOUT_MS = 10_000;

type Surroundings = Pick<LinuxContainerizerOptions, 'clock' | 'logger'>;

/** The end of a container whose supervisor does not live any more; what it left in its cgroup is killed first. */
export async function findEnded(
  checkpoint: ContainerCheckpoint,
  isThisBoot: boolean,
  machine: Machine,
  surroundings: Surroundings,
): Promise<ContainerTermination> {
  const { containerId } = checkpoint;
  const record = machine.records.findStatus(containerId);
  const hadRecord = machine.records.findContainer(containerId) !== undefined;
  const cgroup = checkpoint.cgroup === undefined ? undefined : new Cgroup(checkpoint.cgroup);
  if (isThisBoot) await killInit(containerId, machine);
  await cgroup?.empty(surroundings.clock, EMPTY_TIMEOUT_MS);
  const memory = cgroup === undefined ? undefined : await findMemoryRecord(cgroup);
  await removeCgroup(cgroup, containerId, surroundings);
  if (record !== undefined) return terminationOf(containerId, record);
  return isThisBoot && hadRecord
    ? killedTermination(containerId, memoryLimitation(memory))
    : unknownTermination(containerId);
}

/** Init dies with its supervisor; this is for the moment in between. */
async function killInit(containerId: string, machine: Machine): Promise<void> {
  const record = machine.records.findContainer(containerId);
  if (record === undefined || record.bootId !== machine.bootId) return;
  if (await isSameProcess(record.initPid, record.initStartTicks)) {
    try {
      process.kill(record.initPid, 'SIGKILL');
    } catch {
      // It ended in between.
    }
  }
}

async function removeCgroup(cgroup: Cgroup | undefined, containerId: string, { logger }: Surroundings): Promise<void> {
  await cgroup?.remove().catch((error) => {
    logger.warn({ containerId, reason: messageOf(error) }, 'cannot remove a cgroup');
  });
}

/** Destroys every container on the machine that is not in `known`, and removes what it left. */
export async function destroyOrphans(
  known: ReadonlySet<string>,
  machine: Machine,
  surroundings: Surroundings,
): Promise<void> {
  const found = new Set([...(await machine.records.containers()), ...((await machine.cgroupRoot?.containers()) ?? [])]);
  const orphans = [...found].filter((containerId) => !known.has(containerId));
  await Promise.all(
    orphans.map(async (containerId) => {
      surroundings.logger.info({ containerId }, 'destroying a container that no checkpoint knows');
      await destroyOrphan(containerId, machine, surroundings);
    }),
  );
}

async function destroyOrphan(containerId: string, machine: Machine, surroundings: Surroundings): Promise<void> {
  const record = machine.records.findContainer(containerId);
  const cgroup = machine.cgroupRoot?.container(containerId);
  await killInit(containerId, machine);
  const isEmpty = (await cgroup?.empty(surroundings.clock, EMPTY_TIMEOUT_MS)) ?? true;
  if (!isEmpty) surroundings.logger.error({ containerId }, 'processes of an orphan cannot be killed');
  // Its supervisor sees the end, writes a status and leaves: only then may its directory go.
  if (record !== undefined && record.bootId === machine.bootId)
    await Promise.race([
      machine.launcher.watch(record.supervisorPid, record.supervisorStartTicks),
      delay(EMPTY_TIMEOUT_MS, undefined, { ref: false }),
    ]);
  await removeCgroup(cgroup, containerId, surroundings);
  await machine.records.remove(containerId);
}
