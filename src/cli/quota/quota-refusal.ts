/**
 * Why a master refuses a quota, and what to do about it. Its words say what is wrong; which of the reasons it is, is found out by the rules
 * themselves (the tree of quotas) and by asking the master about parts of the change, never by reading its words.
 */
import { MesoError } from '../../base/error.js';
import { isStrictSubroleOf, parentRole } from '../../offers/resources/roles.js';
import type * as master from '../../wire/gen/master.js';
import { type Session, withinTimeout } from '../cluster/session.js';
import { type Amounts, amountText, configsOf, type Quota } from './quota-amounts.js';

export interface RefusedChange {
  /** All of them, before. */
  readonly quotas: ReadonlyMap<string, Quota>;
  /** What was to take their place; empty ones remove. */
  readonly wanted: ReadonlyMap<string, Quota>;
  readonly force: boolean;
}

export type QuotaReason =
  | 'LIMIT_ABOVE_PARENT'
  | 'GUARANTEE_BELOW_CHILDREN'
  | 'LIMIT_BELOW_USE'
  | 'BEYOND_CLUSTER'
  | 'ROLE_NOT_LISTED';

interface Explanation {
  readonly reason: QuotaReason;
  /** undefined: the master's own words. */
  readonly message?: string;
  readonly suggestions: readonly string[];
}

const NONE: Quota = { guarantees: {}, limits: {} };

export async function explainRefusal(error: MesoError, change: RefusedChange, session: Session): Promise<MesoError> {
  const { reason, message, suggestions } =
    limitContradiction(change) ?? guaranteeContradiction(change) ?? (await askedReason(change, session));
  const words = message ?? String(error.details.reason ?? error.message);
  return new MesoError('REFUSED', words, { cause: error, details: { ...error.details, why: reason }, suggestions });
}

/** A role is limited to more than one above it. Pure. */
function limitContradiction(change: RefusedChange): Explanation | undefined {
  const after = quotasAfter(change);
  for (const [role, { limits }] of after)
    for (const [above, { limits: upper }] of after)
      if (isStrictSubroleOf(role, above))
        for (const [name, most] of Object.entries(upper)) {
          const limit = limits[name];
          if (limit === undefined || limit <= most) continue;
          const texts = [amountText(name, limit), amountText(name, most)];
          return {
            reason: 'LIMIT_ABOVE_PARENT',
            message: `the limit of ${texts[0]} ${name} of role ${role} is above the ${texts[1]} of role ${above}, which covers it`,
            suggestions: change.wanted.has(role)
              ? [`mesoctl quota set ${above} --limit ${name}=${limit}`, `--limit ${name}=${most}`]
              : [`mesoctl quota set ${role} --limit ${name}=${most}`, `--limit ${name}=${limit}`],
          };
        }
  return undefined;
}

/** A role guarantees less than the roles right below it together. Pure. */
function guaranteeContradiction(change: RefusedChange): Explanation | undefined {
  const after = quotasAfter(change);
  const parents = new Set([...after.keys()].map(parentRole).filter((role) => role !== undefined));
  for (const parent of parents) {
    const children = [...after].filter(([role]) => parentRole(role) === parent);
    const sums = sumOf(children.map(([, { guarantees }]) => guarantees));
    for (const [name, sum] of Object.entries(sums)) {
      const own = after.get(parent)?.guarantees[name] ?? 0;
      if (sum <= own) continue;
      const texts = [amountText(name, own), amountText(name, sum)];
      const names = children.map(([role]) => role).join(' ');
      return {
        reason: 'GUARANTEE_BELOW_CHILDREN',
        message: `role ${parent} would guarantee ${texts[0]} ${name}, less than the ${texts[1]} of the roles below it (${names})`,
        suggestions: [
          Object.keys(change.wanted.get(parent)?.guarantees ?? { [name]: sum }).length > 0
            ? `mesoctl quota set ${parent} --guarantee ${name}=${sum}`
            : `mesoctl quota remove ${names}, or with ${parent} in one command`,
        ],
      };
    }
  }
  return undefined;
}

/** The quotas are right among each other: use, capacity or the list of roles is in the way. */
async function askedReason({ wanted, force }: RefusedChange, session: Session): Promise<Explanation> {
  const [role = ''] = wanted.keys();
  if (force || !(await isTaken(wanted, true, session)))
    return {
      reason: 'ROLE_NOT_LISTED',
      suggestions: [`--roles of the masters with ${role} in it`, 'mesoctl role list'],
    };
  const guarantees = new Map(Array.from(wanted, ([name, one]) => [name, { ...NONE, guarantees: one.guarantees }]));
  if (await isTaken(guarantees, false, session))
    return {
      reason: 'LIMIT_BELOW_USE',
      suggestions: ['--force (what runs goes on, nothing new starts)', `mesoctl task list --filter role=${role}`],
    };
  return {
    reason: 'BEYOND_CLUSTER',
    suggestions: ['--force (it is met as agents come)', 'mesoctl agent list'],
  };
}

async function isTaken(
  wanted: ReadonlyMap<string, Quota>,
  force: boolean,
  { client, timeoutMs }: Session,
): Promise<boolean> {
  const call: master.Call = { type: 'UPDATE_QUOTA', update_quota: { force, quota_configs: configsOf(wanted) } };
  try {
    await withinTimeout(timeoutMs, 'the answer to CHECK', (signal) => client.check(call, { signal }));
    return true;
  } catch (error) {
    if (error instanceof MesoError && (error.code === 'BAD_INPUT' || error.code === 'REFUSED')) return false;
    throw error;
  }
}

function quotasAfter({ quotas, wanted }: RefusedChange): ReadonlyMap<string, Quota> {
  return new Map([...quotas, ...wanted]);
}

function sumOf(amounts: readonly Amounts[]): Amounts {
  const sums: Record<string, number> = {};
  for (const one of amounts)
    for (const [name, amount] of Object.entries(one)) sums[name] = Number(((sums[name] ?? 0) + amount).toFixed(3));
  return sums;
}
