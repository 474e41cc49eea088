/**
 * The snapshot of a new watcher: sliced work, one agent, framework, offer or task per unit, in SNAPSHOT events that a step's
 * end closes. Every unit reads the books anew, and whatever changes in between is told as it changes, so parts need not be of
 * one moment. While the stream's queue is long the snapshot waits: the master never holds a whole one for a slow reader.
 */
import type * as api from '../../../../wire/gen/mesoctl-api.js';
import { MAX_ITEMS_PER_EVENT } from '../limits.js';
import type { Context } from '../machine/context.js';
import type { FrameworkRecord } from '../model/framework.js';
import type { TaskRecord } from '../model/task.js';
import { agentPicture, countsPicture, frameworkPicture, offerPicture, taskPicture } from '../pictures.js';
import { join, sendEvent, type Topic } from './broadcast.js';
import { tellRoles } from './usage.js';
import type { Watcher } from './watchers.js';

/** Goes on with the snapshot as long as the reader keeps up; lets other work in between. */
export function continueSnapshot(context: Context, watcher: Watcher): void {
  if (watcher.snapshot !== undefined && !watcher.backlogged) context.jobs.add(slice(context, watcher));
}

function* slice(context: Context, watcher: Watcher): Generator<void, void> {
  for (let units = 0; units < MAX_ITEMS_PER_EVENT; units++) {
    const { snapshot } = watcher;
    if (snapshot === undefined || watcher.backlogged) return;
    if (snapshot.next().done === true) return;
    yield;
  }
  continueSnapshot(context, watcher);
}

/** `then` runs after SNAPSHOT_END. */
export function* snapshotFor(context: Context, watcher: Watcher, then: () => void): Generator<void, void> {
  const { interests } = watcher;
  const topic = partsFor(watcher);
  const add = (part: Part) => join(context, topic, part);
  yield* sums(context, watcher);
  if (interests.has('AGENTS')) yield* agents(context, (agent) => add({ agent }));
  if (interests.has('FRAMEWORKS')) yield* frameworks(context, (framework) => add({ framework }));
  if (interests.has('OFFERS')) yield* offers(context, (offer) => add({ offer }));
  if (interests.has('TASKS')) yield* tasks(context, (task) => add({ task }));
  sendEvent(context, watcher, { type: 'SNAPSHOT_END' });
  then();
}

/** All watchers of roles are brought up to date first, so that from here on one list says what each of them was told. */
function* sums(context: Context, watcher: Watcher): Generator<void, void> {
  const snapshot: api.Event_Snapshot = {};
  if (watcher.interests.has('ROLES')) {
    tellRoles(context);
    snapshot.roles = [...context.watchers.toldRoles.values()];
  }
  if (watcher.interests.has('COUNTS')) snapshot.counts = countsPicture(context.view);
  if (snapshot.roles === undefined && snapshot.counts === undefined) return;
  sendEvent(context, watcher, { type: 'SNAPSHOT', snapshot });
  yield;
}

function* agents(context: Context, add: (agent: api.Agent) => void): Generator<void, void> {
  const { agents: registered, recoveredAgents, unreachableAgents } = context.state;
  for (const books of [registered, recoveredAgents, unreachableAgents])
    for (const id of books.keys()) {
      const agent = agentPicture(context.view, id);
      if (agent !== undefined) add(agent);
      yield;
    }
}

function* frameworks(context: Context, add: (framework: api.Framework) => void): Generator<void, void> {
  for (const framework of allFrameworks(context)) {
    add(frameworkPicture(context.view, framework));
    yield;
  }
}

function* offers(context: Context, add: (offer: api.Offer) => void): Generator<void, void> {
  for (const offer of context.state.offers.values()) {
    add(offerPicture(offer));
    yield;
  }
}

function* allFrameworks({ state }: Context): Generator<FrameworkRecord, void> {
  yield* state.frameworks.values();
  yield* state.completedFrameworks.values();
}

function* tasks(context: Context, add: (task: api.Task) => void): Generator<void, void> {
  for (const framework of allFrameworks(context)) {
    // The history is a ring that turns; a copy does not.
    for (const task of [...framework.completedTasks]) {
      if (isNewest(framework, task)) add(taskPicture(task));
      yield;
    }
    for (const books of [framework.unreachableTasks, framework.tasks])
      for (const task of books.values()) {
        add(taskPicture(task));
        yield;
      }
  }
}

/** Whether a completed task is still known and what its id stands for. */
function isNewest({ tasks: live, unreachableTasks, completedTasks }: FrameworkRecord, task: TaskRecord): boolean {
  if (task.place !== 'completed' || live.has(task.id) || unreachableTasks.has(task.id)) return false;
  return completedTasks.find(task.id) === task;
}

type Part =
  | { readonly agent: api.Agent }
  | { readonly framework: api.Framework }
  | { readonly offer: api.Offer }
  | { readonly task: api.Task };

function partsFor(watcher: Watcher): Topic<Part> {
  return {
    key: `SNAPSHOT ${watcher.connectionId}`,
    to: watcher,
    build: (_context, parts) => ({
      type: 'SNAPSHOT',
      snapshot: {
        agents: listed(parts, (part) => ('agent' in part ? part.agent : undefined)),
        frameworks: listed(parts, (part) => ('framework' in part ? part.framework : undefined)),
        offers: listed(parts, (part) => ('offer' in part ? part.offer : undefined)),
        tasks: listed(parts, (part) => ('task' in part ? part.task : undefined)),
      },
    }),
  };
}

function listed<T>(parts: readonly Part[], pick: (part: Part) => T | undefined): T[] | undefined {
  const found = parts.map(pick).filter((item) => item !== undefined);
  return found.length === 0 ? undefined : found;
}
