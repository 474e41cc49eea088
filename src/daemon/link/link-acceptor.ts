/**
 * The master's side of all agent links: takes the Upgrade, answers Hello with Welcome or Refused, checks the envelope of
 * every frame (sequence, term) and hands the rest on. It decides nothing about agents; the core does.
 *
 * Holds tens of thousands of idle connections: one object per connection, no timer of its own each (one sweep looks at
 * all of them), nothing buffered. Invariants: a frame is delivered in its channel's order and at most once; after
 * `onClosed` of a connection nothing of it is delivered; frames of another term than the Welcome's are dropped.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/system/logger.js';
import type * as link from '../../wire/gen/mesoctl-link.js';
import type * as mesos from '../../wire/gen/mesos.js';
import type { UpgradeHandler, UpgradeRefusal } from '../http/server.js';
import { Channels } from './channels.js';
import { LinkConnection } from './link-connection.js';
import {
  DEFAULT_LINK_LIMITS,
  LINK_PATH,
  LINK_UPGRADE_PROTOCOL,
  LINK_VERSION,
  type LinkCloseReason,
  type LinkLimits,
  type MasterFrameBody,
} from './link-protocol.js';

/** Who this master is at the moment of a Hello. */
export type LinkLeadership =
  | {
      readonly leading: true;
      readonly term: number;
      readonly clusterId: string;
      readonly masterInfo: mesos.MasterInfo;
      readonly reregisterJitterMs: number;
    }
  | { readonly leading: false; readonly message: string; readonly leader?: mesos.Address | undefined };

export interface LinkAcceptorObserver {
  onFrame(received: {
    readonly connectionId: number;
    readonly channel: number;
    readonly remoteIp: string;
    readonly frame: link.AgentFrame;
  }): void;
  /** Only for connections that were welcomed. */
  onClosed(connectionId: number, reason: LinkCloseReason): void;
}

export interface LinkAcceptorOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<LinkLimits> | undefined;
  /** Sent in Welcome; a link on which nothing arrives for this long plus a quarter is cut. Ms. */
  readonly totalPingTimeoutMs: number;
  leadership(): LinkLeadership;
  nextConnectionId(): number;
  readonly observer: LinkAcceptorObserver;
}

interface AcceptedLink {
  readonly id: number;
  readonly connection: LinkConnection;
  readonly acceptedAtMs: number;
  /** undefined before Welcome. */
  channels: Channels | undefined;
  term: number;
  /** It only wants to hear of leaders. */
  isWatching: boolean;
}

export class LinkAcceptor {
  readonly #options: LinkAcceptorOptions;
  readonly #limits: LinkLimits;
  readonly #links = new Map<number, AcceptedLink>();
  #sweep: NodeJS.Timeout | undefined;
  #notice: link.LeaderNotice | undefined;

  constructor(options: LinkAcceptorOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LINK_LIMITS, ...options.limits };
  }

  /** Connections, those in the handshake included. */
  get connectionCount(): number {
    return this.#links.size;
  }

  /** For `HttpServerOptions.upgrades`, under LINK_UPGRADE_PROTOCOL. */
  readonly upgrade: UpgradeHandler = (request, socket, head) => this.#accept(request, socket, head);

  /** Adds the envelope and queues. Returns false when the channel or the connection is gone: the frame goes nowhere. */
  send(connectionId: number, channel: number, body: MasterFrameBody): boolean {
    const accepted = this.#links.get(connectionId);
    const sequence = accepted?.channels?.nextSent(channel);
    if (accepted === undefined || sequence === undefined) return false;
    return accepted.connection.send({ master: { ...body, channel, sequence, term: accepted.term } });
  }

  /** To everybody who watches, now and later: an agent whose leader says nothing any more hears of the next one here. */
  announceLeader(notice: link.LeaderNotice): void {
    this.#notice = notice;
    for (const { connection, isWatching } of this.#links.values()) if (isWatching) connection.send({ leader: notice });
  }

  /** Forgets a channel. A connection whose last channel is closed ends: its agent comes back on a new one. */
  closeChannel(connectionId: number, channel: number): void {
    const accepted = this.#links.get(connectionId);
    if (accepted?.channels === undefined) return;
    accepted.channels.close(channel);
    if (accepted.channels.openCount === 0) accepted.connection.close('closed', 'the last channel was closed');
  }

  /** Ends every link after what is queued. */
  close(): void {
    for (const { connection } of [...this.#links.values()]) connection.close('closed', 'the master is shutting down');
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  #accept(request: IncomingMessage, socket: Socket, head: Buffer): UpgradeRefusal | undefined {
    const path = (request.url ?? '').replace(/\?.*$/, '').replace(/^\/master(?=\/)/, '');
    if (request.method !== 'GET' || path !== LINK_PATH)
      return { status: 400, message: `${LINK_UPGRADE_PROTOCOL} is spoken at GET ${LINK_PATH}` };
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${LINK_UPGRADE_PROTOCOL}\r\n\r\n`,
    );
    const id = this.#options.nextConnectionId();
    const accepted: AcceptedLink = {
      id,
      connection: new LinkConnection({
        socket,
        head,
        limits: this.#limits,
        clock: this.#options.clock,
        observer: {
          onRecord: (record) => this.#onRecord(accepted, record),
          onClosed: (reason, detail) => this.#onClosed(accepted, reason, detail),
        },
      }),
      acceptedAtMs: this.#options.clock.now().monotonicMs,
      channels: undefined,
      term: 0,
      isWatching: false,
    };
    this.#links.set(id, accepted);
    this.#sweep ??= setInterval(() => this.#onSweep(), this.#sweepIntervalMs());
    return undefined;
  }

  #onRecord(accepted: AcceptedLink, record: link.LinkRecord): void {
    if (accepted.isWatching) accepted.connection.close('protocol', 'who watches says nothing after Hello');
    else if (accepted.channels === undefined) {
      if (record.hello === undefined) accepted.connection.close('protocol', 'the first record must be Hello');
      else this.#onHello(accepted, record.hello);
    } else if (record.agent === undefined) accepted.connection.close('protocol', 'only agent frames may follow Hello');
    else this.#onFrame(accepted, accepted.channels, record.agent);
  }

  #onHello(accepted: AcceptedLink, hello: link.Hello): void {
    const leadership = this.#options.leadership();
    if (hello.watch === true) {
      accepted.isWatching = true;
      if (this.#notice !== undefined) accepted.connection.send({ leader: this.#notice });
      return;
    }
    const refusal = refusalOf(hello, leadership);
    if (refusal !== undefined || !leadership.leading) {
      if (refusal !== undefined) accepted.connection.send({ refused: refusal });
      accepted.connection.close('refused', refusal?.message ?? 'not leading');
      return;
    }
    accepted.channels = new Channels();
    accepted.term = leadership.term;
    accepted.connection.admitLargeRecords();
    accepted.connection.send({
      welcome: {
        version: Math.min(hello.max_version, LINK_VERSION.max),
        cluster_id: leadership.clusterId,
        term: leadership.term,
        master_info: leadership.masterInfo,
        total_ping_timeout_seconds: this.#options.totalPingTimeoutMs / 1000,
        reregister_jitter_ms: Math.round(leadership.reregisterJitterMs),
      },
    });
  }

  #onFrame(accepted: AcceptedLink, channels: Channels, frame: link.AgentFrame): void {
    const term = Number(frame.term);
    if (term > accepted.term) {
      accepted.connection.close('protocol', `a frame of term ${term} on a link of term ${accepted.term}`);
      return;
    }
    const verdict = channels.receive(frame.channel, Number(frame.sequence));
    if (verdict === 'gap')
      accepted.connection.close('protocol', `frame ${frame.sequence} of channel ${frame.channel} is not the next one`);
    else if (verdict === 'deliver' && term === accepted.term)
      this.#options.observer.onFrame({
        connectionId: accepted.id,
        channel: frame.channel,
        remoteIp: accepted.connection.remoteIp,
        frame,
      });
  }

  #onClosed(accepted: AcceptedLink, reason: LinkCloseReason, detail: string): void {
    this.#links.delete(accepted.id);
    if (this.#links.size === 0) {
      clearInterval(this.#sweep);
      this.#sweep = undefined;
    }
    const level = reason === 'protocol' || reason === 'queue-full' ? 'warn' : 'debug';
    this.#options.logger[level]({ connectionId: accepted.id, reason, detail }, 'agent link closed');
    if (accepted.channels !== undefined) this.#options.observer.onClosed(accepted.id, reason);
  }

  #sweepIntervalMs(): number {
    return Math.max(20, Math.min(5_000, this.#options.totalPingTimeoutMs / 4, this.#limits.helloTimeoutMs / 4));
  }

  #onSweep(): void {
    const nowMs = this.#options.clock.now().monotonicMs;
    const idleMs = this.#options.totalPingTimeoutMs * 1.25;
    for (const { connection, channels, acceptedAtMs, isWatching } of [...this.#links.values()]) {
      if (channels === undefined && !isWatching && nowMs - acceptedAtMs > this.#limits.helloTimeoutMs)
        connection.close('handshake-timeout', 'no Hello came');
      else if (nowMs - connection.lastReceivedMs > idleMs)
        connection.close('idle', `nothing was received for ${Math.round(idleMs)} ms`);
    }
  }
}

function refusalOf(hello: link.Hello, leadership: LinkLeadership): link.Refused | undefined {
  if (hello.min_version > LINK_VERSION.max || hello.max_version < LINK_VERSION.min)
    return {
      code: 'VERSION',
      message:
        `This master speaks link versions ${LINK_VERSION.min} to ${LINK_VERSION.max}, the agent ` +
        `${hello.min_version} to ${hello.max_version}: upgrade the older of the two`,
    };
  if (!leadership.leading)
    return leadership.leader === undefined
      ? { code: 'NOT_LEADER', message: leadership.message }
      : { code: 'NOT_LEADER', message: leadership.message, leader: leadership.leader };
  if (hello.cluster_id !== undefined && hello.cluster_id !== '' && hello.cluster_id !== leadership.clusterId)
    return {
      code: 'CLUSTER',
      message:
        `This master belongs to cluster ${leadership.clusterId}, the agent to ${hello.cluster_id}: ` +
        'give the agent another --work-dir to make it a new agent of this cluster',
    };
  if (Number(hello.highest_term ?? 0) > leadership.term)
    return {
      code: 'LOWER_TERM',
      message: `The agent has seen term ${hello.highest_term}, this master leads term ${leadership.term}`,
    };
  return undefined;
}
