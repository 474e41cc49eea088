/**
 * Makes the places at which a container sees its volumes: a directory to mount on where it has a mount namespace, else a
 * link to the volume. The sandbox may belong to somebody who swaps its parts meanwhile, so every step is relative to an
 * open directory and follows no link; the supervisor mounts by the same rule. Source: spec page 17, section 17.4.
 */
import { constants } from 'node:fs';
import { chown, type FileHandle, mkdir, open, symlink } from 'node:fs/promises';
import { MesoError, messageOf } from '../../base/error.js';
import type { ContainerVolume } from '../containerizer.js';
import { pathOfHandle } from '../sandbox/opened-node.js';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const PLACE_MODE = 0o755;

export interface VolumePlaces {
  readonly sandboxDir: string;
  readonly volumes: readonly ContainerVolume[];
  /** False: there is no mount namespace, a link must do. */
  readonly mounts: boolean;
}

/** Throws MesoError LAUNCH_FAILED. */
export async function placeVolumes({ sandboxDir, volumes, mounts }: VolumePlaces): Promise<void> {
  for (const volume of volumes) {
    try {
      await placeVolume(sandboxDir, volume, mounts);
    } catch (error) {
      const where = `disk.volume.container_path '${volume.containerPath}'`;
      throw new MesoError('LAUNCH_FAILED', `cannot make ${where}: ${messageOf(error)}`, { cause: error });
    }
  }
}

async function placeVolume(sandboxDir: string, volume: ContainerVolume, mounts: boolean): Promise<void> {
  const components = volume.containerPath.split('/');
  const last = mounts ? undefined : components.pop();
  let directory = await open(sandboxDir, DIRECTORY);
  try {
    for (const name of components) {
      const next = await enter(directory, name);
      await directory.close();
      directory = next;
    }
    if (last !== undefined) await symlink(volume.source, `${pathOfHandle(directory)}/${last}`);
  } finally {
    await directory.close();
  }
}

/** A directory of the sandbox belongs to whom the sandbox belongs to. */
async function enter(parent: FileHandle, name: string): Promise<FileHandle> {
  const path = `${pathOfHandle(parent)}/${name}`;
  const { uid, gid } = await parent.stat();
  try {
    await mkdir(path, { mode: PLACE_MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const made = await open(path, DIRECTORY);
  try {
    if ((await made.stat()).uid !== uid) await chown(pathOfHandle(made), uid, gid);
    return made;
  } catch (error) {
    await made.close();
    throw error;
  }
}
