/**
 * The agents' side of the link: finds the leader among the configured masters, follows its redirects, reconnects with
 * back-off and jitter for ever, moves to a new leader that another master tells of, and delivers frames in order. One connection at a time; many channels on it if wanted.
 * It knows nothing of registration: after `onUp` the agent speaks first, after `onLost` everything it sent may be lost.
 *
 * Invariants: `onUp` and `onLost` alternate; `onFrame` comes only between them; nothing is called after `close` resolved.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import type { Logger } from '../../base/system/logger.js';
import type * as link from '../../wire/gen/mesoctl-link.js';
import { Channels } from './channels.js';
import { LeaderWatch } from './leader-watch.js';
import { LinkConnection } from './link-connection.js';
import { dialLink } from './link-dial.js';
import {
  type AgentFrameBody,
  DEFAULT_LINK_LIMITS,
  LINK_VERSION,
  type LinkCloseReason,
  type LinkLimits,
} from './link-protocol.js';

export interface LinkClientObserver {
  /** Connected to the leader of `welcome.term`. Wait uniform [0, reregister_jitter_ms], then send the first frame. */
  onUp(welcome: link.Welcome): void;
  /** Sequence and term are checked. */
  onFrame(channel: number, frame: link.MasterFrame): void;
  /** The connection that `onUp` announced is gone; a new one is on its way. May come from inside `send` or `close`. */
  onLost(reason: LinkCloseReason, detail: string): void;
  /** A master refused for another reason than not leading. The client tries again, slowly. */
  onRefused(refused: link.Refused): void;
}

export interface LinkClientOptions {
  /** HOST:PORT or [IPV6]:PORT, at least one. */
  readonly masters: readonly string[];
  /** Asked anew for each attempt, so that cluster id and highest term are current. */
  hello(): Omit<link.Hello, 'min_version' | 'max_version'>;
  readonly observer: LinkClientObserver;
  readonly clock: Clock;
  /** For jitter. */
  readonly random: Random;
  readonly logger: Logger;
  readonly limits?: Partial<LinkLimits> | undefined;
  /** First and largest upper bound of the wait after a round of all masters failed; default 100 and 10,000. Ms. */
  readonly backoffMs?: { readonly min: number; readonly max: number } | undefined;
}

/** Redirects followed in a row without waiting. */
const MAX_REDIRECTS = 3;
/** A link that lived this long was a good one: back-off starts anew. */
const GOOD_LINK_MS = 5_000;
/** For the master to read what was sent last. */
const CLOSE_GRACE_MS = 1_000;

interface LiveLink {
  readonly connection: LinkConnection;
  readonly channels: Channels;
  readonly address: string;
  welcome: link.Welcome | undefined;
  upSinceMs: number;
}

export class LinkClient {
  readonly #options: LinkClientOptions;
  readonly #limits: LinkLimits;
  #live: LiveLink | undefined;
  #timer: NodeJS.Timeout | undefined;
  #abandonDial: (() => void) | undefined;
  #started = false;
  #closed = false;
  /** Next of `masters` to try. */
  #next = 0;
  /** Rounds that failed in a row. */
  #failures = 0;
  #redirects = 0;
  #redirect: string | undefined;
  /** The newest leader that was heard of. */
  #noticedTerm = 0;
  readonly #watch: LeaderWatch;

  constructor(options: LinkClientOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LINK_LIMITS, ...options.limits };
    this.#watch = new LeaderWatch({
      masters: options.masters,
      leaderAddress: () => this.#live?.address,
      clock: options.clock,
      random: options.random,
      limits: this.#limits,
      onLeader: (notice) => this.#onNotice(notice),
    });
  }

  /** True between `onUp` and `onLost`. */
  get isUp(): boolean {
    return this.#live?.welcome !== undefined;
  }

  /** Begins to connect; once. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#watch.start();
    this.#connect();
  }

  /** Adds the envelope and queues. Returns false when the link is down or the channel closed: the frame goes nowhere. */
  send(channel: number, body: AgentFrameBody): boolean {
    const live = this.#live;
    if (live?.welcome === undefined) return false;
    const sequence = live.channels.nextSent(channel);
    if (sequence === undefined) return false;
    return live.connection.send({ agent: { ...body, channel, sequence, term: live.welcome.term } });
  }

  /** No more frames of this channel are delivered or sent on the current connection. */
  closeChannel(channel: number): void {
    this.#live?.channels.close(channel);
  }

  /** Drops the current connection, if any, and connects anew. `onLost` comes before this returns. */
  reconnect(detail: string): void {
    this.#live?.connection.close('closed', detail);
  }

  /** Ends for good, after what is queued; resolves when the master has read it, or has had `CLOSE_GRACE_MS` to do so. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    clearTimeout(this.#timer);
    this.#abandonDial?.();
    const connection = this.#live?.connection;
    if (connection === undefined) return;
    const gone = connection.whenGone();
    connection.close('closed', 'the agent is shutting down');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_GRACE_MS);
    });
    await Promise.race([gone, late]);
    clearTimeout(timer);
  }

  /** Somebody leads a newer term than that of the link: there, at once. */
  #onNotice({ term, address }: link.LeaderNotice): void {
    const current = Math.max(this.#noticedTerm, Number(this.#live?.welcome?.term ?? 0));
    if (this.#closed || Number(term) <= current) return;
    this.#noticedTerm = Number(term);
    this.#redirects = 0;
    this.#redirect = formatAddress(address.ip ?? address.hostname ?? '', address.port);
    if (this.#live !== undefined) {
      this.#live.connection.close('closed', `another master leads term ${term}`);
      return;
    }
    clearTimeout(this.#timer);
    this.#abandonDial?.();
    this.#connect();
  }

  #connect(): void {
    const address = this.#redirect ?? this.#options.masters[this.#next % this.#options.masters.length] ?? '';
    this.#redirect = undefined;
    this.#abandonDial = dialLink(address, this.#limits.helloTimeoutMs, (outcome) => {
      this.#abandonDial = undefined;
      if (outcome.kind === 'connected') this.#onConnected(address, outcome);
      else if (outcome.kind === 'redirect') this.#followRedirect(outcome.address);
      else {
        this.#options.logger.debug({ master: address, detail: outcome.detail }, 'agent link failed');
        this.#retry();
      }
    });
  }

  #onConnected(address: string, dialed: { readonly socket: Socket; readonly head: Buffer }): void {
    const { clock } = this.#options;
    const live: LiveLink = {
      connection: new LinkConnection({
        socket: dialed.socket,
        head: dialed.head,
        limits: this.#limits,
        clock,
        observer: {
          onRecord: (record) => this.#onRecord(live, record),
          onClosed: (reason, detail) => this.#onClosed(live, reason, detail),
        },
      }),
      channels: new Channels(),
      address,
      welcome: undefined,
      upSinceMs: clock.now().monotonicMs,
    };
    this.#live = live;
    this.#timer = setTimeout(
      () => live.connection.close('handshake-timeout', 'no Welcome came'),
      this.#limits.helloTimeoutMs,
    );
    live.connection.send({
      hello: { ...this.#options.hello(), min_version: LINK_VERSION.min, max_version: LINK_VERSION.max },
    });
  }

  #onRecord(live: LiveLink, record: link.LinkRecord): void {
    if (live.welcome !== undefined) this.#onFrame(live, live.welcome, record.master);
    else if (record.welcome !== undefined) this.#onWelcome(live, record.welcome);
    else if (record.refused !== undefined) this.#onRefused(live, record.refused);
    else live.connection.close('protocol', 'the first record must be Welcome or Refused');
  }

  #onWelcome(live: LiveLink, welcome: link.Welcome): void {
    clearTimeout(this.#timer);
    const { highest_term: highestTerm } = this.#options.hello();
    if (Number(welcome.term) < Number(highestTerm ?? 0)) {
      live.connection.close('protocol', `the master leads term ${welcome.term}, term ${highestTerm} was seen before`);
      return;
    }
    live.welcome = welcome;
    live.upSinceMs = this.#options.clock.now().monotonicMs;
    this.#redirects = 0;
    live.connection.admitLargeRecords();
    this.#watchIdle(live, welcome.total_ping_timeout_seconds * 1000);
    this.#watch.avoid(live.address);
    this.#options.observer.onUp(welcome);
  }

  #onRefused(live: LiveLink, refused: link.Refused): void {
    const { leader } = refused;
    if (refused.code === 'NOT_LEADER' && leader !== undefined)
      this.#redirect = formatAddress(leader.ip ?? leader.hostname ?? '', leader.port);
    else if (refused.code !== 'NOT_LEADER') this.#options.observer.onRefused(refused);
    live.connection.close('refused', refused.message);
  }

  #onFrame(live: LiveLink, welcome: link.Welcome, frame: link.MasterFrame | undefined): void {
    if (frame === undefined) {
      live.connection.close('protocol', 'only master frames may follow Welcome');
      return;
    }
    const verdict = live.channels.receive(frame.channel, Number(frame.sequence));
    if (verdict === 'gap')
      live.connection.close('protocol', `frame ${frame.sequence} of channel ${frame.channel} is not the next one`);
    else if (Number(frame.term) > Number(welcome.term))
      live.connection.close('protocol', `a frame of term ${frame.term} on a link of term ${welcome.term}`);
    else if (verdict === 'deliver' && Number(frame.term) === Number(welcome.term))
      this.#options.observer.onFrame(frame.channel, frame);
  }

  // One timer that looks again when the silence could have become too long, instead of one reset by every frame.
  #watchIdle(live: LiveLink, idleMs: number): void {
    const silentMs = this.#options.clock.now().monotonicMs - live.connection.lastReceivedMs;
    if (silentMs >= idleMs) live.connection.close('idle', `nothing was received for ${Math.round(idleMs)} ms`);
    else this.#timer = setTimeout(() => this.#watchIdle(live, idleMs), Math.min(idleMs - silentMs + 1, 2 ** 31 - 1));
  }

  #onClosed(live: LiveLink, reason: LinkCloseReason, detail: string): void {
    clearTimeout(this.#timer);
    this.#live = undefined;
    const wasUp = live.welcome !== undefined;
    if (wasUp) {
      if (this.#options.clock.now().monotonicMs - live.upSinceMs >= GOOD_LINK_MS) this.#failures = 0;
      this.#options.observer.onLost(reason, detail);
    }
    if (this.#closed) return;
    const redirect = this.#redirect;
    if (redirect !== undefined) this.#followRedirect(redirect);
    else this.#retry();
  }

  #followRedirect(address: string): void {
    this.#redirects += 1;
    if (this.#redirects > MAX_REDIRECTS) {
      this.#redirects = 0;
      this.#redirect = undefined;
      this.#retry();
      return;
    }
    this.#redirect = address;
    this.#timer = setTimeout(() => this.#connect(), 0);
  }

  /** The next master at once, until all were tried; then a wait. */
  #retry(): void {
    const { min, max } = this.#options.backoffMs ?? { min: 100, max: 10_000 };
    this.#next += 1;
    let waitMs = 0;
    if (this.#next % this.#options.masters.length === 0 || this.#options.masters.length === 1) {
      waitMs = this.#options.random.next() * Math.min(max, min * 2 ** Math.min(this.#failures, 30));
      this.#failures += 1;
    }
    this.#timer = setTimeout(() => this.#connect(), waitMs);
  }
}

/** HOST:PORT; IPv6 addresses in brackets. */
function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
