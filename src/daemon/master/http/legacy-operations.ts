/**
 * `/reserve`, `/unreserve`, `/create-volumes` and `/destroy-volumes`: POST of a form with the agent and a JSON list of resources; `/teardown`:
 * with the framework. The operator calls of the same names, for clients from before the v1 API. Source: spec page 03, 3.4.
 */
import { isRejection, type Rejection, reject } from '../../../base/rejection.js';
import type * as master from '../../../wire/gen/master.js';
import * as mesos from '../../../wire/gen/mesos.js';
import { postCall, readList } from './legacy-call.js';
import type { MasterHandler } from './site.js';

export const handleReserve = formEndpoint((form) => {
  const agent_id = agentIn(form);
  const resources = listIn(form, 'resources');
  const source = form.has('source') ? listIn(form, 'source') : [];
  if (isRejection(agent_id)) return agent_id;
  if (isRejection(resources)) return resources;
  if (isRejection(source)) return source;
  return { type: 'RESERVE_RESOURCES', reserve_resources: { agent_id, resources, source } };
});

export const handleUnreserve = formEndpoint((form) => {
  const agent_id = agentIn(form);
  const resources = listIn(form, 'resources');
  if (isRejection(agent_id)) return agent_id;
  if (isRejection(resources)) return resources;
  return { type: 'UNRESERVE_RESOURCES', unreserve_resources: { agent_id, resources } };
});

export const handleCreateVolumes = formEndpoint((form) => {
  const agent_id = agentIn(form);
  const volumes = listIn(form, 'volumes');
  if (isRejection(agent_id)) return agent_id;
  if (isRejection(volumes)) return volumes;
  return { type: 'CREATE_VOLUMES', create_volumes: { agent_id, volumes } };
});

export const handleDestroyVolumes = formEndpoint((form) => {
  const agent_id = agentIn(form);
  const volumes = listIn(form, 'volumes');
  if (isRejection(agent_id)) return agent_id;
  if (isRejection(volumes)) return volumes;
  return { type: 'DESTROY_VOLUMES', destroy_volumes: { agent_id, volumes } };
});

export const handleTeardown = formEndpoint((form) => {
  const value = form.get('frameworkId') ?? '';
  return value === ''
    ? reject('invalid', "Missing 'frameworkId' in the form: write frameworkId=ID")
    : { type: 'TEARDOWN', teardown: { framework_id: { value } } };
});

function formEndpoint(read: (form: URLSearchParams) => master.Call | Rejection): MasterHandler {
  return (site, exchange) => postCall(site, exchange, (body) => read(new URLSearchParams(body)));
}

function agentIn(form: URLSearchParams): mesos.AgentID | Rejection {
  const value = form.get('slaveId') ?? '';
  return value === '' ? reject('invalid', "Missing 'slaveId' in the form: write slaveId=ID&...") : { value };
}

function listIn(form: URLSearchParams, name: string): mesos.Resource[] | Rejection {
  const text = form.get(name);
  if (text === null) return reject('invalid', `Missing '${name}' in the form: write ${name}=[...]`);
  return readList(mesos.Resource, text, `resources in '${name}'`);
}
