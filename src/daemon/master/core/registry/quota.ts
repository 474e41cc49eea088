/**
 * Quotas of roles: UPDATE_QUOTA and the deprecated SET_QUOTA and REMOVE_QUOTA are judged by what the cluster has and uses, one
 * after the other, go to the registry as a whole and bind the allocator from its answer on (spec pages 03 and 07). Then offers
 * that are in the way are rescinded, as far as that goes: those beyond a new limit, and as much as a new guarantee lacks.
 */
import { type Rejection, reject } from '../../../../base/rejection.js';
import { type QuotaAmounts, validateQuotaTree } from '../../../../offers/allocator/quota-tree.js';
import type { Resources } from '../../../../offers/resources/resources.js';
import { isStrictSubroleOf, parentRole } from '../../../../offers/resources/roles.js';
import type * as master from '../../../../wire/gen/master.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type * as quota from '../../../../wire/gen/quota.js';
import { guaranteesOf } from '../../../../wire/validation/quota.js';
import type { Context } from '../machine/context.js';
import { rescindOffer } from '../offers/offer-book.js';
import type { RegistryState, RequestId } from '../protocol.js';
import { touchSums } from '../watchers/usage.js';
import { unlistedComplaint } from './listed-roles.js';

const TURN = 'quota';

type Quotas = ReadonlyMap<string, quota.QuotaConfig>;
/** By name of the resource, in natural units. */
type Amounts = ReadonlyMap<string, number>;

export function recoverQuotas(context: Context, registered: RegistryState['quotas']): void {
  for (const config of registered.values()) apply(context, config);
}

/** `quota_configs` were validated: role names, amounts. An empty one removes the quota of its role. */
export function updateQuota(context: Context, requestId: RequestId, call: master.Call_UpdateQuota): void {
  change(context, requestId, quotaUpdate(call));
}

/** What UPDATE_QUOTA would be refused with now. */
export function quotaObjection(context: Context, call: master.Call_UpdateQuota): Rejection | undefined {
  return objectionTo(context, quotaUpdate(call))?.rejection;
}

function quotaUpdate({ quota_configs: configs = [], force = false }: master.Call_UpdateQuota): QuotaChange {
  return { configs, force, overcommitted: 400, objection: () => undefined };
}

/** Validated. What is guaranteed is the limit as well, as in Mesos. */
export function setQuota(context: Context, requestId: RequestId, request: quota.QuotaRequest): void {
  const { role = '', guarantee = [], force = false } = request;
  const guarantees = guaranteesOf(guarantee);
  change(context, requestId, {
    configs: [{ role, guarantees, limits: guarantees }],
    force,
    overcommitted: 409,
    objection: () =>
      context.state.quotas.has(role)
        ? invalid(`role '${role}' has a quota already: change it by UPDATE_QUOTA, or remove it first`)
        : undefined,
  });
}

export function removeQuota(context: Context, requestId: RequestId, role: string): void {
  change(context, requestId, {
    configs: [{ role }],
    force: false,
    overcommitted: 400,
    objection: () => (context.state.quotas.has(role) ? undefined : invalid(`role '${role}' has no quota`)),
  });
}

interface QuotaChange {
  readonly configs: readonly quota.QuotaConfig[];
  readonly force: boolean;
  /** Answer when the cluster has less than what is guaranteed. */
  readonly overcommitted: 400 | 409;
  /** What is wrong with the call itself, as of now. */
  objection(): Rejection | undefined;
}

function change(context: Context, requestId: RequestId, wanted: QuotaChange): void {
  const { outbox, turns } = context;
  const { configs } = wanted;
  if (turns.isFull(TURN)) {
    outbox.refuseUnavailable(requestId, 'too many changes of quota are waiting: try again later');
    return;
  }
  if (configs.length === 0) {
    outbox.respond(requestId, 200);
    return;
  }
  turns.take(TURN, (done) => {
    const complaint = objectionTo(context, wanted);
    if (complaint !== undefined) {
      outbox.refuse(requestId, complaint.status, complaint.rejection);
      done();
      return;
    }
    context.registry.propose({ update_quota: { quota_configs: [...configs] } }, (result) => {
      if (result.ok) {
        for (const config of configs) apply(context, config);
        outbox.log('info', 'quota changed', { roles: configs.length });
        context.jobs.add(rescindWhatIsInTheWay(context, configs));
        context.allocation.requestAtInterval(context.now.monotonicMs);
        outbox.respond(requestId, 200);
      } else outbox.refuse(requestId, 409, reject('conflict', `the registry refused: ${result.message}`));
      done();
    });
  });
}

/** The registry has it already. */
function apply(context: Context, config: quota.QuotaConfig): void {
  const { state, allocator } = context;
  const { role } = config;
  const amounts = quotaAmounts(config);
  if (amounts.guarantees.size === 0 && amounts.limits.size === 0) state.quotas.delete(role);
  else state.quotas.set(role, config);
  allocator.updateQuota(role, amounts);
  touchSums(context);
}

interface Complaint {
  readonly status: 400 | 409;
  readonly rejection: Rejection;
}

function objectionTo(context: Context, wanted: QuotaChange): Complaint | undefined {
  const { configs, force, overcommitted } = wanted;
  const after = quotasAfter(context.state.quotas, configs);
  const rejection =
    unlistedComplaint(
      context,
      configs.map(({ role }) => role),
    ) ??
    wanted.objection() ??
    validateQuotaTree(new Map([...after].map(([role, config]) => [role, quotaAmounts(config)]))) ??
    (force ? undefined : limitComplaint(context, configs));
  if (rejection !== undefined) return { status: 400, rejection };
  const tooMuch = force ? undefined : capacityComplaint(context, after);
  return tooMuch === undefined ? undefined : { status: overcommitted, rejection: tooMuch };
}

function quotasAfter(before: Quotas, configs: readonly quota.QuotaConfig[]): Quotas {
  const after = new Map(before);
  for (const config of configs) {
    after.delete(config.role);
    if (amountsOf(config.guarantees).size > 0 || amountsOf(config.limits).size > 0) after.set(config.role, config);
  }
  return after;
}

/** A limit below what is in use now. */
function limitComplaint({ allocator }: Context, configs: readonly quota.QuotaConfig[]): Rejection | undefined {
  const uses = new Map(allocator.roles().map(({ name, consumed }) => [name, consumed]));
  for (const { role, limits } of configs)
    for (const [name, limit] of amountsOf(limits)) {
      const used = uses.get(role)?.get(name) ?? 0;
      if (used > limit)
        return invalid(
          `role '${role}' uses ${used} ${name}, more than the limit of ${limit}: use 'force' to set it anyway`,
        );
    }
  return undefined;
}

/** More guaranteed than all agents have; of what is guaranteed no more than before nothing is said. */
function capacityComplaint({ state }: Context, after: Quotas): Rejection | undefined {
  const before = guaranteedBy(state.quotas);
  const wanted = guaranteedBy(after);
  const raised = [...wanted].filter(([name, amount]) => amount > (before.get(name) ?? 0));
  if (raised.length === 0) return undefined;
  const capacity = new Map<string, number>();
  for (const { total } of state.agents.values()) addScalars(capacity, total, ({ kind }) => !kind.revocable);
  for (const [name, amount] of raised) {
    const there = (capacity.get(name) ?? 0) / 1000;
    if (amount > there)
      return reject(
        'conflict',
        `guarantees of ${amount} ${name} are more than the ${there} that the cluster has: use 'force' to set them anyway`,
      );
  }
  return undefined;
}

/** In natural units; the guarantee of a role covers those below it. */
function guaranteedBy(quotas: Quotas): Amounts {
  const sums = new Map<string, number>();
  for (const { role, guarantees = {} } of quotas.values())
    for (const [name, { value }] of Object.entries(guarantees))
      if (!isCovered(quotas, role, name)) sums.set(name, (sums.get(name) ?? 0) + value);
  return sums;
}

function isCovered(quotas: Quotas, role: string, name: string): boolean {
  for (let above = parentRole(role); above !== undefined; above = parentRole(above))
    if (quotas.get(above)?.guarantees?.[name] !== undefined) return true;
  return false;
}

/** Best effort: of the offers of now, those that a limit forbids, then as many as new guarantees lack. */
function* rescindWhatIsInTheWay(context: Context, configs: readonly quota.QuotaConfig[]): Generator<void, void> {
  const { offers } = context.state;
  const uses = new Map(context.allocator.roles().map(({ name, consumed }) => [name, consumed]));
  const excess = new Map(configs.map((config) => [config.role, excessOf(context, config, uses.get(config.role))]));
  const missing = missingOf(context, configs, uses);
  for (const offer of [...offers.values()]) {
    const firm = firmOf(offer.resources);
    const isExcess = [...excess].some(([role, milli]) => isWithin(offer.role, role) && reduces(firm, milli));
    const isMissing = !configs.some((config) => guards(config, offer.role)) && reduces(firm, missing);
    if ((isExcess || isMissing) && offers.get(offer.id) === offer) {
      rescindOffer(context, offer);
      for (const [role, milli] of excess) if (isWithin(offer.role, role)) subtract(milli, firm);
      if (!configs.some((config) => guards(config, offer.role))) subtract(missing, firm);
    }
    yield;
  }
}

/** How much the offers to the role and those below it are beyond its limits, in thousandths. */
function excessOf(
  context: Context,
  { role, limits }: quota.QuotaConfig,
  consumed: Amounts | undefined,
): Map<string, number> {
  const offered = offeredWithin(context, role);
  const excess = new Map<string, number>();
  for (const [name, limit] of amountsOf(limits)) {
    const over = (offered.get(name) ?? 0) + 1000 * ((consumed?.get(name) ?? 0) - limit);
    if (over > 0) excess.set(name, over);
  }
  return excess;
}

/** What guarantees lack that neither use nor offers to those roles cover, in thousandths. */
function missingOf(
  context: Context,
  configs: readonly quota.QuotaConfig[],
  uses: ReadonlyMap<string, Amounts>,
): Map<string, number> {
  const missing = new Map<string, number>();
  for (const { role, guarantees } of configs) {
    const offered = offeredWithin(context, role);
    for (const [name, amount] of amountsOf(guarantees)) {
      const lack = 1000 * (amount - (uses.get(role)?.get(name) ?? 0)) - (offered.get(name) ?? 0);
      if (lack > 0) missing.set(name, (missing.get(name) ?? 0) + lack);
    }
  }
  return missing;
}

function offeredWithin({ state }: Context, role: string): Amounts {
  const offered = new Map<string, number>();
  for (const offer of state.offers.values())
    if (isWithin(offer.role, role)) addScalars(offered, offer.resources, isFirm);
  return offered;
}

/** Offers to the role count towards the guarantee. */
function guards({ role, guarantees }: quota.QuotaConfig, offerRole: string): boolean {
  return amountsOf(guarantees).size > 0 && isWithin(offerRole, role);
}

function isWithin(role: string, ancestor: string): boolean {
  return role === ancestor || isStrictSubroleOf(role, ancestor);
}

function reduces(amounts: Amounts, wanted: Amounts): boolean {
  for (const [name, milli] of amounts) if (milli > 0 && (wanted.get(name) ?? 0) > 0) return true;
  return false;
}

function subtract(from: Map<string, number>, amounts: Amounts): void {
  for (const [name, milli] of amounts) {
    const left = (from.get(name) ?? 0) - milli;
    if (left > 0) from.set(name, left);
    else from.delete(name);
  }
}

function firmOf(resources: Resources): Amounts {
  const amounts = new Map<string, number>();
  addScalars(amounts, resources, isFirm);
  return amounts;
}

type Entry = Resources['entries'][number];

/** What quota counts of an offer. */
function isFirm({ kind }: Entry): boolean {
  return kind.reservations.length === 0 && !kind.revocable;
}

/** In thousandths. */
function addScalars(to: Map<string, number>, resources: Resources, counts: (entry: Entry) => boolean): void {
  for (const entry of resources.entries)
    if (entry.kind.type === 'SCALAR' && counts(entry))
      to.set(entry.kind.name, (to.get(entry.kind.name) ?? 0) + entry.milli);
}

function quotaAmounts({ guarantees, limits }: quota.QuotaConfig): QuotaAmounts {
  return { guarantees: amountsOf(guarantees), limits: amountsOf(limits) };
}

function amountsOf(scalars: Readonly<Record<string, mesos.Value_Scalar>> = {}): Amounts {
  return new Map(Object.entries(scalars).map(([name, { value }]) => [name, value]));
}

function invalid(message: string): Rejection {
  return reject('invalid', message);
}
