/**
 * The end of the agent itself, by SIGUSR1 or by order of the master: kills every task, waits for the containers to be
 * gone, and forgets everything but the reservations and volumes, so that a later start is a new agent (spec page 08, section 8.2). An agent that
 * unregisters gives its schedulers some time to learn how their tasks ended; a refused one has nobody to tell.
 */
import type { TimerHandle } from '../../../base/timers.js';
import { sendWhenDurable } from './context.js';
import { UNREGISTER_PATIENCE_MS } from './limits.js';
import type { Machine } from './machine.js';
import { killRun, shutdownGraceMs } from './tasks/kill.js';

export class Ending {
  readonly #machine: Machine;
  #patience: TimerHandle | undefined;
  #patienceIsOver = false;
  #done = false;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  begin(why: 'unregister' | 'shutdown', message: string): void {
    const { out, state } = this.#machine;
    if (state.ending !== undefined) return;
    state.ending = { why, message };
    out.log('warn', 'ending, killing all tasks', { why, reason: message, tasks: state.liveByContainer.size });
    for (const run of [...state.liveByContainer.values()])
      killRun(this.#machine, run, { cause: 'AGENT_SHUTDOWN', graceMs: shutdownGraceMs(this.#machine, run) });
  }

  onPatienceOver(): void {
    this.#patienceIsOver = true;
  }

  /** Called at the end of every step. */
  maybeFinish(): void {
    const { operations, out, state } = this.#machine;
    if (state.ending === undefined || this.#done || state.liveByContainer.size > 0 || operations.isBusy) return;
    if (state.ending.why === 'unregister' && this.#stillTelling()) return;
    this.#done = true;
    out.persist({ kind: 'clear' }, 'machine');
    if (state.ending.why === 'unregister') {
      if (state.registered) sendWhenDurable(this.#machine, { unregister: {} });
      out.emit({ type: 'afterPersist', kind: 'end', end: { kind: 'unregistered' } });
    } else out.emit({ type: 'afterPersist', kind: 'end', end: { kind: 'shut-down', message: state.ending.message } });
  }

  #stillTelling(): boolean {
    const { now, state, streams, timers } = this.#machine;
    const isNobodyThere = state.agentInfo.id === undefined;
    const isToldAll = state.registered && streams.isEmpty && state.operations.size === 0;
    if (isNobodyThere || isToldAll || this.#patienceIsOver) return false;
    this.#patience ??= timers.arm(now.monotonicMs + UNREGISTER_PATIENCE_MS, { kind: 'end-patience' });
    return true;
  }
}
