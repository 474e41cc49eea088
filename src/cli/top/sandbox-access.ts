/** From a task of the model to the agent that runs it and the place of its sandbox there. */
import { MesoError } from '../../base/error.js';
import { formatAddress } from '../../client/address.js';
import { AgentClient, sandboxPath } from '../../client/agent-client.js';
import type { ClusterModel } from '../../views/model/cluster-model.js';
import type { TaskRow } from '../../views/model/rows.js';
import { shortId } from '../../views/text/ids.js';

export interface SandboxAccess {
  readonly client: AgentClient;
  readonly path: string;
  readonly executorId: string;
  /** `node-09 (10.0.0.9:5051)` */
  readonly agentText: string;
}

/** Throws NOT_FOUND with what is missing. The client is the caller's to close. */
export function openSandbox(model: ClusterModel, row: TaskRow): SandboxAccess {
  const { agent_id, framework_id, task_id, executor_id } = row.task;
  if (agent_id === undefined) throw new MesoError('NOT_FOUND', 'it never had an agent');
  const agent = model.tables.agents.get(agent_id.value)?.agent;
  const host = agent?.ip ?? agent?.hostname;
  if (agent === undefined || host === undefined || agent.port === undefined)
    throw new MesoError('NOT_FOUND', `the address of agent ${agent?.hostname ?? shortId(agent_id.value)} is not known`);
  const address = { host, port: agent.port };
  const executorId = executor_id?.value ?? task_id.value;
  return {
    client: new AgentClient({ agent: address }),
    path: sandboxPath(framework_id.value, executorId),
    executorId,
    agentText: `${agent.hostname ?? shortId(agent_id.value)} (${formatAddress(address)})`,
  };
}
