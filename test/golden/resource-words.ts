/**
 * How golden scripts write resources, quantities and offer constraints.
 *
 *   RESOURCES   `NAME[(STACK)][{MARK}]:VALUE;...` with the values of the agent's --resources.
 *     STACK     `eng` a static reservation; `+eng` a dynamic one, `+eng@ops` by a principal; `eng+eng/web` a refined one.
 *     MARK      REV revocable; PATH:/d, MOUNT:/d, RAW, RAW:id, BLOCK:id the source of a disk; VOLUME:id a persistent volume (VOLUME:id@path in the
 *               task's sandbox), SHARED:id a
 *               shared one, RO after it read only; PROVIDER:id of a resource provider; FOR:role allocated to it. Several marks may follow each other.
 *   CONSTRAINT  NAME exists|absent|=TEXT|!=TEXT|~REGEX|!~REGEX, or @hostname, @region, @zone as NAME; `&` joins, `|` separates groups.
 */
import { isRejection } from '../../src/base/rejection.js';
import { Resources } from '../../src/offers/resources/resources.js';
import { parseValue } from '../../src/offers/resources/value-text.js';
import type * as mesos from '../../src/wire/gen/mesos.js';
import type * as scheduler from '../../src/wire/gen/scheduler.js';

const parsedTexts = new Map<string, Resources>();

/** Random scripts name the same ones again and again. */
export function resourcesOf(text: string): Resources {
  const parsed = parsedTexts.get(text) ?? Resources.of(wireOf(text));
  parsedTexts.set(text, parsed);
  return parsed;
}

/** As written: nothing is merged, zero amounts stay. */
export function wireOf(text: string): mesos.Resource[] {
  return text
    .split(';')
    .filter((entry) => entry.trim() !== '')
    .map(entryOf);
}

function entryOf(entry: string): mesos.Resource {
  const match = /^\s*([^(){}:]+)(?:\(([^)]*)\))?((?:\{[^}]*\})*)\s*:(.*)$/.exec(entry);
  if (match === null) throw new Error(`${entry} is no resource`);
  const [, name = '', stack = '', marks = '', text = ''] = match;
  const value = parseValue(text);
  if (isRejection(value)) throw new Error(`${entry}: ${value.message}`);
  const reservations = stackOf(stack);
  const resource: mesos.Resource = { name, ...value };
  if (reservations.length > 0) resource.reservations = reservations;
  for (const [, mark = ''] of marks.matchAll(/\{([^}]*)\}/g)) apply(resource, mark);
  return resource;
}

function stackOf(text: string): mesos.Resource_ReservationInfo[] {
  return [...text.matchAll(/(\+?)([^+]+)/g)]
    .filter(([, , role]) => role !== '*')
    .map(([, plus, named = '']) => {
      const [role = '', principal] = named.split('@');
      return { type: plus === '+' ? 'DYNAMIC' : 'STATIC', role, ...(principal === undefined ? {} : { principal }) };
    });
}

function apply(resource: mesos.Resource, mark: string): void {
  const [kind = '', name] = mark.split(':');
  if (kind === 'RO') resource.disk = { ...resource.disk, volume: { container_path: 'data', mode: 'RO' } };
  else if (kind === 'REV') resource.revocable = {};
  else if (kind === 'PROVIDER') resource.provider_id = { value: name ?? '' };
  else if (kind === 'FOR') resource.allocation_info = { role: name ?? '' };
  else if (kind === 'VOLUME' || kind === 'SHARED') {
    resource.disk = { ...resource.disk, ...volumeNamed(name ?? '') };
    if (kind === 'SHARED') resource.shared = {};
  } else resource.disk = { ...resource.disk, source: sourceOf(kind, name) };
}

function volumeNamed(text: string): mesos.Resource_DiskInfo {
  const [id = '', container_path = 'data'] = text.split('@');
  return { persistence: { id }, volume: { container_path, mode: 'RW' } };
}

function sourceOf(kind: string, name: string | undefined): mesos.Resource_DiskInfo_Source {
  switch (kind) {
    case 'PATH':
      return { type: 'PATH', path: { root: name } };
    case 'MOUNT':
      return { type: 'MOUNT', mount: { root: name } };
    case 'RAW':
    case 'BLOCK':
      return { type: kind, ...(name === undefined ? {} : { id: name }) };
    default:
      throw new Error(`unknown mark {${kind}}`);
  }
}

/** Zero stays: a limit of none is not the same as no limit. */
export function amountsOf(text: string | undefined): ReadonlyMap<string, number> {
  const entries = text === undefined ? [] : text.split(';').map((entry) => entry.split(':'));
  return new Map(entries.map(([name = '', amount]) => [name, Number(amount)]));
}

export function scalarsOf(text: string): Record<string, mesos.Value_Scalar> {
  return Object.fromEntries([...amountsOf(text)].map(([name, value]) => [name, { value }]));
}

/** `ROLE/CONSTRAINT`. */
export function constraintsOf(text: string): scheduler.OfferConstraints {
  const slash = text.lastIndexOf('/');
  const groups = text
    .slice(slash + 1)
    .split('|')
    .map((group) => ({ attribute_constraints: group.split('&').map(constraintOf) }));
  return { role_constraints: { [text.slice(0, slash)]: { groups } } };
}

function constraintOf(text: string): scheduler.AttributeConstraint {
  const match = /^\s*(@?\w+)\s*(exists|absent|!=|=|!~|~)(.*)$/.exec(text);
  const [, name = '', operator = '', value = ''] = match ?? [];
  const selector = name.startsWith('@')
    ? { pseudoattribute_type: name.slice(1).toUpperCase() as 'HOSTNAME' | 'REGION' | 'ZONE' }
    : { attribute_name: name };
  const predicates: Record<string, scheduler.AttributeConstraint_Predicate> = {
    exists: { exists: {} },
    absent: { not_exists: {} },
    '=': { text_equals: { value } },
    '!=': { text_not_equals: { value } },
    '~': { text_matches: { regex: value } },
    '!~': { text_not_matches: { regex: value } },
  };
  return { selector, predicate: predicates[operator] ?? {} };
}

export function listOf(text: string): string[] {
  return text === '' ? [] : text.split(',');
}

/** Words; a part in double quotes may hold spaces. */
export function splitLine(line: string): string[] {
  return (line.match(/(?:"[^"]*"|\S)+/g) ?? []).map((word) => word.replaceAll('"', ''));
}

/** `name=value`. */
export function isNamed(word: string): boolean {
  return /^[a-z-]+=/.test(word);
}

export function splitNamed(word: string): [string, string] {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
}
