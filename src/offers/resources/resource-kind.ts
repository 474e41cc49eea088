/**
 * What a resource is apart from its amount and from whom it is allocated to: name, value type, reservations, disk,
 * revocable, shared, provider. Two resources merge only when their kinds have the same key (spec page 05, 5.3).
 * `disk.volume` and the principal of a persistent volume are not part of the key: they say how a holder uses the disk, not
 * which disk it is. Kinds are immutable and shared between the resources derived from one another.
 */
import type * as mesos from '../../wire/gen/mesos.js';
import { DEFAULT_ROLE } from '../../wire/validation/roles.js';

export type ResourceType = 'SCALAR' | 'RANGES' | 'SET';

export interface ResourceKind {
  readonly name: string;
  readonly type: ResourceType;
  /** Equal keys: same kind. */
  readonly key: string;
  /** Bottom first; empty: unreserved. */
  readonly reservations: readonly mesos.Resource_ReservationInfo[];
  /** Role on top of the stack; `*`: unreserved. */
  readonly reservationRole: string;
  readonly disk: mesos.Resource_DiskInfo | undefined;
  readonly revocable: boolean;
  readonly shared: boolean;
  readonly isPersistentVolume: boolean;
  /** MOUNT, BLOCK, RAW with an id, persistent volumes: never merged, taken away only as a whole. */
  readonly whole: boolean;
  readonly providerId: string | undefined;
  /** Place in `STANDARD_NAMES` of what is nothing but such a name; -1: anything else. */
  readonly standard: number;
}

const STANDARD: readonly (readonly [name: string, type: 'SCALAR' | 'RANGES'])[] = [
  ['cpus', 'SCALAR'],
  ['mem', 'SCALAR'],
  ['disk', 'SCALAR'],
  ['gpus', 'SCALAR'],
  ['ports', 'RANGES'],
];

/** Scalars first. */
export const STANDARD_NAMES: readonly string[] = STANDARD.map(([name]) => name);
export const STANDARD_SCALARS = STANDARD.filter(([, type]) => type === 'SCALAR').length;

/** What nearly all resources of agents and tasks are, so there is one object of each: equal without comparing, near in memory. */
const PLAIN_KINDS: ReadonlyMap<string, ResourceKind> = new Map(
  STANDARD.map(([name, type], standard) => [name, { ...describeKind({ name, type }), standard }]),
);

/** The kind of a resource in post-refinement format. */
export function kindOf(resource: mesos.Resource): ResourceKind {
  const plain = PLAIN_KINDS.get(resource.name);
  return plain !== undefined && isPlain(resource) && plain.type === resource.type ? plain : describeKind(resource);
}

/** Nothing but a name and an amount, whoever it is allocated to. */
function isPlain({ reservations, disk, revocable, shared, provider_id }: mesos.Resource): boolean {
  const isReserved = reservations !== undefined && reservations.length > 0;
  return (
    !isReserved && disk === undefined && revocable === undefined && shared === undefined && provider_id === undefined
  );
}

function describeKind(resource: mesos.Resource): ResourceKind {
  const reservations = resource.reservations ?? [];
  const disk = resource.disk;
  const isPersistentVolume = disk?.persistence !== undefined;
  return {
    name: resource.name,
    type: resource.type === 'TEXT' ? 'SCALAR' : resource.type,
    key: keyOf(resource),
    reservations,
    reservationRole: reservations.at(-1)?.role ?? DEFAULT_ROLE,
    disk,
    revocable: resource.revocable !== undefined,
    shared: resource.shared !== undefined,
    isPersistentVolume,
    whole: isPersistentVolume || isWholeSource(disk?.source),
    providerId: resource.provider_id?.value,
    standard: -1,
  };
}

function isWholeSource(source: mesos.Resource_DiskInfo_Source | undefined): boolean {
  return source?.type === 'MOUNT' || source?.type === 'BLOCK' || (source?.type === 'RAW' && source.id !== undefined);
}

function keyOf(resource: mesos.Resource): string {
  let key = `${resource.type} ${resource.name}`;
  for (const reservation of resource.reservations ?? []) key += `\n+${reservationKey(reservation)}`;
  if (resource.disk !== undefined) key += `\nd${diskKey(resource.disk)}`;
  if (resource.revocable !== undefined) key += '\nr';
  if (resource.shared !== undefined) key += '\ns';
  if (resource.provider_id !== undefined) key += `\np${resource.provider_id.value}`;
  return key;
}

function reservationKey(reservation: mesos.Resource_ReservationInfo): string {
  const { type, role, principal, labels } = reservation;
  return JSON.stringify([type ?? 'STATIC', role ?? null, principal ?? null, labelsKey(labels)]);
}

function diskKey(disk: mesos.Resource_DiskInfo): string {
  const source = disk.source;
  return JSON.stringify([
    disk.persistence?.id ?? null,
    source === undefined
      ? null
      : [
          source.type,
          source.path?.root ?? null,
          source.mount?.root ?? null,
          source.id ?? null,
          source.profile ?? null,
          source.vendor ?? null,
          labelsKey(source.metadata),
        ],
  ]);
}

/** Labels are a multiset: their order means nothing. */
function labelsKey(labels: mesos.Labels | undefined): readonly string[] | null {
  if (labels === undefined) return null;
  return (labels.labels ?? []).map((label) => JSON.stringify([label.key, label.value ?? null])).sort();
}
