/**
 * Belonging to a master: registers on every new link, registers again when the master says it does not count this agent
 * in, and gives up a link on which no ping comes. Source: spec page 07, section 7.4; architecture, section 1.
 *
 * Invariants: a leader of a lower term than the highest ever seen is not followed; a term is durable before anything is
 * said to its leader; an id, once given, is never given up for another.
 */
import { assert } from '../../../../base/assert.js';
import type { TimerHandle } from '../../../../base/timers.js';
import type * as link from '../../../../wire/gen/mesoctl-link.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { saveAgent, sendWhenDurable } from '../context.js';
import { maybeEndDrain, onRegisteredWhileDraining } from '../draining/drain.js';
import { REGISTRATION_BACKOFF_MAX_MS } from '../limits.js';
import type { Machine } from '../machine.js';
import { describeAgent } from './describe-agent.js';

interface Link {
  readonly welcome: link.Welcome;
  readonly pingTimeoutMs: number;
  attempts: number;
  registerTimer: TimerHandle | undefined;
  silenceTimer: TimerHandle | undefined;
}

export class Registration {
  readonly #machine: Machine;
  #link: Link | undefined;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Of the leader at the other end of the link. */
  get masterInfo(): mesos.MasterInfo | undefined {
    return this.#link?.welcome.master_info;
  }

  get isLinkUp(): boolean {
    return this.#link !== undefined;
  }

  onLinkUp(welcome: link.Welcome): void {
    const { out, state } = this.#machine;
    this.onLinkLost();
    const term = Number(welcome.term);
    if (term < state.highestTerm) {
      out.emit({ type: 'now', kind: 'reconnect', detail: `term ${state.highestTerm} was seen before term ${term}` });
      return;
    }
    if (term > state.highestTerm) {
      state.highestTerm = term;
      saveAgent(this.#machine);
    }
    this.#link = {
      welcome,
      pingTimeoutMs: welcome.total_ping_timeout_seconds * 1000,
      attempts: 0,
      registerTimer: undefined,
      silenceTimer: undefined,
    };
    this.#expectPing(this.#link);
    this.#registerAfter(this.#link, welcome.reregister_jitter_ms * this.#machine.options.random.next());
  }

  onLinkLost(): void {
    const { operations, state, streams, timers } = this.#machine;
    timers.cancel(this.#link?.registerTimer);
    timers.cancel(this.#link?.silenceTimer);
    this.#link = undefined;
    state.registered = false;
    streams.pause();
    operations.updates.pause();
  }

  onPing(ping: link.Ping): void {
    const current = this.#link;
    if (current === undefined) return;
    this.#expectPing(current);
    sendWhenDurable(this.#machine, { pong: {} });
    const { operations, out, state, streams } = this.#machine;
    if (ping.connected && state.registered) maybeEndDrain(this.#machine);
    if (ping.connected || !state.registered) return;
    out.log('warn', 'the master does not count this agent in, registering again', {});
    state.registered = false;
    streams.pause();
    operations.updates.pause();
    current.attempts = 0;
    this.#registerAfter(current, current.welcome.reregister_jitter_ms * this.#machine.options.random.next());
  }

  onRegistered(registered: link.Registered): void {
    const { operations, out, state, streams, timers } = this.#machine;
    const current = this.#link;
    if (current === undefined) return;
    const id = registered.agent_id.value;
    const known = state.agentInfo.id?.value;
    if (known !== undefined && known !== id) {
      out.emit({
        type: 'afterPersist',
        kind: 'end',
        end: { kind: 'failed', message: `the master calls this agent ${id}, but it is ${known}` },
      });
      return;
    }
    timers.cancel(current.registerTimer);
    if (known === undefined || state.clusterId !== current.welcome.cluster_id) this.#admit(current.welcome, id);
    if (state.registered) return;
    state.registered = true;
    out.emit({ type: 'now', kind: 'registered' });
    out.log('info', registered.reregistered ? 'reregistered' : 'registered', {
      agentId: id,
      term: state.highestTerm,
      master: current.welcome.master_info.id,
    });
    onRegisteredWhileDraining(this.#machine);
    sendWhenDurable(this.#machine, { update_agent: { total_resources: state.total.toWire() } });
    streams.resume();
    operations.updates.resume();
  }

  onRegisterTimer(): void {
    const current = this.#link;
    const { state } = this.#machine;
    if (current === undefined || state.registered || state.ending?.why === 'shutdown') return;
    const description = describeAgent(this.#machine);
    sendWhenDurable(
      this.#machine,
      state.agentInfo.id === undefined ? { register: description.register } : { reregister: description.reregister() },
    );
    current.attempts += 1;
    this.#registerAfter(current, this.#backoffMs(current.attempts));
  }

  onSilence(): void {
    if (this.#link === undefined) return;
    const detail = `no ping within ${Math.round(this.#link.pingTimeoutMs)} ms`;
    this.#machine.out.log('warn', 'the master is silent, looking for it again', { detail });
    this.#machine.out.emit({ type: 'now', kind: 'reconnect', detail });
  }

  #admit(welcome: link.Welcome, id: string): void {
    const { out, state } = this.#machine;
    assert(state.agentInfo.id === undefined || state.agentInfo.id.value === id, 'an agent keeps its id');
    const isNew = state.agentInfo.id === undefined;
    state.agentInfo = { ...state.agentInfo, id: { value: id } };
    state.clusterId = welcome.cluster_id;
    saveAgent(this.#machine);
    if (isNew) out.emit({ type: 'afterPersist', kind: 'admitted', agentId: id });
  }

  #registerAfter(current: Link, waitMs: number): void {
    const { now, timers } = this.#machine;
    timers.cancel(current.registerTimer);
    current.registerTimer = timers.arm(now.monotonicMs + waitMs, { kind: 'register' });
  }

  #expectPing(current: Link): void {
    const { now, timers } = this.#machine;
    timers.cancel(current.silenceTimer);
    current.silenceTimer = timers.arm(now.monotonicMs + current.pingTimeoutMs, { kind: 'silence' });
  }

  /** Half fixed, half random: the answer to the last attempt gets its time, and a herd is spread. */
  #backoffMs(attempts: number): number {
    const { config, random } = this.#machine.options;
    const boundMs = Math.min(
      REGISTRATION_BACKOFF_MAX_MS,
      config.registrationBackoffFactorMs * 2 ** Math.min(attempts, 20),
    );
    return boundMs / 2 + (random.next() * boundMs) / 2;
  }
}
