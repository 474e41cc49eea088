/**
 * The boundary of the agent core: every event it takes and every effect it asks for. The core owns frameworks, tasks,
 * status updates, registration and their timers; the shell owns the link, the containerizer and the checkpoint's file.
 * Effects keep their order within their kind; see base/core.ts.
 */
import type { ContainerCheckpoint, ContainerTermination } from '../../../runtime/containerizer.js';
import type { Volume } from '../../../runtime/volumes/volume.js';
import type * as checkpoint from '../../../wire/gen/mesoctl-checkpoint.js';
import type * as link from '../../../wire/gen/mesoctl-link.js';
import type * as mesos from '../../../wire/gen/mesos.js';

/** What the checkpoint held when this process opened it. */
export interface CheckpointState {
  readonly agent?: checkpoint.Agent | undefined;
  readonly frameworks: readonly checkpoint.Framework[];
  readonly tasks: readonly checkpoint.Task[];
  /** Of each task in order of position. */
  readonly updates: readonly checkpoint.PendingUpdate[];
  readonly containers: readonly checkpoint.Container[];
  /** Dynamic reservations and volumes. */
  readonly resources: readonly mesos.Resource[];
  /** In no order; at most one is pending. */
  readonly operations: readonly checkpoint.Operation[];
}

/** What became of a checkpointed container, as the containerizer found it. */
export type ContainerFate =
  | { readonly state: 'running'; readonly pid: number }
  | { readonly state: 'ended'; readonly termination: ContainerTermination };

export type AgentEvent =
  /** Once, first. Containers of the checkpoint that are not in `fates` are gone without a trace. */
  | {
      readonly kind: 'recovered';
      readonly checkpoint: CheckpointState;
      readonly fates: ReadonlyMap<string, ContainerFate>;
    }
  | { readonly kind: 'link-up'; readonly welcome: link.Welcome }
  | { readonly kind: 'link-lost' }
  /** Sequence and term were checked by the link. */
  | { readonly kind: 'frame'; readonly frame: link.MasterFrame }
  /** The containerizer holds the task before its first instruction; answered by `release-launch` or `abort-launch`. */
  | { readonly kind: 'container-starting'; readonly checkpoint: ContainerCheckpoint }
  | { readonly kind: 'container-launched'; readonly containerId: string; readonly pid: number }
  /** Nothing is left of it. */
  | { readonly kind: 'container-launch-failed'; readonly containerId: string; readonly message: string }
  | { readonly kind: 'container-terminated'; readonly termination: ContainerTermination }
  /** Answers `change-volumes`. `failure`: why nothing was changed. */
  | { readonly kind: 'volumes-changed'; readonly uuid: Uint8Array; readonly failure: string | undefined }
  /** SIGUSR1. */
  | { readonly kind: 'unregister' }
  /** Runs due timers. */
  | { readonly kind: 'tick' };

/** One row of the checkpoint. Removing what is absent is no error. */
export type CheckpointChange =
  | { readonly kind: 'put-agent'; readonly agent: checkpoint.Agent }
  | { readonly kind: 'put-framework'; readonly framework: checkpoint.Framework }
  | { readonly kind: 'remove-framework'; readonly frameworkId: string }
  | { readonly kind: 'put-task'; readonly task: checkpoint.Task }
  /** Its updates go with it. */
  | { readonly kind: 'remove-task'; readonly frameworkId: string; readonly taskId: string }
  | { readonly kind: 'put-update'; readonly update: checkpoint.PendingUpdate }
  | {
      readonly kind: 'remove-update';
      readonly frameworkId: string;
      readonly taskId: string;
      readonly position: number;
    }
  | { readonly kind: 'put-container'; readonly container: checkpoint.Container }
  | { readonly kind: 'remove-container'; readonly containerId: string }
  /** All of the dynamic reservations and volumes. */
  | { readonly kind: 'put-resources'; readonly resources: readonly mesos.Resource[] }
  | { readonly kind: 'put-operation'; readonly operation: checkpoint.Operation }
  | { readonly kind: 'remove-operation'; readonly uuid: Uint8Array }
  /** Everything but the reservations and volumes, which outlive the agent's id. */
  | { readonly kind: 'clear' };

/**
 * What a change must outlive before the effects that depend on it are released. `machine`: a power failure. `process`:
 * only this process; enough for what loses its meaning with a reboot (which containers run, why one is being killed)
 * and for forgetting something that may safely be told twice.
 */
export type Durability = 'machine' | 'process';

export type AgentEffect =
  | {
      readonly type: 'persist';
      readonly kind: 'change';
      readonly change: CheckpointChange;
      readonly durability: Durability;
    }
  /** Goes nowhere when the link is down: what matters is sent again after re-registration. */
  | { readonly type: 'afterPersist'; readonly kind: 'send'; readonly frame: AgentMessage }
  /** The task's first instruction may run. */
  | { readonly type: 'afterPersist'; readonly kind: 'release-launch'; readonly containerId: string }
  /** SIGTERM. */
  | { readonly type: 'afterPersist'; readonly kind: 'terminate-container'; readonly containerId: string }
  | { readonly type: 'afterPersist'; readonly kind: 'destroy-container'; readonly containerId: string }
  /** Makes and destroys the directories of volumes, all or none; again if it was asked before a crash. */
  | {
      readonly type: 'afterPersist';
      readonly kind: 'change-volumes';
      /** Of the operation. */
      readonly uuid: Uint8Array;
      readonly create: readonly Volume[];
      readonly destroy: readonly Volume[];
    }
  /** The master gave this agent its id: directories named after it may be made. */
  | { readonly type: 'afterPersist'; readonly kind: 'admitted'; readonly agentId: string }
  | { readonly type: 'afterPersist'; readonly kind: 'end'; readonly end: CoreEnd }
  /** Begin to make the container; its first instruction waits for `release-launch`. */
  | { readonly type: 'now'; readonly kind: 'launch'; readonly launch: LaunchRequest }
  /** Give the launch up if it was not released yet; `container-launch-failed` follows then. */
  | { readonly type: 'now'; readonly kind: 'abort-launch'; readonly containerId: string }
  | { readonly type: 'now'; readonly kind: 'reconnect'; readonly detail: string }
  | { readonly type: 'now'; readonly kind: 'registered' }
  /** The sandbox (and, when nothing else needs it, what is above it) may be collected. */
  | {
      readonly type: 'now';
      readonly kind: 'retire-sandbox';
      readonly frameworkId: string;
      readonly executorId: string;
      readonly containerId: string;
      readonly frameworkIsOver: boolean;
    }
  | {
      readonly type: 'now';
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };

/** An AgentFrame without its envelope: exactly one member is set. */
export type AgentMessage = Omit<link.AgentFrame, 'channel' | 'sequence' | 'term'>;

export interface LaunchRequest {
  readonly containerId: string;
  readonly agentId: string;
  readonly framework: mesos.FrameworkInfo;
  readonly task: mesos.TaskInfo;
}

export type CoreEnd =
  | { readonly kind: 'unregistered' }
  | { readonly kind: 'shut-down'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };
