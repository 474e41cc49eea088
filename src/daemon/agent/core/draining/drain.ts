/**
 * Draining: the agent kills what it runs, giving each task at most the time that the operator allows, and takes nothing
 * new. It drains until a master registers it without asking for that again; the order is durable before the first signal.
 * Source: spec page 18, section 18.8; page 07, section 7.8; link.proto.
 */
import type * as link from '../../../../wire/gen/mesoctl-link.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { saveAgent } from '../context.js';
import type { Machine } from '../machine.js';
import type { TaskRun } from '../model/task-run.js';
import { durationMs } from '../tasks/durations.js';
import { killGraceMs, killRun } from '../tasks/kill.js';

export function drainAgent(machine: Machine, { config }: link.DrainAgent): void {
  const { now, out, state } = machine;
  state.drain = { config, startedAtMs: state.drain?.startedAtMs ?? now.unixMs, confirmed: true };
  saveAgent(machine);
  out.log('info', 'draining, killing all tasks', { tasks: state.liveByContainer.size });
  killAll(machine);
}

/** Goes on with the drain of an earlier agent process. */
export function resumeDrain(machine: Machine): void {
  if (machine.state.drain !== undefined) killAll(machine);
}

/** A master has registered this agent: if it still wants the drain, it says so before anything else. */
export function onRegisteredWhileDraining({ state }: Machine): void {
  if (state.drain !== undefined) state.drain = { ...state.drain, confirmed: false };
}

/** Something came from a master that did not ask for the drain when it registered this agent: it is over. */
export function maybeEndDrain(machine: Machine): boolean {
  const { out, state } = machine;
  if (state.drain === undefined || state.drain.confirmed) return false;
  state.drain = undefined;
  saveAgent(machine);
  out.log('info', 'the drain is over', {});
  return true;
}

function killAll(machine: Machine): void {
  const config = machine.state.drain?.config;
  if (config === undefined) return;
  for (const run of [...machine.state.liveByContainer.values()])
    killRun(machine, run, { cause: 'AGENT_DRAINING', graceMs: drainGraceMs(run, config) });
}

/** The task's own grace, but no more than the operator allows. */
function drainGraceMs(run: TaskRun, config: mesos.DrainConfig): number {
  const ownMs = durationMs(run.info.kill_policy?.grace_period);
  const mostMs = durationMs(config.max_grace_period);
  if (mostMs === undefined) return killGraceMs(run, undefined);
  return ownMs === undefined ? mostMs : Math.min(ownMs, mostMs);
}
