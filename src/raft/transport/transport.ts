/**
 * Peer transport as its owner sees it (architecture, section 1): batched, pipelined messages over persistent connections,
 * versioned, with cluster id and a credential field. A slow or dead peer never holds up the others, nor its sender.
 *
 * Each member dials every address it is told of and sends over the connections it has dialled; what it accepts it only
 * reads from. Both ends introduce themselves (Hello) before anything else, and again when what they said has changed.
 * Delivery: in order per connection, or not at all; what does not fit into a peer's queue is dropped, and Raft repeats it.
 */
import type { BootstrapMessage, Introduction } from '../core/bootstrap/protocol.js';
import type { MemberId } from '../core/configuration.js';
import type { Message } from '../core/protocol.js';

export interface TransportObserver {
  /** A peer said who it is, on a new connection of either direction or because it changed. */
  onIntroduction(introduction: Introduction): void;
  /** The data of its entries are views of one buffer that holds little else: they may be kept, and must not be transferred. */
  onMessage(message: Message): void;
  onBootstrapMessage(from: Introduction, message: BootstrapMessage): void;
  /** The last connection of either direction with that member closed. */
  onDisconnected(id: MemberId): void;
  /** A connection could not be made, or was refused by either end; for the log. Repeated at most every 30 s for the same reason. */
  onTrouble(trouble: TransportTrouble): void;
}

export interface TransportTrouble {
  readonly address: string;
  readonly code:
    | 'unreachable'
    | 'wrong-cluster' // both ends are members (`standing`), of clusters with different ids
    | 'version' // no common protocol version
    | 'credential'
    | 'protocol' // it broke a rule; `detail` says which
    | 'self' // the address leads to this very member
    | 'queue-full';
  readonly detail: string;
}

export interface TransportOptions {
  readonly ip: string;
  /** 0: any free port. */
  readonly port: number;
  readonly credential: Uint8Array | undefined;
  readonly observer: TransportObserver;
  readonly limits?: Partial<TransportLimits> | undefined;
}

export interface TransportLimits {
  readonly connectTimeoutMs: number;
  readonly helloTimeoutMs: number;
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  /** A connection that carries nothing at all for this long is dead. Keep-alives travel at a third of it. */
  readonly idleTimeoutMs: number;
  /** Before Hello, bytes: strangers do not get to fill memory. */
  readonly maxHelloBytes: number;
  readonly maxFrameBytes: number;
  /** What may wait for one peer, bytes; beyond it messages are dropped. */
  readonly maxQueuedBytes: number;
  /** Accepted connections that have not introduced themselves yet, and all accepted ones. */
  readonly maxStrangers: number;
  readonly maxAccepted: number;
}

export interface PeerStatus {
  readonly address: string;
  /** Who answers there; undefined: nobody. */
  readonly id: MemberId | undefined;
  readonly queuedBytes: number;
  /** Since the address was set: what did not fit into its queue. */
  readonly droppedMessages: number;
}

export interface Transport {
  /** Rejects with PORT_IN_USE or ADDRESS_NOT_ALLOWED, each with a suggestion. */
  listen(): Promise<{ readonly ip: string; readonly port: number }>;
  /** What this member says of itself; sent to everybody connected. Must be set before `listen`. */
  introduce(introduction: Introduction): void;
  /** Whom to stay connected to: HOST:PORT each, after `introduce`. Others are let go of after what is queued. */
  setAddresses(addresses: readonly string[]): void;
  /** Queued for the end of this turn, so that what is sent together travels together; dropped if nobody of that id is connected. */
  send(message: Message): void;
  sendBootstrap(to: MemberId, message: BootstrapMessage): void;
  /** Ids with a connection that can carry messages now. */
  connected(): ReadonlySet<MemberId>;
  /** How it stands with every address; for people and metrics. */
  status(): readonly PeerStatus[];
  /** Lets go of everybody after what is queued, and stops listening. Nothing is told from now on; done: nothing is open. */
  close(): Promise<void>;
}
