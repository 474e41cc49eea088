/**
 * What explaining has to be told of the cluster besides the allocator's own books: who is away since when, what operators took out of
 * use, who holds which offer. Reads the view, changes nothing; nothing is made before it is asked for.
 */
import type { AbsentAgent, AgentTrouble, ClusterFacts } from '../../../offers/explain/answer.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import { int64ToNumber } from '../../../wire/int64.js';
import { isDetachedLaunch } from '../../../wire/launch-label.js';
import { findMachineOf } from './model/machine-id.js';
import type { AgentView, MasterView } from './view.js';

const NANOS_PER_MS = 1e6;

export function clusterFactsOf(view: MasterView): ClusterFacts {
  const frameworkOf = (id: string) => view.frameworks.get(id) ?? view.completedFrameworks.get(id);
  return {
    findFrameworkName: (id) => frameworkOf(id)?.info.name,
    findFrameworkState: (id) => {
      const framework = frameworkOf(id);
      if (framework?.state === 'DISCONNECTED' && isDetachedLaunch(framework.info.labels))
        return { state: 'DETACHED', sinceUnixMs: framework.stateSinceUnixMs };
      return framework === undefined ? undefined : { state: framework.state, sinceUnixMs: framework.stateSinceUnixMs };
    },
    findAgentTrouble: (id) => {
      const agent = view.agents.get(id);
      return agent === undefined ? undefined : troubleOf(agent);
    },
    canHoldLimits: (id) =>
      view.agents.get(id)?.capabilities.some(({ type }) => type === 'TASK_RESOURCE_LIMITS') === true,
    offersOn: (id) => view.agents.get(id)?.offers.values() ?? [],
    findOldestOffer: (id) => {
      const [oldest] = view.frameworks.get(id)?.offers.values() ?? [];
      return oldest?.madeAtUnixMs;
    },
    absentAgents: () => absentAgents(view),
    offerIdOf: (offer) => view.offerIdOf(offer),
  };
}

function troubleOf(agent: AgentView): AgentTrouble | undefined {
  const { connected, machine, deactivation, connectionSinceUnixMs } = agent;
  if (!connected) return { code: 'UNREACHABLE', state: 'DISCONNECTED', sinceUnixMs: connectionSinceUnixMs };
  if (machine?.mode === 'DOWN') return maintenanceOf(machine);
  if (deactivation === undefined) return agent.active ? undefined : { code: 'UNREACHABLE', state: 'REACTIVATED' };
  const drain = deactivation.drain?.state;
  const sinceUnixMs = agent.deactivatedSinceUnixMs;
  if (drain === 'DRAINING' || drain === 'DRAINED') return { code: 'DRAINING', state: drain, sinceUnixMs };
  return { code: 'DEACTIVATED', sinceUnixMs };
}

/** Known agents that are away, and machines that are down and have no agent because of that. */
function* absentAgents(view: MasterView): Generator<AbsentAgent, void> {
  const told = new Set<mesos.MachineInfo>();
  for (const away of agentsAway(view)) {
    const machine = findMachineOf(view.machines, away.hostname ?? '', away.ip ?? '');
    if (machine?.mode !== 'DOWN') {
      yield away;
      continue;
    }
    told.add(machine);
    yield { id: away.id, hostname: away.hostname, ...maintenanceOf(machine) };
  }
  for (const { machine } of view.agents.values()) if (machine?.mode === 'DOWN') told.add(machine);
  for (const machine of view.machines.values()) {
    if (machine.mode !== 'DOWN' || told.has(machine)) continue;
    const { hostname, ip } = machine.id;
    yield { id: hostname ?? ip ?? '', hostname: hostname ?? ip, ...maintenanceOf(machine) };
  }
}

function* agentsAway(view: MasterView): Generator<AbsentAgent & { readonly ip: string | undefined }, void> {
  const code = 'UNREACHABLE';
  for (const [id, { hostname }] of view.recoveredAgents)
    yield { id, hostname, ip: undefined, code, state: 'RECOVERED', sinceUnixMs: view.electedAtUnixMs };
  for (const [id, since] of view.unreachableAgents) {
    const lost = view.lostAgents.get(id);
    const sinceUnixMs = int64ToNumber(since.nanoseconds) / NANOS_PER_MS;
    yield { id, hostname: lost?.info.hostname, ip: lost?.ip, code, state: 'UNREACHABLE', sinceUnixMs };
  }
}

function maintenanceOf({ unavailability }: mesos.MachineInfo): AgentTrouble {
  const { start, duration } = unavailability ?? {};
  const sinceUnixMs = start === undefined ? undefined : int64ToNumber(start.nanoseconds) / NANOS_PER_MS;
  const isOpenEnded = sinceUnixMs === undefined || duration === undefined;
  const untilUnixMs = isOpenEnded ? undefined : sinceUnixMs + int64ToNumber(duration.nanoseconds) / NANOS_PER_MS;
  return { code: 'MAINTENANCE', sinceUnixMs, untilUnixMs };
}
