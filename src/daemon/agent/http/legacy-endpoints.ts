/** The agent's read endpoints from before the v1 API. Source: spec page 03, section 3.4. */
import { isRejection, reject } from '../../../base/rejection.js';
import { parseFilePosition, toLegacyFile, toLegacyRead } from '../../../runtime/sandbox/legacy-files.js';
import * as mesos from '../../../wire/gen/mesos.js';
import type { Exchange } from '../../http/exchange.js';
import { type JsonObject, toPlainJson } from '../../http/legacy-resources.js';
import { versionJson } from '../../http/version.js';
import type { AgentView } from '../core/view.js';
import { type DescribedContainer, describeContainers } from './containers.js';
import { describeState } from './legacy-state.js';
import { NOT_RECOVERED } from './operator-api.js';
import type { AgentHandler, AgentSite } from './site.js';

/** Answers with what `describe` makes, once the agent has recovered. */
function recoveredOnly(
  describe: (site: AgentSite, view: AgentView, exchange: Exchange) => unknown | Promise<unknown>,
): AgentHandler {
  return async (site, exchange) => {
    const view = site.findView();
    if (view === undefined) exchange.reject(NOT_RECOVERED);
    else exchange.sendJson(JSON.stringify(await describe(site, view, exchange)));
  };
}

export const handleState = recoveredOnly(describeState);

export const handleContainers = recoveredOnly(async (site, view, exchange) => {
  const wanted = exchange.query.get('container_id');
  const containers = await describeContainers(site, view);
  return containers
    .filter((container) => wanted === null || container.container_id.value === wanted)
    .map((container) => ({
      ...describeOwner(container),
      container_id: container.container_id.value,
      status: toPlainJson(mesos.ContainerStatus, container.container_status ?? {}),
      ...describeStatistics(container),
    }));
});

export const handleStatistics = recoveredOnly(async (site, view) => {
  const containers = await describeContainers(site, view);
  return containers.map((container) => ({ ...describeOwner(container), ...describeStatistics(container) }));
});

export function handleFlags(site: AgentSite, exchange: Exchange): void {
  exchange.sendJson(JSON.stringify({ flags: site.config.flags }));
}

export function handleMetrics(site: AgentSite, exchange: Exchange): void {
  const sorted = [...site.metrics()].sort(([left], [right]) => (left < right ? -1 : 1));
  exchange.sendJson(JSON.stringify(Object.fromEntries(sorted)));
}

export function handleVersion(site: AgentSite, exchange: Exchange): void {
  exchange.sendJson(versionJson(site.productVersion));
}

export function handleHealth(_site: AgentSite, exchange: Exchange): void {
  exchange.send({ status: 200 });
}

export async function handleBrowse(site: AgentSite, exchange: Exchange): Promise<void> {
  const path = pathOf(exchange);
  const infos = path === undefined ? NO_PATH : await site.files.list(path);
  if (isRejection(infos)) exchange.reject(infos);
  else exchange.sendJson(JSON.stringify(infos.map(toLegacyFile)));
}

export async function handleRead(site: AgentSite, exchange: Exchange): Promise<void> {
  const path = pathOf(exchange);
  const offset = parseFilePosition('offset', exchange.query.get('offset') ?? undefined);
  const length = parseFilePosition('length', exchange.query.get('length') ?? undefined);
  if (isRejection(offset)) exchange.reject(offset);
  else if (isRejection(length)) exchange.reject(length);
  else {
    const read = path === undefined ? NO_PATH : await site.files.read(path, offset, length);
    if (isRejection(read)) exchange.reject(read);
    else exchange.sendJson(JSON.stringify(toLegacyRead(offset, read)));
  }
}

export function handleFilesDebug(site: AgentSite, exchange: Exchange): void {
  exchange.sendJson(JSON.stringify(Object.fromEntries(site.files.attachments())));
}

const NO_PATH = reject('invalid', 'Expecting "path=value" in query');

function pathOf(exchange: Exchange): string | undefined {
  const path = exchange.query.get('path');
  return path === null || path === '' ? undefined : path;
}

function describeOwner(container: DescribedContainer): JsonObject {
  return {
    framework_id: container.framework_id?.value,
    executor_id: container.executor_id?.value,
    executor_name: container.executor_name,
    source: container.source,
  };
}

function describeStatistics({ resource_statistics: statistics }: DescribedContainer): JsonObject {
  return statistics === undefined ? {} : { statistics: toPlainJson(mesos.ResourceStatistics, statistics) };
}
