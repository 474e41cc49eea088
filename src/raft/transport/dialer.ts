/**
 * Keeps trying one address: one attempt at a time, with a deadline, and waits between attempts that grow and are drawn at
 * random. It knows sockets, not peers. Nothing happens after `stop`.
 */
import { connect, type Socket } from 'node:net';
import type { Random } from '../../base/random.js';
import type { TransportLimits } from './transport.js';

export interface DialerOptions {
  /** HOST:PORT or [IPV6]:PORT. */
  readonly address: string;
  readonly limits: TransportLimits;
  readonly random: Random;
  /** Connected. The next attempt waits for `again`. */
  readonly onSocket: (socket: Socket) => void;
  readonly onFailed: (detail: string) => void;
}

/** How a connection ended, and with it how soon it is worth another attempt. */
export type Outlook =
  | 'good' // it worked for a while
  | 'bad'
  | 'hopeless' // one end refused the other: a person has to mend it
  | 'self'; // it leads back to this member

/** Longest wait doubles at most this many times. */
const MAX_DOUBLINGS = 30;
/** An address that leads back to this member may come to be somebody else's. */
const SELF_RETRY_MS = 30_000;

export class Dialer {
  readonly #options: DialerOptions;
  #attempt: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Attempts without success since the last good connection. */
  #failures = 0;
  /** Whether a sign of life of the peer may shorten the wait; once for each. */
  #canHurry = false;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  start(): void {
    const target = parseAddress(this.#options.address);
    if (target === undefined) this.#options.onFailed('it is not of the form HOST:PORT');
    else this.#connect(target);
  }

  /** The connection is over: waits, and tries again. */
  again(outlook: Outlook): void {
    if (outlook === 'good') this.#failures = 0;
    this.#canHurry = outlook === 'good' || outlook === 'bad';
    this.#wait(this.#jittered(this.#waitMs(outlook)));
    this.#failures += 1;
  }

  #waitMs(outlook: Outlook): number {
    const { reconnectMinMs, reconnectMaxMs } = this.#options.limits;
    if (outlook === 'self') return SELF_RETRY_MS;
    if (outlook === 'hopeless') return reconnectMaxMs;
    return Math.min(reconnectMaxMs, reconnectMinMs * 2 ** Math.min(this.#failures, MAX_DOUBLINGS));
  }

  /** The peer was heard of: it is up, and is tried at once. */
  hurry(): void {
    if (this.#timer === undefined || !this.#canHurry) return;
    this.#canHurry = false;
    this.#wait(0);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#attempt?.destroy();
    this.#attempt = undefined;
  }

  #jittered(ms: number): number {
    return ms * (0.5 + this.#options.random.next() / 2);
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.start();
    }, ms);
  }

  #connect({ host, port }: Target): void {
    const { connectTimeoutMs } = this.#options.limits;
    const socket = connect({ host, port, noDelay: true });
    this.#attempt = socket;
    const fail = (detail: string) => {
      clearTimeout(deadline);
      socket.destroy();
      if (this.#attempt !== socket) return;
      this.#attempt = undefined;
      // First, so that whoever hears of it may stop this dialer.
      this.again('bad');
      this.#options.onFailed(detail);
    };
    const onError = (error: Error) => fail(textOf(error));
    const deadline = setTimeout(() => fail(`no connection within ${connectTimeoutMs} ms`), connectTimeoutMs);
    socket.once('error', onError);
    socket.once('close', () => fail('the connection was lost'));
    socket.once('connect', () => {
      if (isOwnEcho(socket)) {
        fail('nobody listens there');
        return;
      }
      clearTimeout(deadline);
      socket.removeAllListeners('close');
      this.#attempt = undefined;
      this.#options.onSocket(socket);
      socket.removeListener('error', onError);
    });
  }
}

interface Target {
  readonly host: string;
  readonly port: number;
}

function parseAddress(address: string): Target | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^[\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || Number(port) === 0 || Number(port) > 65_535) return undefined;
  return { host, port: Number(port) };
}

/**
 * A port of this machine that nobody listens on can be drawn as the port to dial from: the system then connects the socket
 * with itself, and would keep the peer from listening there.
 */
function isOwnEcho({ localAddress, localPort, remoteAddress, remotePort }: Socket): boolean {
  return localPort === remotePort && localAddress === remoteAddress;
}

/** All addresses of a name that failed come as one error without a text. */
function textOf(error: Error): string {
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : undefined;
  return first instanceof Error ? first.message : error.message;
}
