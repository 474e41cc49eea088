/**
 * Constants and types of the agent link that both ends share: one HTTP Upgrade connection, RecordIO frames in both
 * directions, each frame one `LinkRecord`. Messages: src/wire/proto/mesoctl/link.proto. Architecture, section 1.
 */
import type * as link from '../../wire/gen/mesoctl-link.js';

/** Value of the Upgrade header. A change that old peers cannot skip gets a new number here. */
export const LINK_UPGRADE_PROTOCOL = 'mesoctl-link/1';

/** Where agents send the Upgrade request. */
export const LINK_PATH = '/api/mesoctl/link';

/** Versions of the messages that this build speaks; negotiated in Hello and Welcome. */
export const LINK_VERSION = { min: 1, max: 1 } as const;

export interface LinkLimits {
  /** From the Upgrade to Hello, and from Hello to Welcome or Refused, ms. */
  readonly helloTimeoutMs: number;
  /** Largest record before the handshake is over, bytes: strangers do not get to fill memory. */
  readonly maxHelloBytes: number;
  /** Largest record after it, bytes. A re-registration of many tasks is one record. */
  readonly maxRecordBytes: number;
  /** What may wait for the peer; above it the link closes, it never skips a frame. Bytes. */
  readonly maxQueuedBytes: number;
}

export const DEFAULT_LINK_LIMITS: LinkLimits = {
  helloTimeoutMs: 10_000,
  maxHelloBytes: 64 * 1024,
  maxRecordBytes: 128 * 1024 * 1024,
  maxQueuedBytes: 256 * 1024 * 1024,
};

/** Why a link ended. Closed and stable: for logs and metrics; programs decide by it. */
export type LinkCloseReason =
  | 'peer-closed'
  | 'idle' // nothing received for too long
  | 'queue-full'
  | 'protocol' // the peer broke a rule; `detail` says which
  | 'refused' // by Refused; `detail` is its message
  | 'handshake-timeout'
  | 'connect-failed'
  | 'closed'; // by us

/** An agent's frame without the envelope that the link adds: exactly one member is set. */
export type AgentFrameBody = Omit<link.AgentFrame, 'channel' | 'sequence' | 'term'>;
/** A master's frame without the envelope that the link adds: exactly one member is set. */
export type MasterFrameBody = Omit<link.MasterFrame, 'channel' | 'sequence' | 'term'>;
