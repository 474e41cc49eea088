/** What must hold between any two steps of a master core, whatever happened before. */
import { expect } from 'vitest';
import type {
  FrameworkView,
  MasterView,
  OperationView,
  TallyView,
  TaskView,
} from '../../../../src/daemon/master/core/view.js';
import { Resources } from '../../../../src/offers/resources/resources.js';
import type { Harness } from './harness.js';

const TERMINAL = /TASK_(FINISHED|FAILED|KILLED|LOST|ERROR|DROPPED|GONE|GONE_BY_OPERATOR)$/;

export function checkView(view: MasterView): void {
  checkResources(view);
  checkTasks(view);
  checkOffers(view);
  checkInverseOffers(view);
  checkOperations(view);
  for (const agentId of view.agents.keys()) {
    expect(view.recoveredAgents.has(agentId)).toBe(false);
    expect(view.unreachableAgents.has(agentId)).toBe(false);
    expect(view.goneAgents.has(agentId)).toBe(false);
  }
  for (const id of view.lostAgents.keys()) expect(view.unreachableAgents.has(id)).toBe(true);
  for (const id of view.completedFrameworks.keys()) expect(view.frameworks.has(id)).toBe(false);
}

/** The allocator's books are the master's books: nothing is lost, nothing is counted twice. */
function checkResources(view: MasterView): void {
  const { agents } = view.allocator();
  expect(new Set(agents.keys())).toEqual(new Set(view.agents.keys()));
  for (const agent of view.agents.values()) {
    const held = [...agent.tasks].filter(({ message }) => !TERMINAL.test(message.state)).map(resourcesOf);
    const executors = [...agent.executors].map(({ info }) => Resources.of(info.resources ?? []));
    const used = Resources.sum([...held, ...executors]);
    expect(agent.allocated().equals(used), `${agent.id} uses ${used}, books say ${agent.allocated()}`).toBe(true);
    const known = agents.get(agent.id);
    const sameTotal = known?.total.equals(agent.total) ?? false;
    expect(sameTotal, `${agent.id} has ${agent.total}, the allocator says ${known?.total}`).toBe(true);
    const expected = used.add(agent.offered());
    const isSame = known?.offeredOrAllocated.equals(expected) ?? false;
    expect(isSame, `${agent.id}: allocator ${known?.offeredOrAllocated}, master ${expected}`).toBe(true);
    expect(known?.active).toBe(agent.active);
  }
  const total = Resources.sum(Array.from(view.frameworks.values(), (framework) => framework.allocated()));
  const used = Resources.sum(Array.from(view.agents.values(), (agent) => agent.allocated()));
  expect(total.equals(used)).toBe(true);
  for (const framework of [...view.frameworks.values(), ...view.completedFrameworks.values()]) {
    checkTally(framework.allocatedTally, framework.allocated());
    checkTally(framework.offeredTally, framework.offered());
  }
}

function checkTally(tally: TallyView, sum: Resources): void {
  for (const name of ['cpus', 'gpus', 'mem', 'disk'] as const) expect(tally[name]).toBe(sum.scalarMilli(name));
}

function resourcesOf({ message }: TaskView): Resources {
  return Resources.of(message.resources ?? []);
}

/** A task is live, unreachable or completed; live ones are on exactly one agent. */
function checkTasks(view: MasterView): void {
  const onAgents = new Set<TaskView>();
  for (const agent of view.agents.values()) for (const task of agent.tasks) onAgents.add(task);
  let live = 0;
  for (const framework of view.frameworks.values()) {
    live += framework.tasks.size;
    for (const task of framework.tasks.values()) expect(onAgents.has(task)).toBe(true);
    checkPlaces(framework);
  }
  expect(onAgents.size).toBe(live);
  for (const framework of view.completedFrameworks.values()) {
    expect(framework.tasks.size + framework.unreachableTasks.size + framework.offers.size).toBe(0);
    expect([...framework.executors]).toEqual([]);
  }
}

function checkPlaces(framework: FrameworkView): void {
  const completed = new Set(framework.completedTasks);
  for (const { place } of completed) expect(place).toBe('completed');
  for (const { place } of framework.tasks.values()) expect(place).toBe('live');
  for (const { place } of framework.unreachableTasks.values()) expect(place).toBe('unreachable');
  for (const [id, task] of framework.tasks) {
    expect(framework.unreachableTasks.has(id)).toBe(false);
    expect(completed.has(task)).toBe(false);
  }
  for (const task of framework.unreachableTasks.values()) expect(completed.has(task)).toBe(false);
}

/** An offer is in all books, of a connected agent, for a connected framework. */
function checkOffers(view: MasterView): void {
  let byFrameworks = 0;
  let byAgents = 0;
  for (const framework of view.frameworks.values()) byFrameworks += framework.offers.size;
  for (const agent of view.agents.values()) byAgents += agent.offers.size;
  expect([byFrameworks, byAgents]).toEqual([view.offers.size, view.offers.size]);
  for (const offer of view.offers.values()) {
    expect(view.frameworks.get(offer.frameworkId)?.offers.get(offer.id)).toBe(offer);
    expect(view.frameworks.get(offer.frameworkId)?.connected).toBe(true);
    expect(view.agents.get(offer.agentId)?.connected).toBe(true);
  }
}

/** An inverse offer is in all books, once for a framework and an agent that are both there. */
function checkInverseOffers(view: MasterView): void {
  const pairs = new Set<string>();
  for (const offer of view.inverseOffers.values()) {
    const framework = view.frameworks.get(offer.frameworkId);
    expect(framework?.inverseOffers.get(offer.id)).toBe(offer);
    expect([framework?.connected, view.agents.get(offer.agentId)?.active]).toEqual([true, true]);
    expect(view.agents.get(offer.agentId)?.machine?.unavailability).toEqual(offer.message.unavailability);
    pairs.add(`${offer.frameworkId} ${offer.agentId}`);
  }
  expect(pairs.size).toBe(view.inverseOffers.size);
  let byFrameworks = 0;
  for (const framework of view.frameworks.values()) byFrameworks += framework.inverseOffers.size;
  expect(byFrameworks).toBe(view.inverseOffers.size);
}

/** What a framework waits for, its agent has in its book. */
function checkOperations(view: MasterView): void {
  const known = new Set<OperationView>();
  for (const { operations } of view.agents.values()) for (const operation of operations.values()) known.add(operation);
  for (const framework of view.frameworks.values())
    for (const operation of framework.operations.values()) expect(known.has(operation)).toBe(true);
  for (const framework of view.completedFrameworks.values()) expect(framework.operations.size).toBe(0);
}

/** With no proposal under way the registry and the view agree. */
export function checkRegistry({ core, store }: Harness): void {
  const { view } = core;
  const state = store.state();
  expect(new Set(state.agents.keys())).toEqual(new Set([...view.agents.keys(), ...view.recoveredAgents.keys()]));
  expect(new Set(state.unreachable.keys())).toEqual(new Set(view.unreachableAgents.keys()));
  expect(new Set(state.gone.keys())).toEqual(new Set(view.goneAgents.keys()));
  for (const [id, { disconnectedAt }] of state.frameworks) {
    expect(view.frameworks.has(id)).toBe(true);
    if (view.frameworks.get(id)?.connected === true) expect(disconnectedAt).toBeUndefined();
  }
  for (const id of view.frameworks.keys()) expect(state.tombstones.has(id)).toBe(false);
  expect(view.deactivatedAgents).toEqual(state.deactivated);
  for (const agent of view.agents.values()) expect(agent.deactivation).toEqual(state.deactivated.get(agent.id));
  expect(view.machines).toEqual(state.machines);
  expect(view.maintenanceSchedule).toEqual(state.schedule);
  expect(view.quotas).toEqual(state.quotas);
}
