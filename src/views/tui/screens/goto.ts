/**
 * `:` goes to a screen, or to a thing by what people call it: `:tasks`, `:task web.1`, `:agent 17`, `:web.1`. What the last part of an
 * id, a name or a host fits best comes first; several that fit as well are never guessed between.
 */
import type { ClusterModel } from '../../model/cluster-model.js';
import type { RowOf, TableName } from '../../model/rows.js';
import { shortId } from '../../text/ids.js';
import { formatCount } from '../../text/numbers.js';
import { sanitize } from '../../text/width.js';
import { NOUNS } from './commands.js';
import { SCREENS, type ScreenName, type Subject } from './screen.js';

export interface GotoChoice {
  /** What the prompt becomes when it is chosen. */
  readonly text: string;
  /** What tells it from the others. */
  readonly note: string;
  readonly target:
    | { readonly kind: 'screen'; readonly screen: ScreenName }
    | { readonly kind: 'thing'; readonly subject: Subject };
  /** How well it fits; 0 best. */
  readonly rank: number;
}

const SHOWN = 8;
/** So many that fit are looked at. */
const LOOKED_AT = 200;
/** Shorter words fit too much to be worth sorting. */
const SORTED_FROM = 3;
/** Without a noun, a thing is looked for in this order. */
const TABLES: readonly TableName[] = ['tasks', 'agents', 'frameworks', 'roles', 'offers'];

/** Best first, at most eight. */
export function gotoChoices(model: ClusterModel, text: string): readonly GotoChoice[] {
  const [first = '', ...others] = text.trimStart().split(/\s+/);
  const table = tableOf(first);
  if (table !== undefined && /\s/.test(text.trimStart()))
    return things(model, table, others.join(' '), `${NOUNS[table]} `);
  const screens = screensLike(first);
  if (screens.length > 0 || first === '') return screens;
  return TABLES.flatMap((name) => things(model, name, text.trim(), ''))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, SHOWN);
}

/** What Enter means now: one choice, or why there is none. */
export function gotoTarget(model: ClusterModel, text: string): GotoChoice | string {
  const choices = gotoChoices(model, text);
  const [best, second] = choices;
  if (best === undefined)
    return text.trim() === '' ? 'Where to? A screen, or for example: task web.1' : `Nothing fits "${text.trim()}".`;
  const isClear = second === undefined || best.rank < second.rank || best.target.kind === 'screen';
  if (isClear) return best;
  const equal = choices.filter(({ rank }) => rank === best.rank).length;
  return `${equal === SHOWN ? 'Many' : formatCount(equal)} fit as well: Tab chooses.`;
}

function tableOf(word: string): TableName | undefined {
  return TABLES.find((table) => word !== '' && (NOUNS[table] === word || table === word));
}

function screensLike(word: string): readonly GotoChoice[] {
  const wanted = word.toLowerCase();
  return SCREENS.filter(({ name }) => name.startsWith(wanted) || singular(name) === wanted).map(({ name, title }) => ({
    text: name,
    note: `screen ${title}`,
    target: { kind: 'screen', screen: name },
    rank: name === wanted ? 0 : 1,
  }));
}

function singular(name: ScreenName): string {
  return name === 'overview' || name === 'events' ? name : NOUNS[name];
}

function things(model: ClusterModel, table: TableName, reference: string, before: string): readonly GotoChoice[] {
  const word = reference.trim().replaceAll('"', '');
  if (word === '') return [];
  const order = word.length < SORTED_FROM ? undefined : { column: ID_COLUMN[table], descending: false };
  const view = model.tables[table].open({ order, filter: `"${word}"` });
  const rows: readonly RowOf[TableName][] = view.window(0, LOOKED_AT);
  view.close();
  return rows
    .map((row): GotoChoice => {
      const { names, note } = namesOf(row);
      return {
        text: `${before}${names[0] ?? ''}`,
        note: sanitize(`${NOUNS[table]} ${note}`),
        target: { kind: 'thing', subject: { table, key: row.key } },
        rank: Math.min(...names.map((name) => rankOf(name.toLowerCase(), word.toLowerCase()))),
      };
    })
    .sort((a, b) => a.rank - b.rank)
    .slice(0, SHOWN);
}

const ID_COLUMN: { readonly [Name in TableName]: string } = {
  agents: 'agent',
  frameworks: 'id',
  tasks: 'task',
  offers: 'offer',
  roles: 'role',
};

/** The first is how it is called. */
function namesOf(row: RowOf[TableName]): { readonly names: readonly string[]; readonly note: string } {
  if ('task' in row) {
    const { task_id, name, state } = row.task;
    return {
      names: [task_id.value, name ?? ''],
      note: `${row.frameworkName}  ${state.replace('TASK_', '')}  ${row.hostname}`,
    };
  }
  if ('agent' in row) {
    const id = shortId(row.agent.agent_id.value);
    const host = row.agent.hostname ?? '';
    return { names: [id, host, row.agent.agent_id.value], note: `${host}  ${row.agent.state}` };
  }
  if ('framework' in row) {
    const id = shortId(row.framework.framework_id.value);
    const name = row.framework.name ?? '';
    return { names: [id, name, row.framework.framework_id.value], note: `${name}  ${row.framework.state}` };
  }
  if ('role' in row) return { names: [row.role.name], note: '' };
  return {
    names: [shortId(row.offer.offer_id.value), row.offer.offer_id.value],
    note: `${row.frameworkName}  ${row.hostname}`,
  };
}

/** Whole; whole but for the letters before a number (`17` for `S17`); beginning; end; inside. */
function rankOf(name: string, word: string): number {
  if (name === word) return 0;
  if (name.replace(/^[so]/, '') === word) return 1;
  if (name.startsWith(word)) return 2;
  if (name.endsWith(word)) return 3;
  return 4;
}
