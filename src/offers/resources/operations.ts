/**
 * The operations that turn some resources of an agent into others: RESERVE, UNRESERVE, CREATE, DESTROY, GROW_VOLUME and
 * SHRINK_VOLUME (spec page 01, "Operation validation"; page 05, 5.6 and 5.7). Master and agent apply the same conversions,
 * so their totals agree. Laws: every amount is preserved; RESERVE and UNRESERVE, CREATE and DESTROY, GROW and SHRINK undo
 * each other; a rejected operation changes nothing. What needs a framework, a principal or an agent is not judged here.
 */
import { isRejection, type Rejection, reject } from '../../base/rejection.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { validateId } from '../../wire/validation/ids.js';
import { kindOf } from './resource-kind.js';
import { fromMilli, toMilli } from './resource-value.js';
import { Resources } from './resources.js';
import { upgradeResource, validateResources } from './validation.js';

/** What an operation takes away and what it puts in its place; stack format, `allocation_info` as it was given. */
export interface Conversion {
  readonly consumed: Resources;
  readonly converted: Resources;
}

/** Of operations that are no conversions (LAUNCH, LAUNCH_GROUP, CREATE_DISK, DESTROY_DISK): `unimplemented`. */
export function conversionOf(operation: mesos.Offer_Operation): Conversion | Rejection {
  switch (operation.type) {
    case 'RESERVE':
      return reserve(operation.reserve);
    case 'UNRESERVE':
      return unreserve(operation.unreserve);
    case 'CREATE':
      return create(operation.create);
    case 'DESTROY':
      return destroy(operation.destroy);
    case 'GROW_VOLUME':
      return grow(operation.grow_volume);
    case 'SHRINK_VOLUME':
      return shrink(operation.shrink_volume);
    default:
      return reject('unimplemented', `${operation.type ?? 'an untyped operation'} does not convert resources`);
  }
}

/** `total` (not allocated) of an agent after the operation, whoever the resources were allocated to. */
export function applyOperation(total: Resources, operation: mesos.Offer_Operation): Resources | Rejection {
  const conversion = conversionOf(operation);
  return isRejection(conversion) ? conversion : applyConversion(total, unallocated(conversion));
}

/** `conflict`: `resources` do not contain what is consumed. `invalid`: a new volume's id is taken among them. */
export function applyConversion(resources: Resources, { consumed, converted }: Conversion): Resources | Rejection {
  if (!resources.contains(consumed)) return reject('conflict', `${resources} do not contain ${consumed}`);
  const rest = resources.subtract(consumed);
  const taken = volumeIds(rest);
  for (const id of volumeIds(converted))
    if (taken.has(id)) return reject('invalid', `the persistence id of ${describeVolume(id)} is in use on the agent`);
  return rest.add(converted);
}

/** The same without `allocation_info`, as an agent's total has it. */
export function unallocated({ consumed, converted }: Conversion): Conversion {
  return { consumed: consumed.unallocated(), converted: converted.unallocated() };
}

/** Every resource that a conversion names, as it was given. */
export function resourcesIn(operation: mesos.Offer_Operation): mesos.Resource[] {
  const found: mesos.Resource[] = [];
  mapResources(operation, (resource) => {
    found.push(resource);
    return resource;
  });
  return found;
}

/** The operation with each of its resources replaced; operations that are no conversions are returned as they are. */
export function mapResources(
  operation: mesos.Offer_Operation,
  change: (resource: mesos.Resource) => mesos.Resource,
): mesos.Offer_Operation {
  const { type, reserve, unreserve, create, destroy, grow_volume: grow, shrink_volume: shrink } = operation;
  const each = (resources: readonly mesos.Resource[] | undefined) => resources?.map(change);
  if (type === 'RESERVE' && reserve !== undefined)
    return { ...operation, reserve: { resources: each(reserve.resources), source: each(reserve.source) } };
  if (type === 'UNRESERVE' && unreserve !== undefined)
    return { ...operation, unreserve: { resources: each(unreserve.resources) } };
  if (type === 'CREATE' && create !== undefined) return { ...operation, create: { volumes: each(create.volumes) } };
  if (type === 'DESTROY' && destroy !== undefined) return { ...operation, destroy: { volumes: each(destroy.volumes) } };
  if (type === 'GROW_VOLUME' && grow !== undefined)
    return { ...operation, grow_volume: { volume: change(grow.volume), addition: change(grow.addition) } };
  if (type === 'SHRINK_VOLUME' && shrink !== undefined)
    return { ...operation, shrink_volume: { ...shrink, volume: change(shrink.volume) } };
  return operation;
}

// Reservations.

function reserve(message: mesos.Offer_Operation_Reserve | undefined): Conversion | Rejection {
  const reserved = given(message?.resources, 'reserve.resources');
  if (isRejection(reserved)) return reserved;
  const complaint = firstComplaint(reserved, reserveComplaint);
  if (complaint !== undefined) return complaint;
  const converted = Resources.of(reserved);
  const source = message?.source ?? [];
  if (source.length === 0) return { consumed: Resources.of(reserved.map(withoutTop)), converted };
  return reserveAgain(source, reserved, converted);
}

function reserveComplaint(resource: mesos.Resource): string | undefined {
  if (!isDynamic(resource)) return 'its last reservation is not DYNAMIC';
  if (resource.revocable !== undefined) return 'revocable resources cannot be reserved';
  return resource.disk?.persistence === undefined ? undefined : 'a persistent volume is reserved before it is created';
}

/** From the reservations of `source` to others: both sides are the same but for them, and each side has one stack. */
function reserveAgain(
  source: mesos.Resource[],
  reserved: readonly mesos.Resource[],
  converted: Resources,
): Conversion | Rejection {
  const from = given(source, 'reserve.source');
  if (isRejection(from)) return from;
  const complaint = firstComplaint(from, sourceComplaint);
  if (complaint !== undefined) return complaint;
  for (const [name, list] of [
    ['reserve.source', from],
    ['reserve.resources', reserved],
  ] as const)
    if (new Set(list.map(reservationsKey)).size > 1)
      return reject('invalid', `the resources in \`${name}\` are not all reserved alike`);
  if (!Resources.of(from.map(bare)).equals(Resources.of(reserved.map(bare))))
    return reject('invalid', '`reserve.source` and `reserve.resources` are not the same resources');
  return { consumed: Resources.of(from), converted };
}

function sourceComplaint(resource: mesos.Resource): string | undefined {
  if (resource.revocable !== undefined) return 'revocable resources cannot be reserved';
  if (resource.disk?.persistence !== undefined) return 'a persistent volume cannot be reserved anew';
  const isPlain = (resource.reservations ?? []).length === 0;
  return isPlain || isDynamic(resource) ? undefined : 'a static reservation cannot be replaced';
}

function unreserve(message: mesos.Offer_Operation_Unreserve | undefined): Conversion | Rejection {
  const reserved = given(message?.resources, 'unreserve.resources');
  if (isRejection(reserved)) return reserved;
  const complaint = firstComplaint(reserved, (resource) => {
    if (!isDynamic(resource)) return 'it is not dynamically reserved';
    return resource.disk?.persistence === undefined
      ? undefined
      : 'a persistent volume keeps its reservation until it is destroyed';
  });
  if (complaint !== undefined) return complaint;
  return { consumed: Resources.of(reserved), converted: Resources.of(reserved.map(withoutTop)) };
}

function isDynamic(resource: mesos.Resource): boolean {
  return resource.reservations?.at(-1)?.type === 'DYNAMIC';
}

function withoutTop(resource: mesos.Resource): mesos.Resource {
  const { reservations, ...rest } = resource;
  const below = (reservations ?? []).slice(0, -1);
  return below.length === 0 ? rest : { ...rest, reservations: below };
}

function bare({ reservations, ...rest }: mesos.Resource): mesos.Resource {
  return rest;
}

function reservationsKey({ reservations }: mesos.Resource): string {
  return kindOf({ name: '', type: 'SCALAR', reservations }).key;
}

// Volumes.

function create(message: mesos.Offer_Operation_Create | undefined): Conversion | Rejection {
  const volumes = given(message?.volumes, 'create.volumes');
  if (isRejection(volumes)) return volumes;
  const complaint = firstComplaint(volumes, createComplaint);
  if (complaint !== undefined) return complaint;
  const converted = Resources.of(volumes);
  if (volumeIds(converted).size < volumes.length) return reject('invalid', 'two new volumes have the same id and role');
  return { consumed: Resources.of(volumes.map(withoutVolume)), converted };
}

function createComplaint(resource: mesos.Resource): string | undefined {
  const { disk, reservations, revocable } = resource;
  if (disk?.persistence === undefined) return 'a volume needs `disk.persistence`';
  if (disk.volume === undefined) return 'a volume needs `disk.volume`';
  if (disk.volume.mode === 'RO') return 'a persistent volume is created with mode RW';
  if (disk.volume.host_path !== undefined) return 'a persistent volume has no host_path';
  if ((reservations ?? []).length === 0) return 'a persistent volume must be of reserved disk';
  if (revocable !== undefined) return 'a persistent volume cannot be of revocable disk';
  const invalidId = validateId(disk.persistence.id, 'persistence id')?.message;
  if (invalidId !== undefined) return invalidId;
  const type = disk.source?.type;
  return type === 'RAW' || type === 'BLOCK' ? `a persistent volume cannot be of a ${type} disk` : undefined;
}

function destroy(message: mesos.Offer_Operation_Destroy | undefined): Conversion | Rejection {
  const volumes = given(message?.volumes, 'destroy.volumes');
  if (isRejection(volumes)) return volumes;
  const complaint = firstComplaint(volumes, ({ disk }) =>
    disk?.persistence === undefined ? 'it is not a persistent volume' : undefined,
  );
  if (complaint !== undefined) return complaint;
  const consumed = Resources.of(volumes);
  if (volumeIds(consumed).size < volumes.length) return reject('invalid', 'a volume is to be destroyed twice');
  return { consumed, converted: Resources.of(volumes.map(withoutVolume)) };
}

function grow(message: mesos.Offer_Operation_GrowVolume | undefined): Conversion | Rejection {
  if (message === undefined) return reject('invalid', '`grow_volume` is missing');
  const volume = givenOne(message.volume);
  if (isRejection(volume)) return volume;
  const addition = givenOne(message.addition);
  if (isRejection(addition)) return addition;
  const complaint = resizeComplaint(volume);
  if (complaint !== undefined) return complaint;
  if (addition.disk?.persistence !== undefined) return reject('invalid', 'the addition is itself a persistent volume');
  const { allocation_info, ...unmatched } = addition;
  if (kindOf(withoutVolume(volume)).key !== kindOf(unmatched).key)
    return reject('invalid', 'the addition is not of the same disk, with the same reservations, as the volume');
  if (allocation_info?.role !== volume.allocation_info?.role)
    return reject('invalid', 'the addition and the volume are not allocated to the same role');
  const grown = resized(volume, milliOf(volume) + milliOf(addition));
  return { consumed: Resources.of([volume, addition]), converted: Resources.of([grown]) };
}

function shrink(message: mesos.Offer_Operation_ShrinkVolume | undefined): Conversion | Rejection {
  if (message === undefined) return reject('invalid', '`shrink_volume` is missing');
  const volume = givenOne(message.volume);
  if (isRejection(volume)) return volume;
  const complaint = resizeComplaint(volume);
  if (complaint !== undefined) return complaint;
  const { value } = message.subtract;
  const gone = Number.isFinite(value) ? toMilli(value) : 0;
  if (gone <= 0) return reject('invalid', 'what is taken from a volume is above 0');
  const left = milliOf(volume) - gone;
  if (left <= 0) return reject('invalid', `a volume of ${fromMilli(milliOf(volume))} MB cannot shrink by ${value} MB`);
  const freed = resized(withoutVolume(volume), gone);
  return { consumed: Resources.of([volume]), converted: Resources.of([resized(volume, left), freed]) };
}

function resizeComplaint(volume: mesos.Resource): Rejection | undefined {
  const type = volume.disk?.source?.type;
  if (volume.disk?.persistence === undefined) return reject('invalid', 'what is resized is not a persistent volume');
  if (volume.shared !== undefined) return reject('invalid', 'a shared volume cannot be resized');
  if (volume.provider_id !== undefined)
    return reject('invalid', 'a volume of a resource provider cannot be resized: providers are not supported');
  return type === undefined || type === 'PATH'
    ? undefined
    : reject('invalid', `a volume on a ${type} disk cannot be resized: it is the whole disk`);
}

/** The disk that the volume is made of. */
function withoutVolume(resource: mesos.Resource): mesos.Resource {
  const { disk, shared, ...rest } = resource;
  return disk?.source === undefined ? rest : { ...rest, disk: { source: disk.source } };
}

function milliOf(resource: mesos.Resource): number {
  return toMilli(resource.scalar?.value ?? 0);
}

function resized(resource: mesos.Resource, milli: number): mesos.Resource {
  return { ...resource, scalar: { value: fromMilli(milli) } };
}

/** Role and id: what a volume's directory is named after. */
function volumeIds(resources: Resources): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { kind } of resources.entries)
    if (kind.disk?.persistence !== undefined) ids.add(`${kind.reservationRole} ${kind.disk.persistence.id}`);
  return ids;
}

function describeVolume(roleAndId: string): string {
  const space = roleAndId.indexOf(' ');
  return `volume '${roleAndId.slice(space + 1)}' of role '${roleAndId.slice(0, space)}'`;
}

// What any resource of an operation must be.

/** In stack format; at least one. */
function given(resources: readonly mesos.Resource[] | undefined, field: string): mesos.Resource[] | Rejection {
  if (resources === undefined || resources.length === 0) return reject('invalid', `\`${field}\` is empty`);
  const invalid = validateResources(resources);
  if (invalid !== undefined) return invalid;
  const upgraded = resources.map(upgradeResource);
  return firstComplaint(upgraded, amountComplaint) ?? upgraded;
}

function givenOne(resource: mesos.Resource): mesos.Resource | Rejection {
  const upgraded = upgradeResource(resource);
  return validateResources([resource]) ?? firstComplaint([upgraded], amountComplaint) ?? upgraded;
}

function amountComplaint(resource: mesos.Resource): string | undefined {
  if (resource.provider_id !== undefined) return 'resource providers are not supported';
  return Resources.of([resource]).isEmpty ? 'its amount is zero' : undefined;
}

function firstComplaint(
  resources: readonly mesos.Resource[],
  complaintOf: (resource: mesos.Resource) => string | undefined,
): Rejection | undefined {
  for (const resource of resources) {
    const complaint = complaintOf(resource);
    if (complaint !== undefined) return reject('invalid', `Resource '${resource.name}': ${complaint}`);
  }
  return undefined;
}
