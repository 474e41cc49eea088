/**
 * `quota set` and `quota remove`. A role's quota goes to the master as a whole: what is not named is read before and kept. All roles of one
 * command are changed, or none. Nothing that runs is ended by a quota.
 */
import { MesoError } from '../../base/error.js';
import { isRejection } from '../../base/rejection.js';
import { sanitize } from '../../views/text/width.js';
import type * as master from '../../wire/gen/master.js';
import type * as quota from '../../wire/gen/quota.js';
import { validateQuotaConfigs } from '../../wire/validation/quota.js';
import { clusterNameOf } from '../cluster/cluster-name.js';
import { sendChange } from '../cluster/send-change.js';
import { type Session, withinTimeout } from '../cluster/session.js';
import { type ConfirmOptions, confirm } from '../confirm.js';
import { findNearest } from '../nearest.js';
import { type AmountChanges, amountsOf, amountsText, configsOf, type Quota, withChanges } from './quota-amounts.js';
import { explainRefusal } from './quota-refusal.js';

/** docs/schemas/quota-set.json; `quota remove` prints a list of them. */
interface QuotaChange {
  readonly role: string;
  /** null: it had none. */
  readonly before: Quota | null;
  /** null: it has none any more. */
  readonly after: Quota | null;
  readonly force: boolean;
  readonly dry_run: boolean;
}

export interface SetQuotaOptions {
  readonly role: string;
  readonly guarantees: AmountChanges;
  readonly limits: AmountChanges;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

export interface RemoveQuotaOptions extends ConfirmOptions {
  readonly roles: readonly string[];
  readonly dryRun: boolean;
  readonly json: boolean;
}

const LIST = 'mesoctl quota list';

export async function setQuota(options: SetQuotaOptions, session: Session): Promise<void> {
  const { role, guarantees, limits, force, dryRun, json } = options;
  const quotas = await readQuotas(session);
  const before = quotas.get(role) ?? null;
  const wanted = {
    guarantees: withChanges(before?.guarantees ?? {}, guarantees),
    limits: withChanges(before?.limits ?? {}, limits),
  };
  check(role, wanted);
  await send(quotas, new Map([[role, wanted]]), { force, dryRun }, session);
  const change: QuotaChange = { role, before, after: orNull(wanted), force, dry_run: dryRun };
  await session.console.print(json ? `${JSON.stringify(change, null, 2)}\n` : setText(change));
  if (!dryRun) session.console.hint(`Next: ${LIST}`);
}

/** Returns the exit status. */
export async function removeQuotas(options: RemoveQuotaOptions, session: Session): Promise<number> {
  const { dryRun, json } = options;
  const roles = [...new Set(options.roles)];
  const quotas = await readQuotas(session);
  const changes = roles.map((role): QuotaChange => {
    const before = quotas.get(role);
    if (before === undefined) throw noQuota(role, quotas);
    return { role, before, after: null, force: false, dry_run: dryRun };
  });
  if (roles.length > 1 && !dryRun) {
    const text = `Remove ${roles.length} quotas on ${await clusterNameOf(session)}?`;
    if (!(await confirm({ text, items: changes.map(lineOf) }, options, session.console))) return 1;
  }
  const none: Quota = { guarantees: {}, limits: {} };
  await send(quotas, new Map(roles.map((role) => [role, none])), { force: false, dryRun }, session);
  const lines = changes.map((change) => `${dryRun ? 'would remove' : 'Removed'} the quota of ${lineOf(change)}\n`);
  await session.console.print(json ? `${JSON.stringify(changes, null, 2)}\n` : lines.join(''));
  return 0;
}

/** As the masters have agreed on them, by role. */
async function readQuotas({ client, timeoutMs }: Session): Promise<ReadonlyMap<string, Quota>> {
  const { get_quota } = await withinTimeout(timeoutMs, 'the list of quotas', (signal) =>
    client.call({ type: 'GET_QUOTA' }, { signal }),
  );
  return new Map((get_quota?.status.configs ?? []).map((config) => [config.role, quotaOf(config)]));
}

function quotaOf({ guarantees, limits }: quota.QuotaConfig): Quota {
  return { guarantees: amountsOf(guarantees), limits: amountsOf(limits) };
}

/** What a master would say to its form, said before one is asked to change anything. */
function check(role: string, wanted: Quota): void {
  const complaint = validateQuotaConfigs(configsOf(new Map([[role, wanted]])));
  if (isRejection(complaint))
    throw new MesoError('BAD_INPUT', complaint.message, { suggestions: ['mesoctl quota set --help'] });
}

async function send(
  quotas: ReadonlyMap<string, Quota>,
  wanted: ReadonlyMap<string, Quota>,
  { force, dryRun }: { readonly force: boolean; readonly dryRun: boolean },
  session: Session,
): Promise<void> {
  const call: master.Call = { type: 'UPDATE_QUOTA', update_quota: { force, quota_configs: configsOf(wanted) } };
  try {
    await sendChange(call, { dryRun, look: LIST }, session);
  } catch (error) {
    if (!(error instanceof MesoError) || error.code !== 'REFUSED') throw error;
    throw await explainRefusal(error, { quotas, wanted, force }, session);
  }
}

function orNull(quotas: Quota): Quota | null {
  return Object.keys(quotas.guarantees).length + Object.keys(quotas.limits).length === 0 ? null : quotas;
}

function noQuota(role: string, quotas: ReadonlyMap<string, Quota>): MesoError {
  const near = findNearest(role, [...quotas.keys()]);
  const guess = near === undefined ? '' : ` Did you mean ${sanitize(near)}?`;
  return new MesoError('NOT_FOUND', `role "${role}" has no quota.${guess}`, {
    details: { role, ...(near === undefined ? {} : { did_you_mean: near }) },
    suggestions: [LIST],
  });
}

function setText(change: QuotaChange): string {
  const { role, before, after, dry_run } = change;
  const verb = dry_run ? 'would set' : 'Set';
  if (after === null) return `${dry_run ? 'would remove' : 'Removed'} the quota of ${lineOf(change)}\n`;
  const was = before === null ? '' : ` (was ${quotaText(before)})`;
  return `${verb} the quota of ${sanitize(role)}: ${quotaText(after)}${was}\n`;
}

/** `eng: guarantee cpus 4; limit none` */
function lineOf({ role, before }: QuotaChange): string {
  return `${sanitize(role)}${before === null ? '' : `: ${quotaText(before)}`}`;
}

function quotaText({ guarantees, limits }: Quota): string {
  return `guarantee ${amountsText(guarantees)}; limit ${amountsText(limits)}`;
}
