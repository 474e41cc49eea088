/**
 * What explaining has to be told of the cluster besides the allocator's own books: who is away since when, what operators took out of
 * use, who holds which offer. Reads the view, changes nothing; nothing is made before it is asked for.
 */
import type { AbsentAgent, AgentTrouble, ClusterFacts } from '../../../offers/explain/answer.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import { int64ToNumber } from '../../../wire/int64.js';
import { machineKey } from './model/machine-id.js';
import type { AgentView, MasterView } from './view.js';

const NANOS_PER_MS = 1e6;

export function clusterFactsOf(view: MasterView): ClusterFacts {
  const frameworkOf = (id: string) => view.frameworks.get(id) ?? view.completedFrameworks.get(id);
  return {
    findFrameworkName: (id) => frameworkOf(id)?.info.name,
    findFrameworkState: (id) => {
      const framework = frameworkOf(id);
      return framework === undefined ? undefined : { state: framework.state, sinceUnixMs: framework.stateSinceUnixMs };
    },
    findAgentTrouble: (id) => {
      const agent = view.agents.get(id);
      return agent === undefined ? undefined : troubleOf(view, agent);
    },
    canHoldLimits: (id) =>
      view.agents.get(id)?.capabilities.some(({ type }) => type === 'TASK_RESOURCE_LIMITS') === true,
    offersOn: (id) => view.agents.get(id)?.offers.values() ?? [],
    absentAgents: () => absentAgents(view),
    offerIdOf: (offer) => view.offerIdOf(offer),
  };
}

function troubleOf(view: MasterView, agent: AgentView): AgentTrouble | undefined {
  if (!agent.connected) return { code: 'UNREACHABLE', state: 'DISCONNECTED', sinceUnixMs: agent.connectionSinceUnixMs };
  const down = findMaintenance(view, { hostname: agent.info.hostname, ip: agent.ip });
  if (down !== undefined) return down;
  const deactivation = view.deactivatedAgents.get(agent.id);
  if (deactivation === undefined) return undefined;
  if (deactivation.drain === undefined) return { code: 'DEACTIVATED' };
  const [running] = agent.tasks;
  return { code: 'DRAINING', state: running === undefined ? 'DRAINED' : 'DRAINING' };
}

function* absentAgents(view: MasterView): Generator<AbsentAgent, void> {
  for (const [id, info] of view.recoveredAgents) {
    const away = { code: 'UNREACHABLE', state: 'RECOVERED', sinceUnixMs: view.electedAtUnixMs } as const;
    yield { id, hostname: info.hostname, ...(findMaintenance(view, info) ?? away) };
  }
  for (const [id, { nanoseconds }] of view.unreachableAgents) {
    const lost = view.lostAgents.get(id);
    const sinceUnixMs = int64ToNumber(nanoseconds) / NANOS_PER_MS;
    const away = { code: 'UNREACHABLE', state: 'UNREACHABLE', sinceUnixMs } as const;
    const machine = { hostname: lost?.info.hostname, ip: lost?.ip };
    yield { id, hostname: lost?.info.hostname, ...(findMaintenance(view, machine) ?? away) };
  }
}

/** Machines that an operator took down, under any of the names that a schedule may call them by. */
function findMaintenance(view: MasterView, { hostname, ip }: mesos.MachineID): AgentTrouble | undefined {
  if (view.machines.size === 0) return undefined;
  for (const id of [{ hostname, ip }, { hostname }, { ip }]) {
    const key = machineKey(id);
    const machine = view.machines.get(key);
    if (machine?.mode !== 'DOWN') continue;
    const { start, duration } = machine.unavailability ?? {};
    const sinceUnixMs = start === undefined ? undefined : int64ToNumber(start.nanoseconds) / NANOS_PER_MS;
    const untilUnixMs =
      sinceUnixMs === undefined || duration === undefined
        ? undefined
        : sinceUnixMs + int64ToNumber(duration.nanoseconds) / NANOS_PER_MS;
    return { code: 'MAINTENANCE', sinceUnixMs, untilUnixMs };
  }
  return undefined;
}
