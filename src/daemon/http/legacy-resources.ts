/**
 * Resources as the legacy endpoints of both daemons write them: an object of totals by name, and full Resource messages
 * in "endpoint" format. Source: spec page 03, 3.4.
 */
import { formatAttributeValue } from '../../offers/resources/attributes.js';
import { addItems, addRanges, type ItemList, type RangeList } from '../../offers/resources/resource-value.js';
import type { ResourceEntry, Resources } from '../../offers/resources/resources.js';
import { formatItems, formatRanges } from '../../offers/resources/value-text.js';
import * as mesos from '../../wire/gen/mesos.js';
import { encodeJson } from '../../wire/json.js';
import type { MessageType } from '../../wire/schema.js';

/** A JSON value. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** `message` as the plain object that its JSON text means. For small parts of large documents. */
export function toPlainJson<T extends object>(type: MessageType<T>, message: T): unknown {
  return JSON.parse(encodeJson(type, message));
}

/** cpus, gpus, mem and disk always, other scalars as numbers, ranges and sets as text, revocable ones under their own names. */
export function describeResources(resources: Resources): JsonObject {
  const document: Record<string, unknown> = { cpus: 0, gpus: 0, mem: 0, disk: 0 };
  for (const [name, value] of resources.nonRevocable().scalars()) document[name] = value;
  for (const [name, value] of resources.revocable().scalars()) document[`${name}_revocable`] = value;
  const ranges = new Map<string, RangeList>();
  const sets = new Map<string, ItemList>();
  for (const entry of resources.entries) {
    const name = keyOf(entry);
    if (entry.kind.type === 'RANGES') ranges.set(name, addRanges(ranges.get(name) ?? [], entry.ranges));
    else if (entry.kind.type === 'SET') sets.set(name, addItems(sets.get(name) ?? [], entry.items));
  }
  for (const [name, list] of ranges) document[name] = formatRanges(list);
  for (const [name, list] of sets) document[name] = formatItems(list);
  return document;
}

/** The same by the role that each part is reserved to. */
export function describeReservations(resources: Resources): JsonObject {
  return Object.fromEntries(
    reservationRoles(resources).map((role) => [role, describeResources(resources.reservedTo(role))]),
  );
}

/** Full messages: reservations that are not refined are written in the new and in the old form at once. */
export function describeResourcesInFull(resources: Resources): readonly unknown[] {
  return resources.toEndpointFormat().map((resource) => toPlainJson(mesos.Resource, resource));
}

/** As `describeResourcesInFull`, by reservation role. */
export function describeReservationsInFull(resources: Resources): JsonObject {
  return Object.fromEntries(
    reservationRoles(resources).map((role) => [role, describeResourcesInFull(resources.reservedTo(role))]),
  );
}

function reservationRoles(resources: Resources): readonly string[] {
  return [...new Set(resources.reserved().entries.map((entry) => entry.kind.reservationRole))];
}

function keyOf({ kind }: ResourceEntry): string {
  return kind.revocable ? `${kind.name}_revocable` : kind.name;
}

/** Attributes: scalars as numbers, everything else as text. */
export function describeAttributes(attributes: readonly mesos.Attribute[]): JsonObject {
  return Object.fromEntries(
    attributes.map((attribute) => [
      attribute.name,
      attribute.type === 'SCALAR' ? (attribute.scalar?.value ?? 0) : formatAttributeValue(attribute),
    ]),
  );
}
