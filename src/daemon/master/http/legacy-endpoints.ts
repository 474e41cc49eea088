/**
 * The read endpoints from before the v1 API: whole JSON documents by GET, which old clients also POST to. What follows the
 * endpoint in the path is ignored, as in the original. Source: spec pages 03 (3.4) and 13 (13.1).
 */
import { isRejection, type Rejection, reject } from '../../../base/rejection.js';
import type { Exchange } from '../../http/exchange.js';
import { describeReservationsInFull, describeResourcesInFull, type JsonObject } from '../../http/legacy-resources.js';
import { describeTask } from '../../http/legacy-task.js';
import { versionJson } from '../../http/version.js';
import type { AgentView, TaskView } from '../core/view.js';
import { describeRoles } from './legacy-roles.js';
import { describeFramework, describeRecoveredSlave, describeSlave, describeState } from './legacy-state.js';
import { describeSummary } from './legacy-summary.js';
import type { MasterHandler, MasterSite } from './site.js';

const DEFAULT_TASK_LIMIT = 100;

/** Answers GET (and the POST of old clients) with what `describe` makes. */
export function jsonEndpoint(
  describe: (site: MasterSite, query: URLSearchParams) => JsonObject | Rejection,
): MasterHandler {
  return (site, exchange: Exchange) => {
    const document = describe(site, exchange.query);
    if (isRejection(document)) exchange.reject(document);
    else exchange.sendJson(JSON.stringify(document));
  };
}

export const handleState = jsonEndpoint(describeState);
export const handleStateSummary = jsonEndpoint(describeSummary);
export const handleSlaves = jsonEndpoint(describeSlaves);
export const handleFrameworks = jsonEndpoint(describeFrameworks);
export const handleTasks = jsonEndpoint(describeTasks);
export const handleRoles = jsonEndpoint((site) => describeRoles(site.view()));
export const handleFlags = jsonEndpoint((site) => ({ flags: site.config.flags }));
export const handleMetrics = jsonEndpoint((site) => Object.fromEntries([...site.metrics()].sort(byName)));

export function handleVersion(site: MasterSite, exchange: Exchange): void {
  exchange.sendJson(versionJson(site.productVersion));
}

export function handleHealth(_site: MasterSite, exchange: Exchange): void {
  exchange.send({ status: 200 });
}

function byName([a]: readonly [string, number], [b]: readonly [string, number]): number {
  return a < b ? -1 : 1;
}

function describeSlaves(site: MasterSite, query: URLSearchParams): JsonObject {
  const wanted = query.get('slave_id');
  const view = site.view();
  return {
    slaves: Array.from(view.agents.values())
      .filter((agent) => wanted === null || agent.id === wanted)
      .map(describeSlaveInFull),
    recovered_slaves: Array.from(view.recoveredAgents.values())
      .filter((info) => wanted === null || info.id?.value === wanted)
      .map(describeRecoveredSlave),
  };
}

function describeSlaveInFull(agent: AgentView): JsonObject {
  return {
    ...describeSlave(agent),
    reserved_resources_full: describeReservationsInFull(agent.total),
    unreserved_resources_full: describeResourcesInFull(agent.total.unreserved()),
    used_resources_full: describeResourcesInFull(agent.allocated()),
    offered_resources_full: describeResourcesInFull(agent.offered()),
  };
}

function describeFrameworks(site: MasterSite, query: URLSearchParams): JsonObject {
  const wanted = query.get('framework_id');
  const view = site.view();
  const matches = ({ id }: { readonly id: string }) => wanted === null || id === wanted;
  return {
    frameworks: [...view.frameworks.values()].filter(matches).map(describeFramework),
    completed_frameworks: [...view.completedFrameworks.values()].filter(matches).map(describeFramework),
    unregistered_frameworks: [],
  };
}

function describeTasks(site: MasterSite, query: URLSearchParams): JsonObject | Rejection {
  const limit = integerOf(query.get('limit'), DEFAULT_TASK_LIMIT);
  const offset = integerOf(query.get('offset'), 0);
  if (limit === undefined || offset === undefined || offset < 0)
    return reject('invalid', "'limit' and 'offset' must be integers, 'offset' not negative");
  const sign = query.get('order') === 'asc' ? 1 : -1;
  const tasks = selectTasks(site, query).sort((a, b) => sign * (firstTimestamp(a.task) - firstTimestamp(b.task)));
  // A negative limit is how the original's own command line asks for all.
  const end = limit < 0 ? undefined : offset + limit;
  return { tasks: tasks.slice(offset, end).map(({ task, role }) => describeTask(task.message, role)) };
}

interface SelectedTask {
  readonly task: TaskView;
  readonly role: string;
}

/** Live, unreachable and completed ones. */
function selectTasks(site: MasterSite, query: URLSearchParams): SelectedTask[] {
  const frameworkId = query.get('framework_id');
  const taskId = query.get('task_id');
  const view = site.view();
  const selected: SelectedTask[] = [];
  for (const framework of [...view.frameworks.values(), ...view.completedFrameworks.values()]) {
    if (frameworkId !== null && framework.id !== frameworkId) continue;
    const role = framework.roles[0] ?? '*';
    for (const tasks of [framework.tasks.values(), framework.unreachableTasks.values(), framework.completedTasks])
      for (const task of tasks) if (taskId === null || task.id === taskId) selected.push({ task, role });
  }
  return selected;
}

function firstTimestamp(task: TaskView): number {
  return task.message.statuses?.[0]?.timestamp ?? 0;
}

function integerOf(text: string | null, absent: number): number | undefined {
  if (text === null || text === '') return absent;
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}
