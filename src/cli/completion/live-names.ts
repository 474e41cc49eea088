/**
 * Names of what is in the cluster, for completion: asked from the leader, kept for five seconds so that a series of keys asks
 * once. Never throws and never talks: without a master, or when the time is over, there are none.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { SeenMembers } from '../../client/operator-client.js';
import { shortId } from '../../views/text/ids.js';
import type * as extension from '../../wire/gen/mesoctl-api.js';
import type { Candidate, LiveKind } from './complete.js';

const KEPT_MS = 5000;
/** What FIND gives at most. */
const LIMIT = 100;

/** One thing by all its names, the one that is offered first in front. */
interface Known {
  readonly names: readonly string[];
  readonly description: string;
}

/** What the master said to `reference`; whole where nothing was left off. */
interface Kept {
  readonly atUnixMs: number;
  readonly reference: string;
  readonly isWhole: boolean;
  readonly known: readonly Known[];
}

export interface LiveQuestion {
  readonly kind: LiveKind;
  /** What the names begin with. */
  readonly reference: string;
  /** HOST:PORT,... */
  readonly masters: string;
}

export interface LiveSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  nowUnixMs(): number;
  /** How long the answer is waited for. */
  readonly timeoutMs: number;
}

export async function liveNames(question: LiveQuestion, around: LiveSurroundings): Promise<readonly Candidate[]> {
  const path = cachePath(question, around.env);
  const kept = readKept(path, around.nowUnixMs());
  if (kept !== undefined && answers(kept, question.reference)) return candidatesOf(kept.known, question.reference);
  try {
    const { known, isWhole } = await ask(question, around.timeoutMs);
    writeKept(path, { atUnixMs: around.nowUnixMs(), reference: question.reference, isWhole, known });
    return candidatesOf(known, question.reference);
  } catch {
    return [];
  }
}

/** A whole answer to less than what is typed now holds the answer to it. */
function answers(kept: Kept, reference: string): boolean {
  return kept.reference === reference || (kept.isWhole && reference.startsWith(kept.reference));
}

/** Each thing by the first of its names that fits, each name once. A task called `-y` would be read as the flag. */
function candidatesOf(known: readonly Known[], reference: string): readonly Candidate[] {
  const found = new Map<string, Candidate>();
  for (const { names, description } of known) {
    const value = names.find((name) => name.startsWith(reference) && !name.startsWith('-'));
    if (value !== undefined && !found.has(value)) found.set(value, { value, description });
  }
  return [...found.values()];
}

async function ask(
  { kind, reference, masters }: LiveQuestion,
  timeoutMs: number,
): Promise<{ readonly known: readonly Known[]; readonly isWhole: boolean }> {
  const { OperatorClient } = await import('../../client/operator-client.js');
  const client = new OperatorClient({ masters });
  // Loading the client on a busy machine is not the cluster's time.
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    if (kind === 'MASTERS') return { known: mastersOf(await client.members({ signal })), isWhole: true };
    const { total, matches = [] } = await client.find({ kind, reference, limit: LIMIT, complete: true }, { signal });
    return { known: matches.flatMap((match) => knownOf(kind, match)), isWhole: total <= matches.length };
  } finally {
    client.close();
  }
}

/** Any master knows them all. */
function mastersOf({ members }: SeenMembers): readonly Known[] {
  return (members.members ?? []).map(({ name, leader, role, raft_address }) => ({
    names: [name],
    description: joined(leader ? 'leader' : role.toLowerCase(), raft_address),
  }));
}

/** A match holds what the thing belongs to as well. */
function knownOf(kind: LiveKind, { task, agent, framework, offer, role }: extension.Response_Match): readonly Known[] {
  if (kind === 'TASKS' && task !== undefined) {
    const { task_id, state, name = '' } = task;
    const id = task_id.value;
    const isNamed = name !== '' && name !== id;
    const description = joined(state.replace(/^TASK_/, ''), isNamed ? name : '', agent?.hostname ?? '');
    return [{ names: isNamed ? [id, name] : [id], description }];
  }
  if (kind === 'AGENTS' && agent !== undefined) return [named(agent.agent_id.value, agent.hostname, agent.state)];
  if (kind === 'FRAMEWORKS' && framework !== undefined)
    return [named(framework.framework_id.value, framework.name, framework.state)];
  if (kind === 'OFFERS' && offer !== undefined) return [named(offer.offer_id.value, undefined, `role ${offer.role}`)];
  return kind === 'ROLES' && role !== undefined ? [{ names: [role.name], description: '' }] : [];
}

function named(id: string, name: string | undefined, detail: string): Known {
  return { names: [shortId(id), ...(name === undefined ? [] : [name]), id], description: joined(name ?? '', detail) };
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('  ');
}

/** One file per cluster and kind, written over again: the directory does not grow with what is typed. */
function cachePath({ masters, kind }: LiveQuestion, env: LiveSurroundings['env']): string {
  const base = env.XDG_CACHE_HOME?.startsWith('/') === true ? env.XDG_CACHE_HOME : join(homedir(), '.cache');
  const name = createHash('sha256').update(`${masters}\n${kind}`).digest('hex').slice(0, 16);
  return join(base, 'mesoctl', 'completion', `${name}.json`);
}

function readKept(path: string, nowUnixMs: number): Kept | undefined {
  try {
    const kept = JSON.parse(readFileSync(path, 'utf8')) as Kept;
    const ageMs = nowUnixMs - kept.atUnixMs;
    return ageMs >= 0 && ageMs < KEPT_MS && Array.isArray(kept.known) ? kept : undefined;
  } catch {
    return undefined;
  }
}

function writeKept(path: string, kept: Kept): void {
  try {
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
    const fresh = `${path}.${process.pid}`;
    writeFileSync(fresh, JSON.stringify(kept), { mode: 0o600 });
    renameSync(fresh, path);
  } catch {
    // A home that cannot be written to costs a question per key, nothing else.
  }
}
