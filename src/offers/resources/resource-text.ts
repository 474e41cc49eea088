/**
 * Resources as text: the `--resources` grammar `name(role):value;...`, its JSON alternative, and the one-line rendering
 * used in logs and on the command line (spec page 05, 5.1). A role other than `*` in the text is a STATIC reservation.
 * Reading `file://` values is the caller's business: nothing here touches a disk.
 */
import { isRejection, type Rejection, reject } from '../../base/rejection.js';
import * as mesos from '../../wire/gen/mesos.js';
import { decodeJson } from '../../wire/json.js';
import { DEFAULT_ROLE } from '../../wire/validation/roles.js';
import type { ResourceKind } from './resource-kind.js';
import { fromMilli } from './resource-value.js';
import type { ResourceEntry } from './resources.js';
import { toPostRefinement, validateResources } from './validation.js';
import { formatItems, formatRanges, parseValue } from './value-text.js';

/**
 * Reads the text grammar or a JSON array of Resource; POST format, as listed: zero amounts are kept, because naming a
 * resource switches off its detection (5.4).
 */
export function parseResourceList(text: string, defaultRole: string = DEFAULT_ROLE): mesos.Resource[] | Rejection {
  const listed = text.trimStart().startsWith('[') ? parseJsonList(text, defaultRole) : parseTextList(text, defaultRole);
  if (isRejection(listed)) return listed;
  return validateResources(listed) ?? toPostRefinement(listed);
}

function parseTextList(text: string, defaultRole: string): mesos.Resource[] | Rejection {
  const resources: mesos.Resource[] = [];
  for (const token of text.split(';')) {
    if (token.trim() === '') continue;
    const resource = parseEntry(token, defaultRole);
    if (isRejection(resource)) return resource;
    resources.push(resource);
  }
  return resources;
}

function parseEntry(token: string, defaultRole: string): mesos.Resource | Rejection {
  const [label, valueText, ...rest] = token.split(':');
  if (label === undefined || valueText === undefined || rest.length > 0)
    return reject('malformed', `"${token.trim()}" is no resource: write name:value or name(role):value`);
  const match = /^\s*([^()]*?)\s*(?:\(\s*([^()]*?)\s*\))?\s*$/.exec(label);
  if (match === null) return reject('malformed', `"${label.trim()}" is no resource name: write name or name(role)`);
  const value = parseValue(valueText);
  if (isRejection(value)) return reject('malformed', `resource "${match[1]}": ${value.message}`);
  if (value.type === 'TEXT')
    return reject(
      'invalid',
      `resource "${match[1]}": "${valueText.trim()}" is neither a number >= 0, [ranges] nor {set}`,
    );
  return { name: match[1] ?? '', ...value, role: match[2] ?? defaultRole };
}

function parseJsonList(text: string, defaultRole: string): mesos.Resource[] | Rejection {
  try {
    if (!Array.isArray(JSON.parse(text))) return reject('malformed', 'resources as JSON must be an array');
  } catch (error) {
    return reject(
      'malformed',
      `resources are no valid JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  // Request is the message whose only list is one of resources.
  const request = decodeJson(mesos.Request, `{"resources":${text}}`);
  if (isRejection(request)) return request;
  return (request.resources ?? []).map((resource) =>
    resource.role === undefined && (resource.reservations ?? []).length === 0
      ? { ...resource, role: defaultRole }
      : resource,
  );
}

/** `cpus(allocated: eng)(reservations: [(DYNAMIC,eng,ops)])[...]{REV}<SHARED>:1.5` */
export function formatEntry(entry: ResourceEntry): string {
  const kind = entry.kind;
  let out = kind.name;
  if (entry.allocationRole !== undefined) out += `(allocated: ${entry.allocationRole})`;
  if (kind.reservations.length > 0)
    out += `(reservations: [${kind.reservations.map((reservation) => `(${formatReservation(reservation)})`).join(', ')}])`;
  if (kind.disk !== undefined) out += `[${formatDisk(kind.disk)}]`;
  if (kind.revocable) out += '{REV}';
  if (kind.shared) out += entry.count > 1 ? `<SHARED>x${entry.count}` : '<SHARED>';
  return `${out}:${formatAmount(kind, entry)}`;
}

function formatAmount(kind: ResourceKind, entry: ResourceEntry): string {
  switch (kind.type) {
    case 'SCALAR':
      return String(fromMilli(entry.milli));
    case 'RANGES':
      return formatRanges(entry.ranges);
    case 'SET':
      return formatItems(entry.items);
  }
}

function formatReservation(reservation: mesos.Resource_ReservationInfo): string {
  const parts = [reservation.type ?? 'STATIC', reservation.role ?? DEFAULT_ROLE];
  if (reservation.principal !== undefined) parts.push(reservation.principal);
  const labels = reservation.labels?.labels ?? [];
  if (labels.length > 0)
    parts.push(`{${labels.map(({ key, value }) => (value === undefined ? key : `${key}: ${value}`)).join(', ')}}`);
  return parts.join(',');
}

function formatDisk(disk: mesos.Resource_DiskInfo): string {
  const parts: string[] = [];
  if (disk.source !== undefined) parts.push(formatSource(disk.source));
  const { persistence, volume } = disk;
  const host = volume?.host_path === undefined ? '' : `${volume.host_path}:`;
  const mount = volume === undefined ? '' : `${host}${volume.container_path}`;
  if (persistence !== undefined) parts.push(mount === '' ? persistence.id : `${persistence.id}:${mount}`);
  else if (mount !== '') parts.push(mount);
  return parts.join(',');
}

function formatSource(source: mesos.Resource_DiskInfo_Source): string {
  const identity = source.id ?? source.profile;
  const type = identity === undefined ? source.type : `${source.type}(${identity})`;
  const root = source.path?.root ?? source.mount?.root;
  return root === undefined ? type : `${type}:${root}`;
}
