/**
 * What a persistent volume is on disk: which directory it is, and how a task sees it. Pure.
 * Source: spec page 05, section 5.7; page 17, section 17.4.
 */
import { isRejection, type Rejection, reject } from '../../base/rejection.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { isPathComponent } from '../sandbox/paths.js';

/** `root` and `path`: a directory of its own below the root; `mount`: the whole mount point, whatever its id. */
export type VolumePlace =
  | { readonly kind: 'root' }
  | { readonly kind: 'path'; readonly root: string }
  | { readonly kind: 'mount'; readonly root: string };

export interface Volume {
  readonly role: string;
  readonly id: string;
  readonly place: VolumePlace;
}

/** How one task sees one volume. */
export interface VolumeUse {
  readonly volume: Volume;
  /** Below the sandbox, without `.` and empty components. */
  readonly containerPath: string;
  readonly readOnly: boolean;
  /** Other tasks may be using it: it does not change its owner under them. */
  readonly shared: boolean;
}

/** Names that the supervisor opens in every sandbox. */
const LOG_NAMES: readonly string[] = ['stdout', 'stderr'];

/** undefined: no persistent volume. `resource` is in stack format. */
export function volumeOf(resource: mesos.Resource): Volume | Rejection | undefined {
  const { disk } = resource;
  if (disk?.persistence === undefined) return undefined;
  const { id } = disk.persistence;
  const role = resource.reservations?.at(-1)?.role ?? '*';
  if (!isPathComponent(id) || !isPathComponent(roleDirectory(role)))
    return reject('invalid', `the volume '${id}' of role '${role}' cannot name a directory`);
  const place = placeOf(disk.source);
  return isRejection(place) ? place : { role, id, place };
}

/** Tells volumes of one agent apart, whatever their size. */
export function volumeKey({ role, id, place }: Volume): string {
  return JSON.stringify([role, id, place.kind, place.kind === 'root' ? '' : place.root]);
}

export function describeVolume({ role, id }: Volume): string {
  return `volume '${id}' of role '${role}'`;
}

/** Where volumes can lie on an agent with these resources. */
export function findPlaces(resources: readonly mesos.Resource[]): readonly VolumePlace[] {
  const places = new Map<string, VolumePlace>([['root', { kind: 'root' }]]);
  for (const { disk } of resources) {
    const place = placeOf(disk?.source);
    if (!isRejection(place)) places.set(JSON.stringify(place), place);
  }
  return [...places.values()];
}

/** The directory that is the disk. */
export function rootDirectory(workDir: string, place: VolumePlace): string {
  return place.kind === 'root' ? workDir : absoluteRoot(workDir, place.root);
}

/** Where volumes of a root lie. */
export function volumesDirectory(workDir: string, place: VolumePlace): string {
  const root = rootDirectory(workDir, place);
  return place.kind === 'mount' ? root : `${root}/volumes`;
}

/** The directory that holds the volume's data. */
export function volumeDirectory(workDir: string, { role, id, place }: Volume): string {
  const directory = volumesDirectory(workDir, place);
  return place.kind === 'mount' ? directory : `${directory}/roles/${roleDirectory(role)}/${id}`;
}

/** How a task with these resources sees its volumes, or why it cannot. Resources in stack format; others are left out. */
export function volumeUsesOf(resources: readonly mesos.Resource[]): readonly VolumeUse[] | Rejection {
  const uses: VolumeUse[] = [];
  for (const resource of resources) {
    const use = volumeUseOf(resource);
    if (isRejection(use)) return use;
    if (use !== undefined) uses.push(use);
  }
  return findOverlap(uses) ?? uses;
}

function volumeUseOf(resource: mesos.Resource): VolumeUse | Rejection | undefined {
  const volume = volumeOf(resource);
  if (volume === undefined || isRejection(volume)) return volume;
  const mounted = resource.disk?.volume;
  const containerPath = containerPathOf(mounted?.container_path ?? '');
  if (isRejection(containerPath)) return containerPath;
  return { volume, containerPath, readOnly: mounted?.mode === 'RO', shared: resource.shared !== undefined };
}

/** The first two volumes of a task that would lie in one another. */
function findOverlap(uses: readonly VolumeUse[]): Rejection | undefined {
  const paths = uses.map(({ containerPath }) => containerPath).sort();
  for (const [i, path] of paths.entries()) {
    const inside = paths.slice(i + 1).find((other) => other === path || other.startsWith(`${path}/`));
    if (inside !== undefined)
      return reject('invalid', `disk.volume.container_path: two volumes lie in one another, '${path}' and '${inside}'`);
  }
  return undefined;
}

function containerPathOf(given: string): string | Rejection {
  const refuse = (why: string) => reject('invalid', `disk.volume.container_path '${given}' ${why}`);
  if (given.startsWith('/')) return refuse('is absolute: a task without an image sees its volumes in its sandbox');
  const components = given.split('/').filter((component) => component !== '' && component !== '.');
  if (components.includes('..')) return refuse("has '..' in it");
  if (components.length === 0) return refuse('names the sandbox itself');
  if (!components.every(isPathComponent)) return refuse('cannot be the name of a directory');
  if (LOG_NAMES.includes(components[0] ?? '')) return refuse('is where the output of the task goes');
  return components.join('/');
}

function placeOf(source: mesos.Resource_DiskInfo_Source | undefined): VolumePlace | Rejection {
  switch (source?.type) {
    case undefined:
      return { kind: 'root' };
    case 'PATH':
      return source.path?.root === undefined
        ? reject('invalid', 'disk.source.path.root is missing')
        : { kind: 'path', root: source.path.root };
    case 'MOUNT':
      return source.mount?.root === undefined
        ? reject('invalid', 'disk.source.mount.root is missing')
        : { kind: 'mount', root: source.mount.root };
    default:
      return reject('unimplemented', `persistent volumes on ${source?.type} disks are not supported`);
  }
}

/** Names of roles have no blanks, so no two roles share a directory. */
function roleDirectory(role: string): string {
  return role.replaceAll('/', ' ');
}

function absoluteRoot(workDir: string, root: string): string {
  const path = root.startsWith('/') ? root : `${workDir}/${root}`;
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
