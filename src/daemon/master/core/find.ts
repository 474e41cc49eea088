/**
 * FIND of the extension API: what a reference that a person typed may mean. One pass over the things of the kind, O(1) memory but
 * for the answer; nothing is sorted as a whole. Reads the view, changes nothing. Source: mesoctl/api.proto, `Find`.
 */
import type * as api from '../../../wire/gen/mesoctl-api.js';
import { agentPicture, frameworkPicture, offerPicture, rolePicture, taskPicture } from './pictures.js';
import { describeAgent, describeFramework } from './snapshot.js';
import type { FrameworkView, MasterView, TaskView } from './view.js';

const DEFAULT_LIMIT = 10;

/** How well a reference fits, best first; the best that fits anything decides. */
const FITS = { id: 0, name: 1, lastPart: 2, beginning: 3, end: 4, none: 5 } as const;
type Fit = (typeof FITS)[keyof typeof FITS];

interface Candidate {
  readonly id: string;
  /** 0: live; greater: further away from it. */
  readonly remoteness: number;
  readonly sinceUnixMs: number;
  /** Completion: the text that begins like the reference. */
  readonly text: string;
  /** With `isOnly`, also the Mesos API's own picture. */
  describe(isOnly: boolean): api.Response_Match;
}

/** A thing, before it is known to fit. */
interface Thing extends Omit<Candidate, 'id' | 'text'> {}

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
        search.consider(role.name, undefined, () => ({
          remoteness: 0,
          sinceUnixMs: 0,
          describe: () => ({ role: rolePicture(role) }),
        }));
      break;
    case 'UNKNOWN_KIND':
      break;
  }
  return search.answer();
}

/** Keeps the best so far, at most `limit` of them, in order. */
class Search {
  readonly #reference: string;
  readonly #limit: number;
  readonly #compare: (a: Candidate, b: Candidate) => number;
  readonly #fitOf: (id: string, name: string | undefined) => Fit;
  readonly #completes: boolean;
  #best: Fit = FITS.none;
  #total = 0;
  #first: Candidate[] = [];

  constructor({ reference, limit = DEFAULT_LIMIT, complete = false }: api.Call_Find) {
    this.#reference = reference;
    this.#limit = limit;
    this.#completes = complete;
    this.#compare = complete ? byText : byLife;
    const judge = complete ? fitToComplete : fitOf;
    this.#fitOf = reference === '' ? () => FITS.beginning : (id, name) => judge(reference, id, name);
  }

  /** `thing` is only asked for where the reference fits. */
  consider(id: string, name: string | undefined, thing: () => Thing): void {
    const fit = this.#fitOf(id, name);
    if (fit === FITS.none || fit > this.#best) return;
    if (fit < this.#best) {
      this.#best = fit;
      this.#total = 0;
      this.#first = [];
    }
    this.#total++;
    const text = this.#completes ? completionOf(this.#reference, id, name) : id;
    this.#insert({ ...thing(), id, text });
  }

  #insert(candidate: Candidate): void {
    const first = this.#first;
    const last = first.at(-1);
    if (first.length >= this.#limit && (last === undefined || this.#compare(last, candidate) <= 0)) return;
    let low = 0;
    for (let high = first.length; low < high; ) {
      const middle = (low + high) >> 1;
      const at = first[middle];
      if (at !== undefined && this.#compare(at, candidate) <= 0) low = middle + 1;
      else high = middle;
    }
    first.splice(low, 0, candidate);
    if (first.length > this.#limit) first.pop();
  }

  answer(): api.Response_Find {
    const isOnly = this.#total === 1;
    return { total: this.#total, matches: this.#first.map((candidate) => candidate.describe(isOnly)) };
  }
}

function fitOf(reference: string, id: string, name: string | undefined): Fit {
  if (id === reference) return FITS.id;
  if (name === reference) return FITS.name;
  if (id.endsWith(reference))
    return lastPart(id) === reference ? FITS.lastPart : id.startsWith(reference) ? FITS.beginning : FITS.end;
  return id.startsWith(reference) ? FITS.beginning : FITS.none;
}

function fitToComplete(reference: string, id: string, name: string | undefined): Fit {
  const fits = id.startsWith(reference) || lastPart(id).startsWith(reference) || name?.startsWith(reference) === true;
  return fits ? FITS.beginning : FITS.none;
}

function completionOf(reference: string, id: string, name: string | undefined): string {
  if (id.startsWith(reference)) return id;
  const last = lastPart(id);
  return last.startsWith(reference) ? last : (name ?? id);
}

/** Behind the last `-`, `.` or `/`: "S9", "0003", "11d0" of "web.11d0", "web" of "eng/web". */
function lastPart(id: string): string {
  return id.slice(Math.max(id.lastIndexOf('-'), id.lastIndexOf('.'), id.lastIndexOf('/')) + 1);
}

/** Live ones first, newest first. */
function byLife(a: Candidate, b: Candidate): number {
  return a.remoteness - b.remoteness || b.sinceUnixMs - a.sinceUnixMs || compareText(a.id, b.id);
}

function byText(a: Candidate, b: Candidate): number {
  return compareText(a.text, b.text) || compareText(a.id, b.id);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function searchAgents(view: MasterView, search: Search): void {
  for (const agent of view.agents.values())
    search.consider(agent.id, agent.info.hostname, () => ({
      remoteness: agent.connected ? 0 : 1,
      sinceUnixMs: agent.registeredAtUnixMs,
      describe: (isOnly) => ({
        agent: agentPicture(view, agent.id),
        agent_detail: isOnly ? describeAgent(agent) : undefined,
      }),
    }));
  const away = (remoteness: number, id: string) => () => ({
    remoteness,
    sinceUnixMs: 0,
    describe: () => ({ agent: agentPicture(view, id) }),
  });
  for (const [id, info] of view.recoveredAgents) search.consider(id, info.hostname, away(2, id));
  for (const id of view.unreachableAgents.keys())
    search.consider(id, view.lostAgents.get(id)?.info.hostname, away(3, id));
}

const REMOTENESS_OF_FRAMEWORK = { ACTIVE: 0, DISCONNECTED: 1, RECOVERED: 2, REMOVING: 3, COMPLETED: 4 } as const;

function searchFrameworks(view: MasterView, search: Search): void {
  for (const framework of allFrameworks(view))
    search.consider(framework.id, framework.info.name, () => ({
      remoteness: REMOTENESS_OF_FRAMEWORK[framework.state],
      sinceUnixMs: framework.registeredAtUnixMs,
      describe: (isOnly) => ({
        framework: frameworkPicture(view, framework),
        framework_detail: isOnly ? describeFramework(framework) : undefined,
      }),
    }));
}

const REMOTENESS_OF_TASK = { live: 0, unreachable: 1, completed: 2, forgotten: 3 } as const;

function searchTasks(view: MasterView, search: Search, frameworkId: string | undefined): void {
  for (const framework of frameworksMeant(view, frameworkId)) {
    const { tasks, unreachableTasks, completedTasks } = framework;
    const consider = (task: TaskView) =>
      search.consider(task.id, task.message.name, () => ({
        remoteness: REMOTENESS_OF_TASK[task.place],
        sinceUnixMs: task.launchedAtUnixMs ?? task.stateSinceUnixMs ?? 0,
        describe: (isOnly) => ({
          task: taskPicture(task),
          agent: agentPicture(view, task.agentId),
          framework: frameworkPicture(view, framework),
          task_detail: isOnly ? task.message : undefined,
        }),
      }));
    for (const task of tasks.values()) consider(task);
    for (const task of unreachableTasks.values()) consider(task);
    // An id that was used again stands for the newest task.
    for (const task of completedTasks)
      if (completedTasks.find(task.id) === task && !tasks.has(task.id) && !unreachableTasks.has(task.id))
        consider(task);
  }
}

function searchOffers(view: MasterView, search: Search, frameworkId: string | undefined): void {
  for (const offer of view.offers.values()) {
    if (frameworkId !== undefined && offer.frameworkId !== frameworkId) continue;
    const framework = view.frameworks.get(offer.frameworkId);
    search.consider(offer.id, undefined, () => ({
      remoteness: 0,
      sinceUnixMs: offer.madeAtUnixMs,
      describe: (isOnly) => ({
        offer: offerPicture(offer),
        agent: agentPicture(view, offer.agentId),
        framework: framework === undefined ? undefined : frameworkPicture(view, framework),
        offer_detail: isOnly ? offer.message : undefined,
      }),
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
