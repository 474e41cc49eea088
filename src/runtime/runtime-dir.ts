/**
 * Decides where an agent keeps the records of its containers: in memory where that is safe, else in its work directory.
 * A record only tells about containers of this boot, so it has to survive every process but not the machine; in memory
 * its files cost neither a flush nor an inode of the disk.
 *
 * Invariant: `<work dir>/runtime` is the one name of the place, across restarts: a directory, or a link to the directory
 * in memory. A directory stays where it is, since the containers it tells about may still run.
 */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, statfsSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { MesoError, messageOf } from '../base/error.js';

const LINK = 'runtime';
/** Holds the directories of all agents of a machine. */
const PARENT = 'mesoctl';
const PRIVATE_MODE = 0o700;
const PARENT_MODE = 0o755;
const OTHERS_MAY_WRITE = 0o022;
const TMPFS_MAGIC = 0x01021994;
/** Some ten thousand records; a smaller file system, such as /dev/shm of many containers, is meant for other things. */
const MIN_FREE_BYTES = 256 * 1024 * 1024;
/** Emptied at boot, writable by root, not cleaned up by anybody meanwhile. */
const VOLATILE_ROOTS = ['/run', '/dev/shm'];

export interface RuntimeDirOptions {
  /** Where to look for a file system in memory; for tests. */
  readonly roots?: readonly string[] | undefined;
}

/** Returns the directory, made for this user alone if it was missing. Throws MesoError DISK. */
export function openRuntimeDir(workDir: string, options: RuntimeDirOptions = {}): string {
  const path = join(workDir, LINK);
  try {
    mkdirSync(workDir, { recursive: true });
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isSymbolicLink() === true) return reopen(path);
    if (found === undefined) {
      const target = makeVolatile(workDir, options.roots ?? VOLATILE_ROOTS);
      if (target !== undefined) return link(path, target);
    }
    mkdirSync(path, { recursive: true, mode: PRIVATE_MODE });
    return path;
  } catch (error) {
    throw new MesoError('DISK', `cannot make the directory ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** Removes what is outside of a work directory that is about to be removed itself. No agent uses it any more. */
export function removeRuntimeDir(workDir: string): void {
  const path = join(workDir, LINK);
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  rmSync(readlinkSync(path), { recursive: true, force: true });
  rmSync(path);
}

/** After a boot the link leads to nothing, and nothing is missed. */
function reopen(path: string): string {
  const target = readlinkSync(path);
  try {
    if (statSync(target, { throwIfNoEntry: false }) !== undefined) return target;
    mkdirSync(join(target, '..'), { recursive: true, mode: PARENT_MODE });
    mkdirSync(target, { mode: PRIVATE_MODE });
    return target;
  } catch {
    // It cannot be had any more. Not half of the records here and half there: the link goes.
    rmSync(path);
    mkdirSync(path, { mode: PRIVATE_MODE });
    return path;
  }
}

/** In one step, so that an agent that is killed here finds the link or nothing. */
function link(path: string, target: string): string {
  const fresh = `${path}.new`;
  rmSync(fresh, { force: true });
  symlinkSync(target, fresh);
  renameSync(fresh, path);
  return target;
}

/** The directory of this very work directory, not of another one that has its path in another mount namespace. */
function makeVolatile(workDir: string, roots: readonly string[]): string | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  const { dev, ino } = statSync(workDir);
  const name = createHash('sha256').update(`${dev}:${ino}:${workDir}`).digest('hex').slice(0, 16);
  for (const root of roots) {
    if (!isRoomyTmpfs(root)) continue;
    const parent = join(root, PARENT);
    const target = join(parent, name);
    if (isOwn(parent, PARENT_MODE) && isOwn(target, PRIVATE_MODE)) return target;
  }
  return undefined;
}

function isRoomyTmpfs(root: string): boolean {
  try {
    const { type, bavail, bsize } = statfsSync(root);
    return type === TMPFS_MAGIC && bavail * bsize >= MIN_FREE_BYTES;
  } catch {
    return false;
  }
}

/** A directory, not a link, that only its owner may write, and we are that; made if missing. Anybody may write /dev/shm. */
function isOwn(path: string, mode: number): boolean {
  try {
    mkdirSync(path, { mode });
  } catch {
    // Probably there already; what it is decides.
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.geteuid?.() && (found.mode & OTHERS_MAY_WRITE) === 0;
}
