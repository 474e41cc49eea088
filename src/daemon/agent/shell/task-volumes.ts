/**
 * The persistent volumes of a task that is being launched: finds their directories and gives them to the task's user. The
 * owner of a shared volume does not change while another task has it. Source: spec page 05, section 5.7.
 */

import { MesoError } from '../../../base/error.js';
import { isRejection } from '../../../base/rejection.js';
import { upgradeResource } from '../../../offers/resources/validation.js';
import type { ContainerVolume } from '../../../runtime/containerizer.js';
import { type VolumeUse, volumeKey, volumeUsesOf } from '../../../runtime/volumes/volume.js';
import type { VolumeDirectories } from '../../../runtime/volumes/volume-directories.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type { LaunchRequest } from '../core/protocol.js';
import type { TaskView } from '../core/view.js';

export class TaskVolumes {
  readonly #directories: Pick<VolumeDirectories, 'give'>;
  readonly #liveTasks: () => readonly TaskView[];

  constructor(directories: Pick<VolumeDirectories, 'give'>, liveTasks: () => readonly TaskView[]) {
    this.#directories = directories;
    this.#liveTasks = liveTasks;
  }

  /** `owner` undefined: the task runs as the agent. Throws MesoError: the volume is not there. */
  async prepare(
    { containerId, task }: LaunchRequest,
    owner: { readonly uid: number; readonly gid: number } | undefined,
  ): Promise<readonly ContainerVolume[]> {
    const volumes: ContainerVolume[] = [];
    for (const use of usesOf(task)) {
      const keepsOwner = use.shared && this.#isUsedByOthers(use, containerId);
      const source = await this.#directories.give(use.volume, keepsOwner ? undefined : owner);
      volumes.push({ source, containerPath: use.containerPath, readOnly: use.readOnly });
    }
    return volumes;
  }

  #isUsedByOthers({ volume }: VolumeUse, containerId: string): boolean {
    const key = volumeKey(volume);
    return this.#liveTasks().some(
      (task) =>
        task.phase !== 'over' &&
        task.containerId !== containerId &&
        usesOf(task.info).some((other) => volumeKey(other.volume) === key),
    );
  }
}

function usesOf({ resources }: mesos.TaskInfo): readonly VolumeUse[] {
  const uses = volumeUsesOf((resources ?? []).map(upgradeResource));
  if (isRejection(uses)) throw new MesoError('LAUNCH_FAILED', uses.message);
  return uses;
}
