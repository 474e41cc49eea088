/**
 * From what the user wrote (full id, its last part, its beginning or end, a name) to the one thing that is meant. The master
 * decides what fits (FIND); several are an error with the candidates, never "the first" (design/ux, "Ids").
 */
import { distance } from 'fastest-levenshtein';
import { MesoError } from '../../base/error.js';
import { taskStateWord } from '../../views/columns/task-columns.js';
import { shortId } from '../../views/text/ids.js';
import { sanitize } from '../../views/text/width.js';
import type { Kind, Response_Match } from '../../wire/gen/mesoctl-api.js';
import type { ClusterClient } from './session.js';

/** A kind of thing that commands take by reference. */
export interface ReferenceKind {
  readonly kind: Kind;
  readonly one: string;
  readonly many: string;
  /** The command that lists them. */
  readonly list: string;
  /** Full id; undefined for a match of another kind. */
  idOf(match: Response_Match): string | undefined;
  /** Names that people use for it, the full id aside. */
  namesOf(match: Response_Match): readonly (string | undefined)[];
  /** One candidate among several. */
  describe(match: Response_Match): string;
}

export const TASK_REFERENCE: ReferenceKind = {
  kind: 'TASKS',
  one: 'task',
  many: 'tasks',
  list: 'mesoctl task list',
  idOf: ({ task }) => task?.task_id.value,
  namesOf: ({ task }) => [task?.name],
  describe: ({ task, agent, framework }) => {
    const words = [task?.task_id.value, task === undefined ? undefined : taskStateWord(task.state), agent?.hostname];
    return words.concat(framework?.name).filter(Boolean).join(' ');
  },
};

export const AGENT_REFERENCE: ReferenceKind = {
  kind: 'AGENTS',
  one: 'agent',
  many: 'agents',
  list: 'mesoctl agent list',
  idOf: ({ agent }) => agent?.agent_id.value,
  namesOf: ({ agent }) => [agent?.hostname, shortId(agent?.agent_id.value ?? '')],
  describe: ({ agent }) => [agent?.agent_id.value, agent?.hostname, agent?.state].filter(Boolean).join(' '),
};

export const FRAMEWORK_REFERENCE: ReferenceKind = {
  kind: 'FRAMEWORKS',
  one: 'framework',
  many: 'frameworks',
  list: 'mesoctl framework list',
  idOf: ({ framework }) => framework?.framework_id.value,
  namesOf: ({ framework }) => [framework?.name, shortId(framework?.framework_id.value ?? '')],
  describe: ({ framework }) =>
    [framework?.framework_id.value, framework?.name, framework?.state].filter(Boolean).join(' '),
};

export const ROLE_REFERENCE: ReferenceKind = {
  kind: 'ROLES',
  one: 'role',
  many: 'roles',
  list: 'mesoctl role list',
  idOf: ({ role }) => role?.name,
  namesOf: () => [],
  describe: ({ role }) => role?.name ?? '',
};

export interface FindOptions {
  readonly signal: AbortSignal;
  /** Full id: tasks of this one only. */
  readonly frameworkId?: string | undefined;
}

const CANDIDATES = 10;
/** Names that begin alike are asked for, to find what a typing error meant. */
const NEAR_LIMIT = 100;
const MAX_DISTANCE = 2;
const LETTERS_PER_MISTAKE = 3;

/** With its detail. Rejects with NOT_FOUND or AMBIGUOUS. */
export async function findOne(
  client: Pick<ClusterClient, 'find'>,
  of: ReferenceKind,
  reference: string,
  { signal, frameworkId }: FindOptions,
): Promise<Response_Match> {
  if (reference.trim() === '') throw new MesoError('BAD_INPUT', `an empty name of a ${of.one}`);
  const scope = frameworkId === undefined ? {} : { framework_id: { value: frameworkId } };
  const { total, matches = [] } = await client.find(
    { kind: of.kind, reference, limit: CANDIDATES, ...scope },
    { signal },
  );
  const [match] = matches;
  if (total === 1 && match !== undefined) return match;
  if (total > 1) throw ambiguous(of, reference, total, matches);
  throw notFound(of, reference, await findNear(client, of, reference, signal));
}

function ambiguous(of: ReferenceKind, reference: string, total: number, matches: readonly Response_Match[]): MesoError {
  const more = total > matches.length ? ` · and ${total - matches.length} more` : '';
  const list = matches.map((match) => sanitize(of.describe(match))).join(' · ');
  const ids = new Set(matches.map((match) => of.idOf(match)));
  const isSameId = of.kind === 'TASKS' && ids.size < matches.length;
  return new MesoError('AMBIGUOUS', `"${reference}" matches ${total} ${of.many}: ${list}${more}.`, {
    details: { total, candidates: matches.map((match) => candidateOf(of, match)) },
    suggestions: [isSameId ? '--framework ID with the id of its framework' : 'the full id'],
  });
}

function candidateOf(of: ReferenceKind, match: Response_Match): object {
  const framework = match.task?.framework_id.value;
  return { id: of.idOf(match), ...(framework === undefined ? {} : { framework_id: framework }) };
}

function notFound(of: ReferenceKind, reference: string, near: string | undefined): MesoError {
  const guess = near === undefined ? '' : ` Did you mean ${sanitize(near)}?`;
  return new MesoError('NOT_FOUND', `no ${of.one} "${reference}".${guess}`, {
    details: { reference, ...(near === undefined ? {} : { did_you_mean: near }) },
    suggestions: [of.list],
  });
}

/** The name or id nearest to what was written, among those that begin like it; undefined: nothing is near. */
async function findNear(
  client: Pick<ClusterClient, 'find'>,
  of: ReferenceKind,
  reference: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (let length = Math.min(reference.length - 1, 32); length >= 0; length = length > 3 ? length >> 1 : length - 1) {
    const beginning = reference.slice(0, length);
    const { matches = [] } = await client.find(
      { kind: of.kind, reference: beginning, limit: NEAR_LIMIT, complete: true },
      { signal },
    );
    const near = nearest(
      reference,
      matches.flatMap((match) => [of.idOf(match), ...of.namesOf(match)]),
    );
    if (near !== undefined) return near;
  }
  return undefined;
}

/** Pure. */
export function nearest(reference: string, names: readonly (string | undefined)[]): string | undefined {
  const allowed = Math.min(MAX_DISTANCE, Math.ceil(reference.length / LETTERS_PER_MISTAKE));
  let best: { readonly name: string; readonly steps: number } | undefined;
  for (const name of names) {
    if (name === undefined || name === '') continue;
    const steps = distance(reference.toLowerCase(), name.toLowerCase());
    if (steps <= allowed && (best === undefined || steps < best.steps)) best = { name, steps };
  }
  return best?.name;
}
