/**
 * FIND of the extension API: what a reference that a person typed may mean. One pass over the things of the kind, O(1) memory but
 * for the answer; nothing is sorted as a whole. Reads the view, changes nothing. Source: mesoctl/api.proto, `Find`.
 */
import { present } from '../../../base/assert.js';
import type * as api from '../../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import { agentPicture, frameworkPicture, offerPicture, rolePicture, taskPicture } from './pictures.js';
import { describeAgent, describeFramework } from './snapshot.js';
import type { FrameworkView, MasterView, TaskView } from './view.js';

const DEFAULT_LIMIT = 10;

/** How well a reference fits, best first; the best that fits anything decides. */
const FITS = { id: 0, name: 1, lastPart: 2, beginning: 3, end: 4, none: 5 } as const;
type Fit = (typeof FITS)[keyof typeof FITS];

/** `-`, `.` and `/` are neighbours. */
const DASH = 0x2d;
const SLASH = 0x2f;

/** What is told of a thing; with `isOnly`, also the Mesos API's own picture. */
type Describe = (isOnly: boolean) => api.Response_Match;

/** By what the things that fit are put in order. */
interface Rank {
  /** Completion: the text that begins like the reference; else ''. */
  readonly text: string;
  /** 0: live; greater: further away from it. */
  readonly remoteness: number;
  readonly sinceUnixMs: number;
  readonly id: string;
}

interface Candidate extends Rank {
  readonly describe: Describe;
}

/** `find` passed validation (wire/validation/extension-call). */
export function findThings(view: MasterView, find: api.Call_Find): api.Response_Find {
  const search = new Search(find);
  switch (find.kind) {
    case 'AGENTS':
      searchAgents(view, search);
      break;
    case 'FRAMEWORKS':
      searchFrameworks(view, search);
      break;
    case 'TASKS':
      searchTasks(view, search, find.framework_id?.value);
      break;
    case 'OFFERS':
      searchOffers(view, search, find.framework_id?.value);
      break;
    case 'ROLES':
      for (const role of view.roles())
        if (search.wants(role.name, undefined, 0, 0)) search.keep(() => ({ role: rolePicture(role) }));
      break;
    case 'UNKNOWN_KIND':
      break;
  }
  return search.answer();
}

/** Keeps the best so far, at most `limit` of them, in order. Nothing is made of what does not get among them. */
class Search {
  readonly #reference: string;
  readonly #limit: number;
  readonly #completes: boolean;
  #best: Fit = FITS.none;
  #total = 0;
  #first: Candidate[] = [];
  #wanted: Rank | undefined;

  constructor({ reference, limit = DEFAULT_LIMIT, complete = false }: api.Call_Find) {
    this.#reference = reference;
    this.#limit = limit;
    this.#completes = complete;
  }

  /** Counts a thing that fits; returns whether it is among the first so far, to be kept then. */
  wants(id: string, name: string | undefined, remoteness: number, sinceUnixMs: number): boolean {
    const fit = this.#fitOf(id, name);
    if (fit === FITS.none || fit > this.#best) return false;
    if (fit < this.#best) {
      this.#best = fit;
      this.#total = 0;
      this.#first = [];
    }
    this.#total++;
    const text = this.#completes ? completionOf(this.#reference, id, name) : '';
    const last = this.#first.at(-1);
    const isFull = this.#first.length >= this.#limit;
    if (isFull && (last === undefined || compare(last, text, remoteness, sinceUnixMs, id) <= 0)) return false;
    this.#wanted = { text, remoteness, sinceUnixMs, id };
    return true;
  }

  /** Of the thing that was wanted last. */
  keep(describe: Describe): void {
    const wanted = present(this.#wanted, 'what is kept was wanted');
    this.#wanted = undefined;
    const { text, remoteness, sinceUnixMs, id } = wanted;
    const first = this.#first;
    const behind = first.findIndex((other) => compare(other, text, remoteness, sinceUnixMs, id) > 0);
    first.splice(behind === -1 ? first.length : behind, 0, { ...wanted, describe });
    if (first.length > this.#limit) first.pop();
  }

  answer(): api.Response_Find {
    const isOnly = this.#total === 1;
    return { total: this.#total, matches: this.#first.map(({ describe }) => describe(isOnly)) };
  }

  #fitOf(id: string, name: string | undefined): Fit {
    if (this.#reference === '') return FITS.beginning;
    return this.#completes ? fitToComplete(this.#reference, id, name) : fitOf(this.#reference, id, name);
  }
}

/** Completions by their text; else live ones first, newest first. */
function compare(a: Rank, text: string, remoteness: number, sinceUnixMs: number, id: string): number {
  return compareText(a.text, text) || a.remoteness - remoteness || sinceUnixMs - a.sinceUnixMs || compareText(a.id, id);
}

function fitOf(reference: string, id: string, name: string | undefined): Fit {
  if (id === reference) return FITS.id;
  if (name === reference) return FITS.name;
  if (id.endsWith(reference))
    return lastPartAt(id) === id.length - reference.length
      ? FITS.lastPart
      : id.startsWith(reference)
        ? FITS.beginning
        : FITS.end;
  return id.startsWith(reference) ? FITS.beginning : FITS.none;
}

function fitToComplete(reference: string, id: string, name: string | undefined): Fit {
  const fits =
    id.startsWith(reference) || id.startsWith(reference, lastPartAt(id)) || name?.startsWith(reference) === true;
  return fits ? FITS.beginning : FITS.none;
}

function completionOf(reference: string, id: string, name: string | undefined): string {
  if (id.startsWith(reference)) return id;
  const at = lastPartAt(id);
  return id.startsWith(reference, at) ? id.slice(at) : (name ?? id);
}

/** Where the part behind the last `-`, `.` or `/` begins: "S9", "0003", "11d0" of "web.11d0", "web" of "eng/web". */
function lastPartAt(id: string): number {
  for (let i = id.length; i > 0; i--) {
    const before = id.charCodeAt(i - 1);
    if (before >= DASH && before <= SLASH) return i;
  }
  return 0;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function searchAgents(view: MasterView, search: Search): void {
  for (const agent of view.agents.values()) {
    if (!search.wants(agent.id, agent.info.hostname, agent.connected ? 0 : 1, agent.registeredAtUnixMs)) continue;
    search.keep((isOnly) => ({
      agent: agentPicture(view, agent.id),
      agent_detail: isOnly ? describeAgent(agent) : undefined,
    }));
  }
  const consider = (id: string, info: mesos.AgentInfo | undefined, remoteness: number) => {
    if (search.wants(id, info?.hostname, remoteness, 0)) search.keep(() => ({ agent: agentPicture(view, id) }));
  };
  for (const [id, info] of view.recoveredAgents) consider(id, info, 2);
  for (const id of view.unreachableAgents.keys()) consider(id, view.lostAgents.get(id)?.info, 3);
}

const REMOTENESS_OF_FRAMEWORK = { ACTIVE: 0, DISCONNECTED: 1, RECOVERED: 2, REMOVING: 3, COMPLETED: 4 } as const;

function searchFrameworks(view: MasterView, search: Search): void {
  for (const framework of allFrameworks(view)) {
    const { id, info, state, registeredAtUnixMs } = framework;
    if (!search.wants(id, info.name, REMOTENESS_OF_FRAMEWORK[state], registeredAtUnixMs)) continue;
    search.keep((isOnly) => ({
      framework: frameworkPicture(view, framework),
      framework_detail: isOnly ? describeFramework(framework) : undefined,
    }));
  }
}

const REMOTENESS_OF_TASK = { live: 0, unreachable: 1, completed: 2, forgotten: 3 } as const;

function searchTasks(view: MasterView, search: Search, frameworkId: string | undefined): void {
  for (const framework of frameworksMeant(view, frameworkId)) {
    const { tasks, unreachableTasks, completedTasks } = framework;
    for (const task of tasks.values()) considerTask(view, search, framework, task);
    for (const task of unreachableTasks.values()) considerTask(view, search, framework, task);
    // An id that was used again stands for the newest task.
    for (const task of completedTasks)
      if (completedTasks.find(task.id) === task && !tasks.has(task.id) && !unreachableTasks.has(task.id))
        considerTask(view, search, framework, task);
  }
}

function considerTask(view: MasterView, search: Search, framework: FrameworkView, task: TaskView): void {
  const sinceUnixMs = task.launchedAtUnixMs ?? task.stateSinceUnixMs ?? 0;
  if (!search.wants(task.id, task.message.name, REMOTENESS_OF_TASK[task.place], sinceUnixMs)) return;
  search.keep((isOnly) => ({
    task: taskPicture(task),
    agent: agentPicture(view, task.agentId),
    framework: frameworkPicture(view, framework),
    task_detail: isOnly ? task.message : undefined,
  }));
}

function searchOffers(view: MasterView, search: Search, frameworkId: string | undefined): void {
  for (const offer of view.offers.values()) {
    if (frameworkId !== undefined && offer.frameworkId !== frameworkId) continue;
    if (!search.wants(offer.id, undefined, 0, offer.madeAtUnixMs)) continue;
    const framework = view.frameworks.get(offer.frameworkId);
    search.keep((isOnly) => ({
      offer: offerPicture(offer),
      agent: agentPicture(view, offer.agentId),
      framework: framework === undefined ? undefined : frameworkPicture(view, framework),
      offer_detail: isOnly ? offer.message : undefined,
    }));
  }
}

function* allFrameworks(view: MasterView): Generator<FrameworkView, void> {
  yield* view.frameworks.values();
  yield* view.completedFrameworks.values();
}

function frameworksMeant(view: MasterView, frameworkId: string | undefined): Iterable<FrameworkView> {
  if (frameworkId === undefined) return allFrameworks(view);
  const framework = view.frameworks.get(frameworkId) ?? view.completedFrameworks.get(frameworkId);
  return framework === undefined ? [] : [framework];
}
