/**
 * `POST /api/v1` of an agent: the calls that read. Everything is answered 503 until the agent has recovered.
 * Source: spec page 03, section 3.3.
 */
import { isRejection, type Rejection, reject } from '../../../base/rejection.js';
import * as agent from '../../../wire/gen/agent.js';
import { negotiateFormat } from '../../../wire/media-type.js';
import { validateAgentCall } from '../../../wire/validation/agent-call.js';
import { readCall, sendMessage } from '../../http/api-call.js';
import type { Exchange } from '../../http/exchange.js';
import { versionInfo } from '../../http/version.js';
import type { AgentView } from '../core/view.js';
import { describeContainers } from './containers.js';
import type { AgentSite } from './site.js';
import { getAgent, getExecutors, getFrameworks, getOperations, getState, getTasks } from './snapshot.js';

const METHODS = ['POST'] as const;

export const NOT_RECOVERED = reject('unavailable', 'Agent has not finished recovery');

export async function handleAgentCall(site: AgentSite, exchange: Exchange): Promise<void> {
  if (site.findView() === undefined) {
    exchange.reject(NOT_RECOVERED);
    return;
  }
  if (exchange.method !== 'POST') {
    exchange.refuseMethod(METHODS);
    return;
  }
  const call = await readCall(exchange, agent.Call);
  const invalid = isRejection(call) ? call : validateAgentCall(call);
  const format = negotiateFormat(exchange.header('accept'));
  if (isRejection(call) || invalid !== undefined) exchange.reject(invalid ?? NOT_RECOVERED);
  else if (isRejection(format)) exchange.reject(format);
  else {
    const response = await answer(site, call);
    if (isRejection(response)) exchange.reject(response);
    else sendMessage(exchange, format, agent.Response, response);
  }
}

async function answer(site: AgentSite, call: agent.Call): Promise<agent.Response | Rejection> {
  const view = site.findView();
  if (view === undefined) return NOT_RECOVERED;
  switch (call.type) {
    case 'LIST_FILES':
      return listFiles(site, call.list_files?.path ?? '');
    case 'READ_FILE':
      return call.read_file === undefined ? reject('invalid', 'Expecting read_file') : readFile(site, call.read_file);
    case 'GET_CONTAINERS': {
      const containers = (await describeContainers(site, view)).map(({ source: _source, ...container }) => container);
      return { type: 'GET_CONTAINERS', get_containers: { containers } };
    }
    default:
      return read(site, view, call.type);
  }
}

function read(site: AgentSite, view: AgentView, type: agent.Call['type']): agent.Response | Rejection {
  switch (type) {
    case 'GET_HEALTH':
      return { type, get_health: { healthy: true } };
    case 'GET_FLAGS':
      return {
        type,
        get_flags: { flags: Object.entries(site.config.flags).map(([name, value]) => ({ name, value })) },
      };
    case 'GET_VERSION':
      return { type, get_version: { version_info: versionInfo(site.productVersion) } };
    case 'GET_METRICS':
      return { type, get_metrics: { metrics: Array.from(site.metrics(), ([name, value]) => ({ name, value })) } };
    case 'GET_STATE':
      return { type, get_state: getState(view) };
    case 'GET_TASKS':
      return { type, get_tasks: getTasks(view) };
    case 'GET_EXECUTORS':
      return { type, get_executors: getExecutors(view) };
    case 'GET_FRAMEWORKS':
      return { type, get_frameworks: getFrameworks(view) };
    case 'GET_AGENT':
      return { type, get_agent: getAgent(view) };
    case 'GET_OPERATIONS':
      return { type, get_operations: getOperations(view) };
    case 'GET_RESOURCE_PROVIDERS':
      return { type, get_resource_providers: {} };
    default:
      return reject('unimplemented', `This agent does not support the call ${type ?? 'UNKNOWN'}`);
  }
}

async function listFiles(site: AgentSite, path: string): Promise<agent.Response | Rejection> {
  const infos = await site.files.list(path);
  return isRejection(infos) ? infos : { type: 'LIST_FILES', list_files: { file_infos: [...infos] } };
}

async function readFile(site: AgentSite, request: agent.Call_ReadFile): Promise<agent.Response | Rejection> {
  const read = await site.files.read(request.path, request.offset, request.length);
  return isRejection(read) ? read : { type: 'READ_FILE', read_file: { size: read.sizeBytes, data: read.data } };
}
