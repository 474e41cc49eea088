/** `quota set` from its command line, checked before anything is sent. */
import { MesoError } from '../../base/error.js';
import { validateRole } from '../../wire/validation/roles.js';
import { type SessionFlags, withSession } from '../cluster/session.js';
import { setQuota } from './change-quota.js';
import { parseAmounts } from './quota-amounts.js';

export interface SetQuotaFlags extends SessionFlags {
  readonly guarantee?: readonly string[] | undefined;
  readonly limit?: readonly string[] | undefined;
  readonly force: boolean;
  readonly 'dry-run': boolean;
  readonly json: boolean;
}

export async function runSetQuota(role: string, flags: SetQuotaFlags): Promise<void> {
  const complaint = validateRole(role);
  if (complaint !== undefined)
    throw new MesoError('BAD_INPUT', complaint.message, { suggestions: ['mesoctl role list'] });
  const guarantees = parseAmounts('--guarantee', flags.guarantee);
  const limits = parseAmounts('--limit', flags.limit);
  if (Object.keys(guarantees).length + Object.keys(limits).length === 0)
    throw new MesoError('BAD_INPUT', 'nothing to set: no guarantee and no limit is named', {
      suggestions: [`mesoctl quota set ${role} --limit cpus=8,mem=16G`, `mesoctl quota remove ${role}`],
    });
  const { force, json } = flags;
  const options = { role, guarantees, limits, force, json, dryRun: flags['dry-run'] };
  await withSession(flags, (session) => setQuota(options, session));
}
