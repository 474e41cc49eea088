/**
 * The public TypeScript SDK, `mesoctl/client`: what frameworks and tools need to talk to mesoctl and to Apache Mesos.
 * Everything here is what `mesoctl task launch` itself is built on. Errors are `MesoError`s with a closed code.
 */
export { MesoError, type MesoErrorCode } from '../base/error.js';
export type * as agent from '../wire/gen/agent.js';
export type * as master from '../wire/gen/master.js';
export type * as extension from '../wire/gen/mesoctl-api.js';
export type * as mesos from '../wire/gen/mesos.js';
export type * as scheduler from '../wire/gen/scheduler.js';
export type { Int64 } from '../wire/int64.js';
export { isTerminal } from '../wire/task-state.js';
export { type Address, formatAddress, parseAddress, parseAddresses } from './address.js';
export { AgentClient, type AgentClientOptions, addressOfOffer, type FilePart, sandboxPath } from './agent-client.js';
export type { BackOffOptions } from './back-off.js';
export { type FileSource, LogFollower, type LogFollowerOptions, type LogStep } from './log-follower.js';
export type { MessageFormat } from './message-codec.js';
export { availableScalar, type ScalarRequest, takeScalars } from './offer-resources.js';
export { OperatorClient, type OperatorClientOptions, type WatchOptions } from './operator-client.js';
export { type KillOptions, SchedulerClient, type SchedulerClientOptions } from './scheduler-client.js';
export type { SchedulerEvent } from './scheduler-events.js';
export type { Disconnected } from './subscription.js';
export { findProcessEnd, type ProcessEnd } from './task-end.js';
