/** `NOUN list`: one picture of the cluster in the form that was asked for. */
import type { RowOf, TableName } from '../../views/model/rows.js';
import { loadModel } from '../cluster/load-model.js';
import type { Noun } from '../cluster/nouns.js';
import type { Session } from '../cluster/session.js';
import { formatDocument } from '../output-form.js';
import type { ListOptions } from './list-options.js';
import { ListTable } from './list-table.js';
import { contextOf, emptyText, footerOf, openView } from './rows.js';

/** Rows on a terminal, unless told otherwise. */
export const TERMINAL_LIMIT = 200;
/** Lines that are written at once. */
const LINES_AT_ONCE = 1_000;

export async function printList<N extends TableName>(
  noun: Noun<N>,
  options: ListOptions<RowOf[N]>,
  session: Session,
): Promise<void> {
  const { console, nowMs } = session;
  const model = await loadModel(session, noun.kinds, `the list of ${noun.many}`);
  const view = openView(model, noun, options);
  const rows = view.window(0, limitOf(options, console.columns !== undefined));
  if (rows.length === 0) console.say(emptyText(noun, options.filter));
  if (options.form === 'json' || options.form === 'yaml') {
    await console.print(await formatDocument(options.form, rows.map(noun.recordOf)));
    return;
  }
  if (rows.length === 0) return;
  await printLines(linesOf(noun, rows, options, session, model.masterTime(nowMs())), session);
  const footer = footerOf(rows.length, view.size, view.order);
  if (footer !== undefined) console.hint(footer);
}

function limitOf<R>({ form, limit }: ListOptions<R>, isTerminal: boolean): number {
  const isTable = form === 'table' || form === 'wide';
  const wanted = limit ?? (isTerminal && isTable ? TERMINAL_LIMIT : 0);
  return wanted === 0 ? Number.POSITIVE_INFINITY : wanted;
}

function* linesOf<N extends TableName>(
  noun: Noun<N>,
  rows: readonly RowOf[N][],
  options: ListOptions<RowOf[N]>,
  { console }: Session,
  now: number,
): Generator<string> {
  if (options.form === 'name') {
    for (const row of rows) yield noun.idOf(row);
    return;
  }
  const context = contextOf(noun, rows, options, now);
  const available = options.isUncut ? undefined : console.columns;
  const table = new ListTable(rows, context, { columns: options.columns, available, color: console.color });
  if (options.hasHeader) yield table.header();
  for (const row of rows) yield table.line(row, context);
}

async function printLines(lines: Iterable<string>, { console }: Session): Promise<void> {
  let batch: string[] = [];
  for (const line of lines) {
    batch.push(line);
    if (batch.length < LINES_AT_ONCE) continue;
    await console.print(`${batch.join('\n')}\n`);
    batch = [];
  }
  if (batch.length > 0) await console.print(`${batch.join('\n')}\n`);
}
