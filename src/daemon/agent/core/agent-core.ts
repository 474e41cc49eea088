/**
 * The decision machine of an agent: takes events one at a time, each in full, then due timers, and hands out the effects
 * of the whole batch. Decides everything about registration, tasks and status updates; never waits, never looks at a
 * clock, never touches the machine. Architecture, section 2; DESIGN.md beside this folder.
 */
import { assert, unreachable } from '../../../base/assert.js';
import type { Instant } from '../../../base/clock.js';
import { Timers } from '../../../base/timers.js';
import { Resources } from '../../../offers/resources/resources.js';
import type * as link from '../../../wire/gen/mesoctl-link.js';
import type { AgentTimer, Context } from './context.js';
import { drainAgent, maybeEndDrain } from './draining/drain.js';
import { Ending } from './ending.js';
import type { Machine } from './machine.js';
import { Operations } from './operations/operations.js';
import type { AgentCore, AgentCoreOptions } from './options.js';
import { Outbox } from './outbox.js';
import type { AgentEffect, AgentEvent } from './protocol.js';
import { recover } from './recovery.js';
import { Registration } from './registration/registration.js';
import { onLaunched, onLaunchFailed, onStarting, onTerminated } from './tasks/containers.js';
import { killRun, onKillDeadline } from './tasks/kill.js';
import { runTasks } from './tasks/launch.js';
import {
  acknowledgeUpdate,
  dropFrameworkMessage,
  killTask,
  reconcileTasks,
  shutdownExecutor,
  shutdownFramework,
  updateFramework,
} from './tasks/orders.js';
import { UpdateStreams } from './updates/update-streams.js';
import type { AgentView } from './view.js';

/** `options.agentInfo` must carry no id. */
export function createAgentCore(options: AgentCoreOptions): AgentCore {
  assert(options.agentInfo.id === undefined, 'the id of an agent comes from its checkpoint or its master');
  return new MachineOfAgent(options);
}

class MachineOfAgent implements AgentCore {
  readonly #machine: Machine;
  readonly #registration: Registration;
  readonly #ending: Ending;
  readonly view: AgentView;

  constructor(options: AgentCoreOptions) {
    const context = createContext(options);
    this.#machine = Object.assign(context, {
      streams: new UpdateStreams(context),
      operations: new Operations(context),
    });
    this.#registration = new Registration(this.#machine);
    this.#ending = new Ending(this.#machine);
    this.view = createView(this.#machine, this.#registration);
  }

  nextDeadlineMs(): number | undefined {
    return this.#machine.timers.nextDeadlineMs();
  }

  step(events: readonly AgentEvent[], now: Instant): readonly AgentEffect[] {
    const machine = this.#machine;
    machine.now = now;
    for (const event of events) this.#onEvent(event);
    for (let timer = machine.timers.pop(now.monotonicMs); timer !== undefined; ) {
      this.#onTimer(timer);
      timer = machine.timers.pop(now.monotonicMs);
    }
    this.#ending.maybeFinish();
    return machine.out.take();
  }

  #onEvent(event: AgentEvent): void {
    const machine = this.#machine;
    assert(machine.state.recovered === (event.kind !== 'recovered'), 'recovered comes first, and once');
    switch (event.kind) {
      case 'recovered':
        recover(machine, event.checkpoint, event.fates);
        break;
      case 'link-up':
        this.#registration.onLinkUp(event.welcome);
        break;
      case 'link-lost':
        this.#registration.onLinkLost();
        break;
      case 'frame':
        this.#onFrame(event.frame);
        break;
      case 'container-starting':
        onStarting(machine, event.checkpoint);
        break;
      case 'container-launched':
        onLaunched(machine, event.containerId, event.pid);
        break;
      case 'container-launch-failed':
        onLaunchFailed(machine, event.containerId, event.message);
        break;
      case 'container-terminated':
        onTerminated(machine, event.termination);
        break;
      case 'volumes-changed':
        machine.operations.onVolumesChanged(event.uuid, event.failure);
        break;
      case 'unregister':
        this.#ending.begin('unregister', 'the agent was told to unregister');
        break;
      case 'tick':
        break;
      default:
        unreachable(event);
    }
  }

  #onFrame(frame: link.MasterFrame): void {
    if (!this.#registration.isLinkUp) return;
    if (frame.registered !== undefined) this.#registration.onRegistered(frame.registered);
    else if (frame.ping !== undefined) this.#registration.onPing(frame.ping);
    else if (frame.shutdown !== undefined) this.#ending.begin('shutdown', frame.shutdown.message);
    else if (this.#machine.state.registered) this.#onOrder(frame);
    else this.#machine.out.log('warn', 'frame before registration ignored', {});
  }

  #onOrder(frame: link.MasterFrame): void {
    const machine = this.#machine;
    if (frame.drain_agent !== undefined) drainAgent(machine, frame.drain_agent);
    else if (frame.run_tasks !== undefined) {
      maybeEndDrain(machine);
      runTasks(machine, frame.run_tasks);
    } else if (frame.kill_task !== undefined) killTask(machine, frame.kill_task);
    else if (frame.acknowledge_update !== undefined) acknowledgeUpdate(machine, frame.acknowledge_update);
    else if (frame.reconcile_tasks !== undefined) reconcileTasks(machine, frame.reconcile_tasks);
    else if (frame.shutdown_framework !== undefined)
      shutdownFramework(machine, frame.shutdown_framework.framework_id.value);
    else if (frame.shutdown_executor !== undefined) shutdownExecutor(machine, frame.shutdown_executor);
    else if (frame.framework_message !== undefined) dropFrameworkMessage(machine, frame.framework_message);
    else if (frame.update_framework !== undefined) updateFramework(machine, frame.update_framework.framework_info);
    else if (frame.apply_operation !== undefined) machine.operations.apply(frame.apply_operation);
    else if (frame.acknowledge_operation !== undefined)
      machine.operations.updates.acknowledge(frame.acknowledge_operation);
    else if (frame.reconcile_operations !== undefined) machine.operations.reconcile(frame.reconcile_operations);
    else machine.out.log('warn', 'frame of an unknown kind ignored', {});
  }

  #onTimer(timer: AgentTimer): void {
    switch (timer.kind) {
      case 'register':
        this.#registration.onRegisterTimer();
        break;
      case 'silence':
        this.#registration.onSilence();
        break;
      case 'retry-update':
        this.#machine.streams.onRetry(timer);
        break;
      case 'retry-operation':
        this.#machine.operations.updates.onRetry(timer);
        break;
      case 'kill-deadline':
        onKillDeadline(this.#machine, timer.run);
        break;
      case 'completion':
        killRun(this.#machine, timer.run, { cause: 'MAX_COMPLETION_TIME', graceMs: 0 });
        break;
      case 'end-patience':
        this.#ending.onPatienceOver();
        break;
      default:
        unreachable(timer);
    }
  }
}

function createContext(options: AgentCoreOptions): Context {
  return {
    options,
    out: new Outbox(),
    timers: new Timers<AgentTimer>(),
    now: options.startedAt,
    state: {
      recovered: false,
      registered: false,
      agentInfo: options.agentInfo,
      clusterId: undefined,
      highestTerm: 0,
      total: Resources.of(options.agentInfo.resources ?? []),
      operations: new Map(),
      drain: undefined,
      frameworks: new Map(),
      completedFrameworks: new Map(),
      liveByContainer: new Map(),
      ending: undefined,
      endedTasks: new Map(),
      launchErrors: 0,
      reportedUpdates: 0,
      ignoredMessages: 0,
    },
  };
}

function createView({ state, streams }: Machine, registration: Registration): AgentView {
  return {
    get recovered() {
      return state.recovered;
    },
    get registered() {
      return state.registered;
    },
    get agentInfo() {
      return state.agentInfo;
    },
    get total() {
      return state.total;
    },
    get drain() {
      return state.drain;
    },
    operations: state.operations,
    get clusterId() {
      return state.clusterId;
    },
    get highestTerm() {
      return state.highestTerm;
    },
    get masterInfo() {
      return registration.masterInfo;
    },
    get launchErrors() {
      return state.launchErrors;
    },
    get reportedUpdates() {
      return state.reportedUpdates;
    },
    get ignoredMessages() {
      return state.ignoredMessages;
    },
    get pendingUpdates() {
      return streams.pendingCount;
    },
    frameworks: state.frameworks,
    completedFrameworks: state.completedFrameworks,
    endedTasks: state.endedTasks,
  };
}
