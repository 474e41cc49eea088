/**
 * Whether an operation on reservations or volumes may be carried out here and by whoever asks: the rules that need a framework,
 * a principal or an agent. What the resources themselves must be, offers/resources/operations.ts says.
 * Source: spec page 01, "Operation validation" and "Operation feedback"; page 03, 3.1.
 */
import { isRejection, type Rejection, reject } from '../../../../base/rejection.js';
import {
  applyConversion,
  type Conversion,
  conversionOf,
  resourcesIn,
  unallocated,
} from '../../../../offers/resources/operations.js';
import { Resources } from '../../../../offers/resources/resources.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { MAX_OPERATIONS_PER_AGENT } from '../limits.js';
import type { AgentRecord } from '../model/agent.js';
import type { FrameworkRecord } from '../model/framework.js';

export interface OperationSite {
  readonly agent: AgentRecord;
  /** Of the framework, or of the authenticated operator. */
  readonly principal: string | undefined;
  /** undefined: an operator asks, who may do whatever is consistent. */
  readonly framework: FrameworkRecord | undefined;
  /** Roles of this master; undefined: all. */
  readonly roles: readonly string[] | undefined;
}

const PROVIDERS_MISSING = 'is not supported: it needs a resource provider, and this master takes none';

const TOO_MANY = `${MAX_OPERATIONS_PER_AGENT} operations of the agent are under way or not acknowledged: try again later`;

/** Of a prepared operation. Nothing has changed when it is rejected. */
export function admittedConversion(site: OperationSite, operation: mesos.Offer_Operation): Conversion | Rejection {
  if (operation.type === 'CREATE_DISK' || operation.type === 'DESTROY_DISK')
    return reject('unimplemented', `${operation.type} ${PROVIDERS_MISSING}`);
  const conversion = conversionOf(operation);
  if (isRejection(conversion)) return conversion;
  const complaint =
    idComplaint(site, operation) ?? resourceComplaints(site, operation) ?? typeComplaint(site, operation);
  if (complaint !== undefined) return reject('invalid', complaint);
  if (site.agent.operations.size >= MAX_OPERATIONS_PER_AGENT) return reject('unavailable', TOO_MANY);
  const after = applyConversion(site.agent.total, unallocated(conversion));
  return isRejection(after) ? after : conversion;
}

/** Whether the framework can be told of the outcome. */
function idComplaint({ agent, framework }: OperationSite, { id }: mesos.Offer_Operation): string | undefined {
  if (id === undefined) return undefined;
  if (!agent.capabilitySet.has('AGENT_OPERATION_FEEDBACK'))
    return "the agent does not support operation feedback: leave the operation's 'id' out";
  return framework?.operations.has(id.value) === true ? `operation id '${id.value}' is in use` : undefined;
}

function resourceComplaints(site: OperationSite, operation: mesos.Offer_Operation): string | undefined {
  for (const resource of resourcesIn(operation)) {
    const complaint = resourceComplaint(site, resource);
    if (complaint !== undefined) return `Resource '${resource.name}': ${complaint}`;
  }
  return undefined;
}

function resourceComplaint({ agent, framework }: OperationSite, resource: mesos.Resource): string | undefined {
  const stack = resource.reservations ?? [];
  if (stack.length > 1 && !agent.capabilitySet.has('RESERVATION_REFINEMENT'))
    return 'the agent does not support refined reservations';
  if (stack.length > 1 && framework?.has('RESERVATION_REFINEMENT') === false)
    return 'refined reservations need the framework capability RESERVATION_REFINEMENT';
  const isNested = stack.some(({ role }) => role?.includes('/') === true);
  if (isNested && !agent.capabilitySet.has('HIERARCHICAL_ROLE')) return 'the agent does not support hierarchical roles';
  return undefined;
}

function typeComplaint(site: OperationSite, operation: mesos.Offer_Operation): string | undefined {
  switch (operation.type) {
    case 'RESERVE':
      return reserveComplaint(site, operation.reserve ?? {});
    case 'CREATE':
      return createComplaint(site, operation.create?.volumes ?? []);
    case 'DESTROY':
      return destroyComplaint(site, operation.destroy?.volumes ?? []);
    case 'GROW_VOLUME':
    case 'SHRINK_VOLUME':
      return site.agent.capabilitySet.has('RESIZE_VOLUME') ? undefined : 'the agent cannot resize volumes';
    default:
      return undefined;
  }
}

function reserveComplaint(
  site: OperationSite,
  { resources, source }: mesos.Offer_Operation_Reserve,
): string | undefined {
  if (site.framework !== undefined && (source ?? []).length > 0)
    return "'reserve.source' is for operators only: unreserve first";
  for (const { reservations, allocation_info } of resources ?? []) {
    const { role, principal } = reservations?.at(-1) ?? {};
    const complaint =
      roleComplaint(site, role ?? '', allocation_info?.role) ??
      principalComplaint(site, principal, 'the last reservation');
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

function roleComplaint(
  { framework, roles }: OperationSite,
  role: string,
  allocationRole: string | undefined,
): string | undefined {
  if (roles !== undefined && !roles.includes(role))
    return `role '${role}' is not among the roles of this master (--roles)`;
  if (framework === undefined) return undefined;
  if (role !== allocationRole)
    return `what is allocated to role '${allocationRole}' cannot be reserved to role '${role}'`;
  return framework.roles.includes(role) ? undefined : `the framework is not subscribed to role '${role}'`;
}

function principalComplaint(
  { principal }: OperationSite,
  given: string | undefined,
  where: string,
): string | undefined {
  if (principal === undefined || given === principal) return undefined;
  return given === undefined
    ? `${where} has no principal: it must be '${principal}'`
    : `${where} has the principal '${given}' instead of '${principal}'`;
}

function createComplaint(site: OperationSite, volumes: readonly mesos.Resource[]): string | undefined {
  for (const { shared, disk } of volumes) {
    if (shared !== undefined && site.framework?.has('SHARED_RESOURCES') === false)
      return 'shared volumes need the framework capability SHARED_RESOURCES';
    const complaint = principalComplaint(site, disk?.persistence?.principal, "the volume's persistence");
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

function destroyComplaint({ agent }: OperationSite, volumes: readonly mesos.Resource[]): string | undefined {
  for (const volume of volumes) {
    const [entry] = Resources.of([volume]).entries;
    const id = volume.disk?.persistence?.id;
    if (!agent.total.contains(Resources.of([volume]).unallocated())) return `the agent has no such volume '${id}'`;
    for (const { used } of agent.holdings.values())
      if (used.entries.some(({ kind }) => kind.key === entry?.kind.key))
        return `volume '${id}' is in use: kill the tasks that use it first`;
  }
  return undefined;
}
