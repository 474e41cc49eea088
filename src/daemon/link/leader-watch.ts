/**
 * Hears of new leaders from a master that does not lead: a leader that was stopped or cut off cannot say goodbye, and waiting
 * for its silence to become too long takes over a minute. One idle connection; which master it is with changes when it breaks.
 * Where there is only one master there is nothing to hear.
 *
 * Invariants: at most one connection or attempt at a time; nothing is called after `close`.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.js';
import type { Random } from '../../base/random.js';
import type * as link from '../../wire/gen/mesoctl-link.js';
import { LinkConnection } from './link-connection.js';
import { dialLink } from './link-dial.js';
import { LINK_VERSION, type LinkLimits } from './link-protocol.js';

export interface LeaderWatchOptions {
  readonly masters: readonly string[];
  /** Where the link to the leader goes; this watch goes elsewhere. */
  leaderAddress(): string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: LinkLimits;
  onLeader(notice: link.LeaderNotice): void;
}

/** Of one attempt: another master is tried rather than waited for. Ms. */
const CONNECT_TIMEOUT_MS = 2_000;
/** Between two attempts; masters that restart must not be met by everybody at once. Ms. */
const RETRY_MIN_MS = 500;
const RETRY_SPREAD_MS = 2_000;

export class LeaderWatch {
  readonly #options: LeaderWatchOptions;
  #connection: LinkConnection | undefined;
  #abandonDial: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #address = '';
  #isClosed = false;

  constructor(options: LeaderWatchOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.masters.length > 1) this.#retryLater();
  }

  /** The link to the leader goes there now: of its own end it cannot tell, so another master is watched. */
  avoid(address: string): void {
    if (address === this.#address) this.#connection?.close('closed', 'that master leads now');
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#abandonDial?.();
    this.#connection?.close('closed', 'the agent is shutting down');
  }

  #connect(): void {
    const { masters, random, leaderAddress } = this.#options;
    const leader = leaderAddress();
    const others = masters.filter((address) => address !== leader);
    const address = others[Math.floor(random.next() * others.length)] ?? '';
    this.#address = address;
    this.#abandonDial = dialLink(address, CONNECT_TIMEOUT_MS, (outcome) => {
      this.#abandonDial = undefined;
      if (outcome.kind === 'connected') this.#listen(outcome);
      else this.#retryLater();
    });
  }

  #listen({ socket, head }: { readonly socket: Socket; readonly head: Buffer }): void {
    const { limits, clock } = this.#options;
    this.#connection = new LinkConnection({
      socket,
      head,
      limits,
      clock,
      observer: {
        onRecord: ({ leader }) => {
          if (leader !== undefined && !this.#isClosed) this.#options.onLeader(leader);
        },
        onClosed: () => {
          this.#connection = undefined;
          this.#retryLater();
        },
      },
    });
    this.#connection.send({ hello: { min_version: LINK_VERSION.min, max_version: LINK_VERSION.max, watch: true } });
  }

  #retryLater(): void {
    if (this.#isClosed) return;
    const waitMs = RETRY_MIN_MS + this.#options.random.next() * RETRY_SPREAD_MS;
    this.#timer = setTimeout(() => this.#connect(), waitMs);
  }
}
