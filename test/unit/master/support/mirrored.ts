/** What a mirror of the extension's event stream must equal: the view, read as a whole. */
import { expect } from 'vitest';
import { sameMessage } from '../../../../src/daemon/master/core/model/equality.js';
import {
  agentPicture,
  countsPicture,
  frameworkPicture,
  offerPicture,
  rolePicture,
  taskPicture,
} from '../../../../src/daemon/master/core/pictures.js';
import type { MasterView } from '../../../../src/daemon/master/core/view.js';
import type * as api from '../../../../src/wire/gen/mesoctl-api.js';
import { type FakeWatcher, type Mirror, taskKey } from './fake-watcher.js';

export function pictureOf(view: MasterView): Mirror {
  const agents = new Map<string, api.Agent>();
  for (const ids of [view.agents, view.recoveredAgents, view.unreachableAgents])
    for (const id of ids.keys()) {
      const agent = agentPicture(view, id);
      if (agent !== undefined) agents.set(id, agent);
    }
  const frameworks = new Map<string, api.Framework>();
  const tasks = new Map<string, api.Task>();
  for (const books of [view.frameworks, view.completedFrameworks])
    for (const framework of books.values()) {
      frameworks.set(framework.id, frameworkPicture(view, framework));
      // Oldest first: of namesakes the newest stays.
      for (const history of [framework.completedTasks, framework.unreachableTasks.values(), framework.tasks.values()])
        for (const task of history) {
          const picture = taskPicture(task);
          tasks.set(taskKey(picture), picture);
        }
    }
  const offers = new Map(Array.from(view.offers.values(), (offer) => [offer.id, offerPicture(offer)]));
  const roles = new Map(view.roles().map((role) => [role.name, rolePicture(role)]));
  return { agents, frameworks, tasks, offers, roles, counts: countsPicture(view) };
}

/** All but what may lag behind by a second. */
export function checkMirror(watcher: FakeWatcher, picture: Mirror): void {
  const withoutUsage = <T extends object>(things: ReadonlyMap<string, T>) =>
    new Map(Array.from(things, ([key, thing]) => [key, { ...thing, usage: undefined }]));
  if (watcher.takes('AGENTS')) same('agents', withoutUsage(watcher.agents), withoutUsage(picture.agents));
  if (watcher.takes('FRAMEWORKS'))
    same('frameworks', withoutUsage(watcher.frameworks), withoutUsage(picture.frameworks));
  if (watcher.takes('TASKS')) same('tasks', watcher.tasks, picture.tasks);
  if (watcher.takes('OFFERS')) same('offers', watcher.offers, picture.offers);
  for (const kind of ['AGENTS', 'FRAMEWORKS', 'TASKS', 'OFFERS', 'ROLES'] as const)
    if (!watcher.takes(kind)) expect(watcher[PLACE_OF[kind]].size, `nothing of ${kind}`).toBe(0);
}

/** To be called when nothing has happened for more than a second. */
export function checkSettledMirror(watcher: FakeWatcher, picture: Mirror): void {
  checkMirror(watcher, picture);
  if (watcher.takes('AGENTS')) same('agents', watcher.agents, picture.agents);
  if (watcher.takes('FRAMEWORKS')) same('frameworks', watcher.frameworks, picture.frameworks);
  if (watcher.takes('ROLES')) same('roles', watcher.roles, picture.roles);
  if (watcher.kinds.length === 0) expect(watcher.counts).toEqual(picture.counts);
}

const PLACE_OF = {
  AGENTS: 'agents',
  FRAMEWORKS: 'frameworks',
  TASKS: 'tasks',
  OFFERS: 'offers',
  ROLES: 'roles',
} as const;

function same<T>(what: string, heard: ReadonlyMap<string, T>, known: ReadonlyMap<string, T>): void {
  const isSame = heard.size === known.size && [...known].every(([key, value]) => sameMessage(heard.get(key), value));
  if (!isSame) expect(heard, `${what} as heard`).toEqual(known);
}
