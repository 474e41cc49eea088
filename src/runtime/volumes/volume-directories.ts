/**
 * Makes and destroys the directories of persistent volumes. A change is carried out in full or undone, and carrying it
 * out again after a crash has the same result, so the agent may repeat what it does not know to be done.
 *
 * A volume is destroyed by one rename into `destroyed/`, from where its data is deleted: nobody ever sees half of it. Only
 * a mount point cannot be renamed; it is emptied. A new volume is always empty: a directory that holds anything already is
 * refused, because it may be somebody else's data. Deleting never follows a link (remove-tree.ts).
 * Source: spec page 05, section 5.7.
 */
import { constants, type Dirent } from 'node:fs';
import { chmod, type FileHandle, lstat, mkdir, open, readdir, rename, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MesoError, messageOf } from '../../base/error.js';
import type { Logger } from '../../base/system/logger.js';
import { removeTree } from '../sandbox/remove-tree.js';
import { isMountPoint as isMounted } from './disk-roots.js';
import {
  describeVolume,
  rootDirectory,
  type Volume,
  type VolumePlace,
  volumeDirectory,
  volumesDirectory,
} from './volume.js';

/** Others than the owner have no business in a volume. */
const VOLUME_MODE = 0o750;
const PARENT_MODE = 0o755;
const DESTROYED = 'destroyed';
/** Made by mkfs in a file system of its own; its tools want it there. */
const LOST_AND_FOUND = 'lost+found';

/** Of one operation. */
export interface VolumeChange {
  /** Names the operation, as one path component; the same when it is repeated. */
  readonly key: string;
  readonly create: readonly Volume[];
  readonly destroy: readonly Volume[];
}

export interface VolumeDirectoriesOptions {
  readonly workDir: string;
  readonly logger: Logger;
  /** Stands in for the kernel's mount table. */
  isMountPoint?(path: string): Promise<boolean>;
}

export class VolumeDirectories {
  readonly #options: VolumeDirectoriesOptions;

  constructor(options: VolumeDirectoriesOptions) {
    this.#options = options;
  }

  path(volume: Volume): string {
    return volumeDirectory(this.#options.workDir, volume);
  }

  /** Throws MesoError DISK; everything is as before then, but for the content of a mount point. */
  async change({ key, create, destroy }: VolumeChange): Promise<void> {
    await this.#createAll(create);
    await this.#destroyAll(key, destroy);
  }

  /**
   * Gives the top of a volume to the user of a task, and no more than the top. Throws MesoError DISK when it is not there:
   * an empty one in its place would hide the loss. Returns the directory.
   */
  async give(volume: Volume, owner: { readonly uid: number; readonly gid: number } | undefined): Promise<string> {
    const path = this.path(volume);
    try {
      await this.#requireRoot(volume.place);
      // A mount point may be named by a link of the operator's; below our own directories there are none.
      const directory = await openDirectory(volume.place.kind === 'mount' ? `${path}/.` : path);
      try {
        const { uid, gid } = await directory.stat();
        if (owner !== undefined && (uid !== owner.uid || gid !== owner.gid))
          await directory.chown(owner.uid, owner.gid);
      } finally {
        await directory.close();
      }
      return path;
    } catch (error) {
      throw diskError(`the ${describeVolume(volume)} cannot be used: ${messageOf(error)}`, error);
    }
  }

  /** Those without a directory: somebody else removed it, or its disk is not there. */
  async findMissing(volumes: readonly Volume[]): Promise<readonly Volume[]> {
    const missing: Volume[] = [];
    for (const volume of volumes) {
      try {
        await this.#requireRoot(volume.place);
        await (await openDirectory(`${this.path(volume)}/.`)).close();
      } catch {
        missing.push(volume);
      }
    }
    return missing;
  }

  /**
   * What an earlier agent process did not get to delete; `keys` are of operations that will be repeated. Asked before any
   * change: what lies there later may have to be moved back.
   */
  async findLeftovers(places: readonly VolumePlace[], keys: ReadonlySet<string>): Promise<readonly string[]> {
    const found: string[] = [];
    for (const place of places) {
      if (place.kind === 'mount') continue;
      const directory = this.#destroyedDirectory(place);
      for (const { name } of await entriesOf(directory))
        if (!keys.has(name.slice(0, name.lastIndexOf('-')))) found.push(`${directory}/${name}`);
    }
    return found;
  }

  /** Leftovers; what cannot be deleted is logged. */
  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.#remove(path);
  }

  async #createAll(volumes: readonly Volume[]): Promise<void> {
    try {
      for (const volume of volumes) await this.#create(volume);
    } catch (error) {
      // What this or an earlier try made is empty; what holds anything is not ours, and rmdir leaves it alone.
      for (const volume of volumes)
        if (volume.place.kind !== 'mount') await rmdir(this.path(volume)).catch(() => undefined);
      throw error;
    }
  }

  async #create(volume: Volume): Promise<void> {
    const path = this.path(volume);
    try {
      await this.#requireRoot(volume.place);
      if (volume.place.kind !== 'mount') await makeDirectory(path);
      const found = (await readdir(path)).filter((name) => volume.place.kind !== 'mount' || name !== LOST_AND_FOUND);
      if (found.length > 0)
        throw diskError(
          `${path} is not empty: it holds data that belongs to no volume of this agent; move it away or delete it first`,
        );
    } catch (error) {
      throw diskError(`the ${describeVolume(volume)} cannot be created: ${messageOf(error)}`, error);
    }
  }

  /** A disk that is not there (not mounted, say) must not be replaced by a directory on another one. */
  async #requireRoot(place: VolumePlace): Promise<void> {
    if (place.kind === 'root') return;
    const root = rootDirectory(this.#options.workDir, place);
    if (!(await lstat(`${root}/.`)).isDirectory()) throw diskError(`${root} is no directory`);
    const { isMountPoint = isMounted } = this.#options;
    if (place.kind === 'mount' && !(await isMountPoint(root))) throw diskError(`nothing is mounted on ${root}`);
  }

  async #destroyAll(key: string, volumes: readonly Volume[]): Promise<void> {
    const moves = volumes
      .filter(({ place }) => place.kind !== 'mount')
      .map((volume, i) => ({
        volume,
        from: this.path(volume),
        to: `${this.#destroyedDirectory(volume.place)}/${key}-${i}`,
      }));
    try {
      for (const { place } of volumes) await this.#requireRoot(place);
      for (const { from, to } of moves) await moveAway(from, to);
      for (const volume of volumes) if (volume.place.kind === 'mount') await emptyDirectory(this.path(volume));
    } catch (error) {
      for (const { from, to } of moves) await moveBack(to, from);
      const names = volumes.map(describeVolume).join(', ');
      throw diskError(`the ${names} cannot be destroyed: ${messageOf(error)}`, error);
    }
    for (const { to } of moves) await this.#remove(to);
  }

  async #remove(path: string): Promise<void> {
    const removal = await removeTree(path);
    if (removal.state === 'failed')
      this.#options.logger.error(
        { path, reason: messageOf(removal.error) },
        'the data of a destroyed volume cannot be deleted; the next start of the agent tries again',
      );
  }

  #destroyedDirectory(place: VolumePlace): string {
    return `${volumesDirectory(this.#options.workDir, place)}/${DESTROYED}`;
  }
}

/** Durable when it returns. One that exists already is left as it is. */
async function makeDirectory(path: string): Promise<void> {
  const parent = dirname(path);
  await mkdir(parent, { recursive: true, mode: PARENT_MODE });
  try {
    await mkdir(path, { mode: VOLUME_MODE });
    await chmod(path, VOLUME_MODE);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await lstat(path)).isDirectory()) throw error;
  }
  // Down from the root of the volumes, whose entry for them may be new as well.
  for (let above = parent, level = 0; level < 4; above = dirname(above), level++) await syncDirectory(above);
}

/** Durable when it returns. What is gone was moved by an earlier try: that is no failure, whatever else fails by now. */
async function moveAway(from: string, to: string): Promise<void> {
  if (!(await exists(from))) return;
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await rename(from, to);
  await syncDirectory(dirname(to));
  await syncDirectory(dirname(from));
}

/** Only what was moved away: one that is in its place was not. */
async function moveBack(from: string, to: string): Promise<void> {
  if (!(await exists(to))) await rename(from, to).catch(() => undefined);
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function emptyDirectory(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.name === LOST_AND_FOUND && entry.isDirectory()) {
      await emptyDirectory(`${path}/${entry.name}`);
      continue;
    }
    const removal = await removeTree(`${path}/${entry.name}`);
    if (removal.state === 'failed') throw removal.error;
  }
  await syncDirectory(path);
}

async function openDirectory(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await openDirectory(`${path}/.`);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function entriesOf(path: string): Promise<readonly Dirent[]> {
  return readdir(path, { withFileTypes: true }).catch(() => []);
}

function diskError(message: string, cause?: unknown): MesoError {
  return new MesoError('DISK', message, { cause });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
