/**
 * Constants and types of the peer protocol that both ends share. Messages: src/wire/proto/mesoctl/peer.proto; bounds and
 * their reasons: src/raft/DESIGN.md.
 */
import type { BootstrapMessage, Introduction } from '../core/bootstrap/protocol.js';
import type { MemberId } from '../core/configuration.js';
import type { Message } from '../core/protocol.js';
import type { TransportLimits } from './transport.js';

/** Versions of the messages that this build speaks; the highest common one is used. */
export const PEER_VERSION = { min: 1, max: 1 } as const;

const MIB = 1024 * 1024;

export const DEFAULT_TRANSPORT_LIMITS: TransportLimits = {
  connectTimeoutMs: 2_000,
  helloTimeoutMs: 5_000,
  reconnectMinMs: 25,
  reconnectMaxMs: 1_000,
  idleTimeoutMs: 6_000,
  maxHelloBytes: 16 * 1024,
  maxFrameBytes: 16 * MIB,
  maxQueuedBytes: 32 * MIB,
  maxStrangers: 32,
  maxAccepted: 256,
};

/** Why one end sends the other away. */
export type RefusalCode = 'VERSION' | 'CREDENTIAL' | 'CLUSTER' | 'SELF' | 'PROTOCOL';

export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
}

export interface Hello {
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly credential: Uint8Array | undefined;
  /** Of the process that says it, in hexadecimal. */
  readonly instance: string;
  /** undefined: of a version that has none. */
  readonly introduction: Introduction | undefined;
}

/** What one record says. */
export type PeerFrame =
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'introduction'; readonly introduction: Introduction }
  | { readonly kind: 'keep-alive' }
  | { readonly kind: 'bootstrap'; readonly message: BootstrapMessage }
  | { readonly kind: 'message'; readonly message: Message };

/** Both ends of a connection, from the point of view of what travels on it. */
export interface Direction {
  readonly from: MemberId;
  readonly to: MemberId;
}
