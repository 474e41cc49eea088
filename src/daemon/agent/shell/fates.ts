/** Asks the containerizer what became of the containers of the checkpoint. */
import type { ContainerCheckpoint, Containerizer } from '../../../runtime/containerizer.js';
import type * as checkpoint from '../../../wire/gen/mesoctl-checkpoint.js';
import type { CheckpointState, ContainerFate } from '../core/protocol.js';

/** By container id. Containers that the checkpoint does not know are destroyed. */
export async function findFates(
  containerizer: Containerizer,
  { containers }: CheckpointState,
): Promise<ReadonlyMap<string, ContainerFate>> {
  const recovered = await containerizer.recover(containers.map(toContainerCheckpoint));
  return new Map(
    recovered.map((container): [string, ContainerFate] => [
      container.containerId,
      container.state === 'running'
        ? { state: 'running', pid: container.process.pid }
        : { state: 'ended', termination: container.termination },
    ]),
  );
}

function toContainerCheckpoint(container: checkpoint.Container): ContainerCheckpoint {
  return {
    containerId: container.container_id.value,
    supervisorPid: container.supervisor_pid,
    supervisorStartTicks: Number(container.supervisor_start_ticks),
    bootId: container.boot_id,
    initPid: container.init_pid,
    cgroup: container.cgroup,
    runtimeDir: container.runtime_dir,
    sandboxDir: container.sandbox_dir,
  };
}
