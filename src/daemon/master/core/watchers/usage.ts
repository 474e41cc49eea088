/**
 * What changes with every task and offer: usage of agents and frameworks, roles, counts. Noted when it changes, told at most
 * once a second, and only what changed. The telling is sliced work: an agent per unit, read anew. No watcher, no timer.
 */
import type * as api from '../../../../wire/gen/mesoctl-api.js';
import { WATCH_USAGE_INTERVAL_MS } from '../limits.js';
import type { Context } from '../machine/context.js';
import { sameMessage } from '../model/equality.js';
import { agentUsage, countsPicture, frameworkUsage, rolePicture } from '../pictures.js';
import { isWatched, join, sendEvent, type Topic } from './broadcast.js';
import type { Watchers } from './watchers.js';

const AGENTS_USED: Topic<api.AgentUsage> = {
  key: 'AGENTS_USED',
  to: 'AGENTS',
  build: (_context, usages) => ({ type: 'AGENTS_USED', agents_used: [...usages] }),
};

const FRAMEWORKS_USED: Topic<api.FrameworkUsage> = {
  key: 'FRAMEWORKS_USED',
  to: 'FRAMEWORKS',
  build: (_context, usages) => ({ type: 'FRAMEWORKS_USED', frameworks_used: [...usages] }),
};

/** Something of the framework on the agent began or ceased to be allocated or offered. */
export function touchUsage(context: Context, frameworkId: string, agentId: string): void {
  const { watchers } = context;
  if (watchers.size === 0) return;
  if (isWatched(context, 'AGENTS')) watchers.dirtyAgents.add(agentId);
  if (isWatched(context, 'FRAMEWORKS')) watchers.dirtyFrameworks.add(frameworkId);
  touchSums(context);
}

/** What all agents have together changed, and with it every share. */
export function touchAllFrameworks(context: Context): void {
  const { watchers, state } = context;
  if (watchers.size === 0) return;
  if (isWatched(context, 'FRAMEWORKS')) for (const id of state.frameworks.keys()) watchers.dirtyFrameworks.add(id);
  touchSums(context);
}

/** Roles, shares or counts may have changed. */
export function touchSums(context: Context): void {
  const { watchers } = context;
  if (watchers.size === 0) return;
  if (isWatched(context, 'ROLES') || isWatched(context, 'COUNTS')) watchers.dirtySums = true;
  if (watchers.usageTimer !== undefined || !isDirty(watchers)) return;
  const atMs = Math.max(context.now.monotonicMs, watchers.lastUsageMs + WATCH_USAGE_INTERVAL_MS);
  watchers.usageTimer = context.timers.arm(atMs, () => {
    watchers.usageTimer = undefined;
    watchers.lastUsageMs = context.now.monotonicMs;
    context.jobs.add(tellUsage(context));
  });
}

function isDirty({ dirtyAgents, dirtyFrameworks, dirtySums }: Watchers): boolean {
  return dirtySums || dirtyAgents.size > 0 || dirtyFrameworks.size > 0;
}

/** Takes the notes first: what changes meanwhile is noted for the next time. */
function* tellUsage(context: Context): Generator<void, void> {
  const { watchers, state } = context;
  const { dirtyAgents, dirtyFrameworks, dirtySums } = watchers;
  watchers.dirtyAgents = new Set();
  watchers.dirtyFrameworks = new Set();
  watchers.dirtySums = false;
  for (const id of dirtyAgents) {
    const agent = state.agents.get(id);
    if (agent !== undefined) join(context, AGENTS_USED, agentUsage(agent));
    yield;
  }
  const totals = context.allocator.totals();
  for (const id of dirtyFrameworks) {
    const framework = state.frameworks.get(id);
    if (framework !== undefined) join(context, FRAMEWORKS_USED, frameworkUsage(framework, totals));
    yield;
  }
  if (!dirtySums) return;
  tellRoles(context);
  yield;
  tellCounts(context);
}

/** Those that are not as they were last told, to all who watch roles. */
export function tellRoles(context: Context): void {
  if (!isWatched(context, 'ROLES')) return;
  const { toldRoles } = context.watchers;
  const roles: api.Role[] = [];
  const gone = new Set(toldRoles.keys());
  for (const use of context.allocator.roles()) {
    const role = rolePicture(use);
    gone.delete(role.name);
    if (sameMessage(toldRoles.get(role.name), role)) continue;
    toldRoles.set(role.name, role);
    roles.push(role);
  }
  if (roles.length === 0 && gone.size === 0) return;
  for (const name of gone) toldRoles.delete(name);
  sendEvent(context, 'ROLES', { type: 'ROLES_UPDATED', roles_updated: { roles, removed: [...gone] } });
}

export function tellCounts(context: Context): void {
  if (!isWatched(context, 'COUNTS')) return;
  const counted = countsPicture(context.view);
  if (sameMessage(context.watchers.toldCounts, counted)) return;
  context.watchers.toldCounts = counted;
  sendEvent(context, 'COUNTS', { type: 'COUNTED', counted });
}
