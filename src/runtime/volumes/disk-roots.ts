/**
 * Are the disks of --resources there? Asked before an agent announces itself, because later everything takes its word for
 * it: a volume on a disk that is not mounted would lie on another one, and DESTROY empties a MOUNT disk as a whole.
 * Relative roots of PATH disks are the agent's own and are made; all others must be there. Changes nothing else.
 * Source: spec page 05, section 5.7.
 */
import { mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, normalize } from 'node:path';
import { MesoError, messageOf } from '../../base/error.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { isBelow } from '../path-below.js';
import { mountPointsBelow } from '../sandbox/mount-points.js';
import { rootDirectory } from './volume.js';

interface DiskRoot {
  readonly kind: 'path' | 'mount';
  /** As it was given. */
  readonly root: string;
}

/** Throws MesoError BAD_INPUT, which says what is wrong and what to do. `resources`: as configured. */
export async function requireDiskRoots(resources: readonly mesos.Resource[], workDir: string): Promise<void> {
  const disks = resources.flatMap(diskRootOf);
  const real = new Map<DiskRoot, string>();
  for (const disk of disks) real.set(disk, await requireRoot(disk, workDir));
  requireApart([...real], await realpath(workDir));
}

/** Whether something is mounted there, of which `path` is not just a part. Links are followed. */
export async function isMountPoint(path: string): Promise<boolean> {
  const real = await realpath(path);
  return mountPointsBelow(await readFile('/proc/self/mountinfo', 'utf8'), real).includes(real);
}

/** None for what has no disk of its own. Throws for what no agent can have. */
function diskRootOf({ disk, name, scalar, reservations }: mesos.Resource): readonly DiskRoot[] {
  if (disk?.persistence !== undefined || disk?.volume !== undefined)
    throw unfit('persistent volumes are not configured: they are made with CREATE');
  if (reservations?.some(({ type }) => type === 'DYNAMIC') === true)
    throw unfit(`the dynamic reservation of '${name}' is not configured: it is made with RESERVE`, [
      'a static reservation: {"type": "STATIC", "role": ROLE}, or name(role):value',
    ]);
  const source = disk?.source;
  if (source === undefined) return [];
  switch (source.type) {
    case 'PATH':
      return [{ kind: 'path', root: requireNamed('PATH', 'path', source.path?.root, scalar) }];
    case 'MOUNT':
      return [{ kind: 'mount', root: requireNamed('MOUNT', 'mount', source.mount?.root, scalar) }];
    default:
      throw unfit(`${source.type} disks are not supported: they need a resource provider`, [
        'a file system on it, mounted, as a MOUNT disk',
      ]);
  }
}

function requireNamed(
  type: string,
  member: string,
  root: string | undefined,
  scalar: mesos.Value_Scalar | undefined,
): string {
  if (root !== undefined && root !== '') return root;
  throw unfit(`a ${type} disk of ${scalar?.value ?? 0} MB has no root`, [
    `"source": {"type": "${type}", "${member}": {"root": "/where/it/is"}}`,
  ]);
}

/** Where it really is. */
async function requireRoot(disk: DiskRoot, workDir: string): Promise<string> {
  const path = rootDirectory(workDir, disk);
  const isOwn = !isAbsolute(disk.root);
  if (isOwn && normalize(disk.root).split('/')[0] === '..')
    throw unfit(`the disk root '${disk.root}' leads out of the work directory ${workDir}`, ['an absolute path']);
  try {
    if (isOwn && disk.kind === 'path') await mkdir(path, { recursive: true, mode: 0o755 });
    if (!(await stat(path)).isDirectory()) throw new Error('it is no directory');
    if (disk.kind === 'mount' && !(await isMountPoint(path))) throw new Error('nothing is mounted there');
    return await realpath(path);
  } catch (error) {
    throw unfit(`the ${disk.kind === 'path' ? 'PATH' : 'MOUNT'} disk ${path} cannot be used: ${messageOf(error)}`, [
      disk.kind === 'path'
        ? 'the path of a directory that exists'
        : `mount the disk on ${path} before the agent starts`,
    ]);
  }
}

/** A whole disk is emptied with its volume: nothing else of the agent may lie in it, and it cannot be two disks. */
function requireApart(disks: readonly (readonly [DiskRoot, string])[], workDir: string): void {
  for (const [disk, real] of disks) {
    if (disk.kind !== 'mount') continue;
    if (isBelow(workDir, real))
      throw unfit(`the MOUNT disk ${real} holds the work directory ${workDir}: DESTROY would delete it`, [
        'a work directory on another disk, or a PATH disk',
      ]);
    const inside = disks.find(([other, otherReal]) => other !== disk && isBelow(otherReal, real));
    if (inside !== undefined)
      throw unfit(`the MOUNT disk ${real} is one disk, as a whole, but the disk ${inside[1]} is on it as well`, [
        'leave one of them out of --resources',
      ]);
  }
}

function unfit(message: string, suggestions: readonly string[] = []): MesoError {
  return new MesoError('BAD_INPUT', `--resources: ${message}`, { suggestions });
}
