/** `quota list`: what is guaranteed and allowed to each role, and what it has of that. */
import { plainContext } from '../../views/columns/column.js';
import { loadModel } from '../cluster/load-model.js';
import { type Session, type SessionFlags, withSession } from '../cluster/session.js';
import { chooseColumns, type ListFlags } from '../list/list-options.js';
import { ListTable } from '../list/list-table.js';
import { formatDocument, type OutputForm, outputFormOf } from '../output-form.js';
import { QUOTA_COLUMNS } from './quota-columns.js';
import { type QuotaRow, quotaRecords, quotaRows } from './quota-rows.js';

export type QuotaListFlags = SessionFlags &
  Pick<ListFlags, 'json' | 'columns' | 'no-header'> & { readonly output?: Exclude<OutputForm, 'wide'> | undefined };

export function listQuotas(flags: QuotaListFlags): Promise<void> {
  chooseColumns(flags.columns, outputFormOf(flags), QUOTA_COLUMNS);
  return withSession(flags, (session) => printQuotas(flags, session));
}

export async function printQuotas(flags: QuotaListFlags, session: Session): Promise<void> {
  const { console } = session;
  const form = outputFormOf(flags);
  const model = await loadModel(session, ['ROLES'], 'the list of quotas');
  const view = model.tables.roles.open({ filter: '' });
  const roles = view.window(0, Number.POSITIVE_INFINITY).map(({ role }) => role);
  const records = quotaRecords(roles);
  if (records.length === 0) console.say('No quotas: each role may use what fair sharing gives it.');
  if (form === 'json' || form === 'yaml') await console.print(await formatDocument(form, records));
  else if (records.length === 0) console.hint('Try: mesoctl quota set ROLE --limit cpus=8,mem=16G');
  else if (form === 'name') await console.print(`${records.map(({ role }) => role).join('\n')}\n`);
  else await printTable(quotaRows(roles), flags, session);
}

async function printTable(rows: readonly QuotaRow[], flags: QuotaListFlags, { console }: Session): Promise<void> {
  const context = plainContext(0);
  const hasNotes = flags.columns !== undefined || rows.some(({ severity }) => severity === 'bad');
  const table = new ListTable(rows, context, {
    columns: chooseColumns(flags.columns, 'table', QUOTA_COLUMNS).filter(({ key }) => hasNotes || key !== 'note'),
    available: flags.columns === undefined ? console.columns : undefined,
    color: console.color,
  });
  const lines = [...(flags['no-header'] ? [] : [table.header()]), ...rows.map((row) => table.line(row, context))];
  await console.print(`${lines.join('\n')}\n`);
  const unmet = rows.find(({ met }) => met !== undefined && met < 1);
  if (unmet !== undefined) console.hint(`\nNext: mesoctl why role ${unmet.role}`);
}
