/**
 * The boundary of the master core: every event it takes and every effect it asks for. The core owns frameworks,
 * agents, tasks, offers and their timers; the shell owns sockets, encoding and the registry's storage.
 * No effect may be reordered within its kind; see base/core.ts.
 */
import type { Rejection } from '../../../base/rejection.js';
import type * as maintenance from '../../../wire/gen/maintenance.js';
import type * as master from '../../../wire/gen/master.js';
import type * as extension from '../../../wire/gen/mesoctl-api.js';
import type * as link from '../../../wire/gen/mesoctl-link.js';
import type * as registry from '../../../wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type * as quota from '../../../wire/gen/quota.js';
import type * as scheduler from '../../../wire/gen/scheduler.js';

/** One HTTP exchange that waits for `respond` (or `accept-stream`); made by the shell, never reused. */
export type RequestId = number;
/** One open event stream or agent link; made by the shell, never reused. */
export type ConnectionId = number;

export type MasterEvent =
  /** `call` passed shape validation (wire/validation). `connectionId` is the stream it becomes when accepted. */
  | {
      readonly kind: 'scheduler-subscribe';
      readonly requestId: RequestId;
      readonly connectionId: ConnectionId;
      readonly streamId: string;
      readonly principal?: string | undefined;
      readonly call: scheduler.Call;
    }
  /** `streamId`: the Mesos-Stream-Id header as given. */
  | {
      readonly kind: 'scheduler-call';
      readonly requestId: RequestId;
      readonly streamId?: string | undefined;
      readonly principal?: string | undefined;
      readonly call: scheduler.Call;
    }
  /** `overflow`: the master cut it because its client did not read; the framework then gets at least 60 s to return. */
  | { readonly kind: 'scheduler-closed'; readonly connectionId: ConnectionId; readonly overflow?: boolean | undefined }
  /** The stream's queue went above 4 MiB (true) or below half of that (false). */
  | { readonly kind: 'scheduler-backlog'; readonly connectionId: ConnectionId; readonly high: boolean }
  | {
      readonly kind: 'operator-subscribe';
      readonly requestId: RequestId;
      readonly connectionId: ConnectionId;
      readonly principal?: string | undefined;
    }
  | { readonly kind: 'operator-closed'; readonly connectionId: ConnectionId }
  /** Calls that change something (TEARDOWN, MARK_AGENT_GONE); reads are answered from `MasterView`. */
  | {
      readonly kind: 'operator-call';
      readonly requestId: RequestId;
      readonly principal?: string | undefined;
      readonly call: master.Call;
    }
  /** The extension's event stream; `info` is what SUBSCRIBED says of this master. */
  | {
      readonly kind: 'watch';
      readonly requestId: RequestId;
      readonly connectionId: ConnectionId;
      readonly subscribe: extension.Call_Subscribe;
      readonly info: extension.Response_Info;
    }
  | { readonly kind: 'watch-closed'; readonly connectionId: ConnectionId }
  /** As 'scheduler-backlog'. */
  | { readonly kind: 'watch-backlog'; readonly connectionId: ConnectionId; readonly high: boolean }
  /** Calls of the extension API that change something (KILL_TASK), or ask what a change would be answered with (CHECK). */
  | {
      readonly kind: 'extension-call';
      readonly requestId: RequestId;
      readonly principal?: string | undefined;
      readonly call: extension.Call;
    }
  /** Sequence and term were checked by the shell; `channel` is open from its first frame on. */
  | {
      readonly kind: 'agent-frame';
      readonly connectionId: ConnectionId;
      readonly channel: number;
      readonly remoteIp: string;
      readonly frame: link.AgentFrame;
    }
  /** All channels of the connection are gone. */
  | { readonly kind: 'agent-link-closed'; readonly connectionId: ConnectionId }
  /** Once, first: this master is leader of `term` and has recovered the registry. */
  | { readonly kind: 'elected'; readonly term: number; readonly registry: RegistryState }
  /** Answer to the `propose` effect of the same id; `results` in the order of its operations. */
  | { readonly kind: 'registry-applied'; readonly proposalId: number; readonly results: readonly RegistryResult[] }
  /** null: no whitelist. */
  | { readonly kind: 'whitelist'; readonly hostnames: ReadonlySet<string> | null }
  /** Runs due timers; also sent to go on after `continue`. */
  | { readonly kind: 'tick' };

/**
 * What a durable registry holds (spec page 07, section 7.2). The operations mean: `admit_agent` and `admit_framework`
 * are refused when the id is there (or tombstoned); `update_agent` and `update_framework` replace the info and are
 * refused when it is not, the latter also clears `disconnectedAt`; `mark_agent_unreachable` moves an admitted agent;
 * `mark_agent_reachable` admits an agent whether it was unreachable or unknown, and is refused for a gone one;
 * `mark_agent_gone` moves an admitted or unreachable agent; `remove_framework` leaves a tombstone, also for an id that
 * is not registered; `prune` ignores what is absent. `drain_agent` and `deactivate_agent` hold for admitted and unreachable
 * agents until `reactivate_agent`, or until the agent is removed, gone or pruned. `update_schedule` replaces the schedule;
 * a machine in it is DRAINING, and between `start_maintenance` and `stop_maintenance` DOWN.
 */
export interface RegistryState {
  readonly agents: ReadonlyMap<string, mesos.AgentInfo>;
  /** Value: Unix nanoseconds of the transition. */
  readonly unreachable: ReadonlyMap<string, mesos.TimeInfo>;
  readonly gone: ReadonlyMap<string, mesos.TimeInfo>;
  readonly frameworks: ReadonlyMap<
    string,
    { readonly info: mesos.FrameworkInfo; readonly disconnectedAt?: mesos.TimeInfo | undefined }
  >;
  /** Removed frameworks, bounded. */
  readonly tombstones: ReadonlyMap<string, mesos.TimeInfo>;
  /** By role; above 0. */
  readonly weights: ReadonlyMap<string, number>;
  /** Agents that are not offered, admitted and unreachable ones. */
  readonly deactivated: ReadonlyMap<string, Deactivation>;
  /** Those of the schedule, by `machineKey`; DRAINING or DOWN. */
  readonly machines: ReadonlyMap<string, mesos.MachineInfo>;
  /** undefined: nothing is scheduled. */
  readonly schedule: maintenance.Schedule | undefined;
  /** By role; each has guarantees or limits. */
  readonly quotas: ReadonlyMap<string, quota.QuotaConfig>;
  /** Follows from the rest. */
  readonly minimumCapabilities: ReadonlySet<'AGENT_DRAINING' | 'QUOTA_V2'>;
}

/** An operator wants nothing more to be offered of an agent. */
export interface Deactivation {
  /** It also drains, or has drained. */
  readonly drain?: mesos.DrainInfo | undefined;
}

export type RegistryResult = { readonly ok: true } | { readonly ok: false; readonly message: string };

export type MasterEffect =
  /** Make durable; answered by `registry-applied`. In-memory changes that depend on it wait for the answer. */
  | {
      readonly type: 'persist';
      readonly kind: 'propose';
      readonly proposalId: number;
      readonly operations: readonly registry.Operation[];
    }
  /** Ends an exchange: a status with an empty or text body, or a JSON/protobuf body of `response`. */
  | { readonly type: 'now'; readonly kind: 'respond'; readonly requestId: RequestId; readonly outcome: HttpOutcome }
  /** Answers 200 with the stream headers; events for `connectionId` follow. */
  | {
      readonly type: 'now';
      readonly kind: 'accept-stream';
      readonly requestId: RequestId;
      readonly connectionId: ConnectionId;
    }
  | {
      readonly type: 'now';
      readonly kind: 'scheduler-event';
      readonly connectionId: ConnectionId;
      readonly event: scheduler.Event;
    }
  /** After what is queued has been written. */
  | { readonly type: 'now'; readonly kind: 'close-stream'; readonly connectionId: ConnectionId }
  /** To all of them; encode once. */
  | {
      readonly type: 'now';
      readonly kind: 'operator-event';
      readonly connectionIds: readonly ConnectionId[];
      readonly event: master.Event;
    }
  /** As 'operator-event', of the extension's stream. */
  | {
      readonly type: 'now';
      readonly kind: 'watch-event';
      readonly connectionIds: readonly ConnectionId[];
      readonly event: extension.Event;
    }
  /** The shell adds channel sequence and term. */
  | {
      readonly type: 'now';
      readonly kind: 'agent-message';
      readonly connectionId: ConnectionId;
      readonly channel: number;
      readonly message: AgentMessage;
    }
  /** Forget the channel; other channels of the connection live on. */
  | {
      readonly type: 'now';
      readonly kind: 'close-channel';
      readonly connectionId: ConnectionId;
      readonly channel: number;
    }
  | {
      readonly type: 'now';
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  /** This master cannot go on as leader: log `message` and end the process (spec page 07, section 7.3 step 4). */
  | { readonly type: 'now'; readonly kind: 'abdicate'; readonly message: string }
  /** More to do: send `tick` again soon, other events may come between. */
  | { readonly type: 'now'; readonly kind: 'continue' };

export type HttpOutcome =
  | { readonly status: 200 | 202; readonly response?: master.Response | undefined }
  | { readonly status: 200; readonly extension: extension.Response }
  | { readonly status: 403 | 400 | 404 | 409 | 501 | 503; readonly rejection: Rejection };

/** A MasterFrame without its envelope: exactly one member is set. */
export type AgentMessage = Omit<link.MasterFrame, 'channel' | 'sequence' | 'term'>;
