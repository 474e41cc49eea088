/**
 * The rules about one framework and one agent (spec page 06, 6.4 steps 1 to 5 and 6.5), each as a plain function over plain
 * facts. Written from the page, not from the allocator: nothing here is shared with `src/offers/allocator`.
 */
import type { AllocatorAgent, AllocatorFramework, AllocatorOptions } from '../../src/offers/allocator/allocator.js';
import type { ResourceEntry, Resources } from '../../src/offers/resources/resources.js';
import type * as mesos from '../../src/wire/gen/mesos.js';
import type * as scheduler from '../../src/wire/gen/scheduler.js';

/** Refused resources are kept away from the framework under the role on the agent until then. */
export interface Filter {
  readonly frameworkId: string;
  readonly role: string;
  readonly agentId: string;
  readonly refused: Resources;
  readonly untilMs: number;
}

/** Scalars by name, in thousandths. */
export type Amounts = Map<string, number>;

export function can(framework: AllocatorFramework, capability: mesos.FrameworkInfo_Capability_Type): boolean {
  return (framework.info.capabilities ?? []).some(({ type }) => type === capability);
}

export function rolesOf(framework: AllocatorFramework): readonly string[] {
  return can(framework, 'MULTI_ROLE') ? (framework.info.roles ?? []) : [framework.info.role ?? '*'];
}

export function isAncestor(ancestor: string, role: string): boolean {
  return role.startsWith(`${ancestor}/`);
}

export function parentOf(role: string): string | undefined {
  const slash = role.lastIndexOf('/');
  return slash < 0 ? undefined : role.slice(0, slash);
}

/** The role and its ancestors, nearest first. */
export function lineage(role: string): string[] {
  const parent = parentOf(role);
  return parent === undefined ? [role] : [role, ...lineage(parent)];
}

/** Unreserved, not revocable, scalar: what quota is about. */
export function isFirm({ kind }: ResourceEntry): boolean {
  return kind.type === 'SCALAR' && kind.reservations.length === 0 && !kind.revocable;
}

/** Whether the agent is one for the framework under the role at all, whatever is free there. */
export function fits(
  agent: AllocatorAgent,
  framework: AllocatorFramework,
  role: string,
  options: AllocatorOptions,
): boolean {
  if (can(framework, 'MULTI_ROLE') && !agent.capabilities.has('MULTI_ROLE')) return false;
  if (role.includes('/') && !agent.capabilities.has('HIERARCHICAL_ROLE')) return false;
  const hasGpus = agent.total.scalarMilli('gpus') > 0;
  if (options.filterGpuResources && hasGpus && !can(framework, 'GPU_RESOURCES')) return false;
  const home = options.domain?.fault_domain?.region.name;
  const region = agent.info.domain?.fault_domain?.region.name;
  const isRemote = home !== undefined && region !== undefined && home !== region;
  if (isRemote && !can(framework, 'REGION_AWARE')) return false;
  return meetsConstraints(agent.info, framework.offerConstraints?.role_constraints?.[role]);
}

/** Whether the framework may be given such a resource under the role, if it is free. */
export function maySee(framework: AllocatorFramework, role: string, { kind }: ResourceEntry): boolean {
  const holder = kind.reservations.at(-1)?.role;
  if (holder !== undefined && holder !== role && !isAncestor(holder, role)) return false;
  if (kind.revocable && !can(framework, 'REVOCABLE_RESOURCES')) return false;
  if (kind.shared && !can(framework, 'SHARED_RESOURCES')) return false;
  return kind.reservations.length < 2 || can(framework, 'RESERVATION_REFINEMENT');
}

/** Whether an offer is worth making. */
export function isLargeEnough(
  offer: Resources,
  framework: AllocatorFramework,
  role: string,
  options: AllocatorOptions,
): boolean {
  if (offer.isEmpty) return false;
  const alternatives = minimumOf(framework, role, options);
  return (
    alternatives.length === 0 ||
    alternatives.some((all) => [...all].every(([name, quantity]) => (offer.quantities().get(name) ?? 0) >= quantity))
  );
}

/**
 * How much of each name one offer may hold of the firm resources of the agent; undefined: all. Whatever an alternative of the
 * minimum asks for is not denied.
 */
export function largestParts(
  agent: AllocatorAgent,
  framework: AllocatorFramework,
  role: string,
  options: AllocatorOptions,
): Amounts | undefined {
  const fraction = options.maxOfferFraction;
  if (fraction === undefined) return undefined;
  const parts = [...agent.total.scalars()].map(
    ([name]) => [name, Math.floor(agent.total.scalarMilli(name) * fraction)] as const,
  );
  const out: Amounts = new Map(parts);
  for (const alternative of minimumOf(framework, role, options))
    for (const [name, quantity] of alternative)
      out.set(name, Math.max(out.get(name) ?? 0, Math.round(quantity * 1000)));
  return out;
}

function minimumOf(
  framework: AllocatorFramework,
  role: string,
  options: AllocatorOptions,
): readonly ReadonlyMap<string, number>[] {
  const own = framework.info.offer_filters?.[role]?.min_allocatable_resources;
  if (own === undefined) return options.minAllocatable.map((resources) => resources.quantities());
  return (own.quantities ?? []).map(
    ({ quantities }) => new Map(Object.entries(quantities ?? {}).map(([name, { value }]) => [name, value])),
  );
}

function meetsConstraints(
  agent: mesos.AgentInfo,
  constraints: scheduler.OfferConstraints_RoleConstraints | undefined,
): boolean {
  if (constraints === undefined) return true;
  return (constraints.groups ?? []).some((group) =>
    (group.attribute_constraints ?? []).every((constraint) => meetsConstraint(agent, constraint)),
  );
}

function meetsConstraint(agent: mesos.AgentInfo, { selector, predicate }: scheduler.AttributeConstraint): boolean {
  const name = selector.attribute_name;
  if (name === undefined) return meetsPredicate(pseudoAttribute(agent, selector.pseudoattribute_type), predicate);
  const attribute = (agent.attributes ?? []).find((candidate) => candidate.name === name);
  if (attribute === undefined || attribute.type === 'TEXT') return meetsPredicate(attribute?.text?.value, predicate);
  // Something that is no text exists, and passes every test of text.
  return predicate.not_exists === undefined;
}

function pseudoAttribute(
  agent: mesos.AgentInfo,
  type: scheduler.AttributeConstraint_Selector['pseudoattribute_type'],
): string | undefined {
  if (type === 'HOSTNAME') return agent.hostname;
  const place = agent.domain?.fault_domain;
  return type === 'REGION' ? place?.region.name : place?.zone.name;
}

/** `value` undefined: there is no such attribute. Expressions of the tests mean the same in RE2 and here. */
function meetsPredicate(value: string | undefined, predicate: scheduler.AttributeConstraint_Predicate): boolean {
  const matches = (regex: string): boolean => value !== undefined && new RegExp(`^(?:${regex})$`).test(value);
  if (predicate.exists !== undefined) return value !== undefined;
  if (predicate.not_exists !== undefined) return value === undefined;
  if (predicate.text_equals !== undefined) return value === predicate.text_equals.value;
  if (predicate.text_not_equals !== undefined) return value !== predicate.text_not_equals.value;
  if (predicate.text_matches !== undefined) return matches(predicate.text_matches.regex);
  return predicate.text_not_matches !== undefined && !matches(predicate.text_not_matches.regex);
}
