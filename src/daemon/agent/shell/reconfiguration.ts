/**
 * May an agent come back under its old id although it describes itself differently? A scheduler relies on what it was
 * told, so by default nothing may change; `additive` lets things be added. Pure. Source: spec page 08, section 8.2.
 */
import { MesoError } from '../../../base/error.js';
import { sameAttributes } from '../../../offers/resources/attributes.js';
import { Resources } from '../../../offers/resources/resources.js';
import type * as mesos from '../../../wire/gen/mesos.js';

export interface Reconfiguration {
  readonly before: mesos.AgentInfo;
  readonly after: mesos.AgentInfo;
  readonly policy: 'equal' | 'additive';
  /** The port was not asked for (--port 0), so that it differs means nothing. */
  readonly anyPort: boolean;
}

/** What forbids it, one line each; empty: nothing does. */
export function findIncompatibilities(change: Reconfiguration): readonly string[] {
  const { after, anyPort, before, policy } = change;
  const found: string[] = [];
  if (before.hostname !== after.hostname) found.push(`hostname: was '${before.hostname}', is '${after.hostname}'`);
  if (!anyPort && before.port !== after.port) found.push(`port: was ${before.port}, is ${after.port}`);
  const isAdditive = policy === 'additive';
  if (!domainFits(before.domain, after.domain, isAdditive)) found.push('domain: differs');
  const oldResources = Resources.of(before.resources ?? []);
  const newResources = Resources.of(after.resources ?? []);
  if (isAdditive ? !newResources.contains(oldResources) : !newResources.equals(oldResources))
    found.push(`resources: were '${oldResources}', are '${newResources}'`);
  if (!attributesFit(before.attributes ?? [], after.attributes ?? [], isAdditive)) found.push('attributes: differ');
  return found;
}

/** Says what changed and what to do about it. */
export function changedError(found: readonly string[], policy: string, checkpointDir: string): MesoError {
  return new MesoError(
    'REFUSED',
    `this agent is not what its cluster was told it is (--reconfiguration-policy ${policy}):\n  ${found.join('\n  ')}`,
    {
      details: { changes: found },
      suggestions: [
        'start it with the settings of the last time',
        ...(policy === 'equal' ? ['--reconfiguration-policy additive, if things were only added'] : []),
        `rm -r ${checkpointDir}, to make it a new agent: running tasks are killed and reported lost, reservations and volumes forgotten`,
      ],
    },
  );
}

function domainFits(
  before: mesos.DomainInfo | undefined,
  after: mesos.DomainInfo | undefined,
  isAdditive: boolean,
): boolean {
  if (before === undefined) return isAdditive || after === undefined;
  return domainKey(before) === domainKey(after);
}

function domainKey(domain: mesos.DomainInfo | undefined): string {
  return JSON.stringify([domain?.fault_domain?.region.name, domain?.fault_domain?.zone.name]);
}

function attributesFit(
  before: readonly mesos.Attribute[],
  after: readonly mesos.Attribute[],
  isAdditive: boolean,
): boolean {
  if (!isAdditive) return sameAttributes(before, after);
  return before.every((old) => after.some((attribute) => covers(attribute, old)));
}

/** Scalars may grow, ranges and sets may gain members, text stays. */
function covers(after: mesos.Attribute, before: mesos.Attribute): boolean {
  if (after.name !== before.name || after.type !== before.type) return false;
  switch (before.type) {
    case 'SCALAR':
      return (after.scalar?.value ?? 0) >= (before.scalar?.value ?? 0);
    case 'RANGES':
    case 'SET':
      return Resources.of([asResource(after)]).contains(Resources.of([asResource(before)]));
    case 'TEXT':
      return after.text?.value === before.text?.value;
  }
}

function asResource({ name, ranges, set, type }: mesos.Attribute): mesos.Resource {
  return { name, type, ranges, set };
}
