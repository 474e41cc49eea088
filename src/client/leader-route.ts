/**
 * Finds the leading master among those that were named, and sends requests to it: follows the 307 of the others (Location
 * `//host:port/path`), waits through 503 (no leader yet), passes over the dead. Spec page 01, section 1.1; page 13, 13.1.
 *
 * Invariants: a request that a master may have seen is sent again only if `isRepeatable`; every attempt has a deadline;
 * masters that cannot be reached are given up within a small, fixed time, so that a wrong address is noticed at once.
 */
import { MesoError } from '../base/error.js';
import { isRejection } from '../base/rejection.js';
import { systemClock } from '../base/system/clock.js';
import { type Address, formatAddress, parseLocation } from './address.js';
import { pause } from './back-off.js';
import { ConnectionFailure, type HttpRequest, type HttpResponse, sendRequest } from './http-request.js';
import { errorOfFailure } from './response-error.js';

export interface LeaderRouteOptions {
  readonly masters: readonly Address[];
  /** For all masters together, one round; default 1500. */
  readonly unreachableTimeoutMs?: number | undefined;
  /** How long an answering cluster may be without a leader; default 10 s. */
  readonly leaderTimeoutMs?: number | undefined;
}

export type RoutedRequest = Omit<HttpRequest, 'address' | 'connectTimeoutMs'> & {
  /** For messages: the name of the call. */
  readonly what: string;
  readonly isRepeatable: boolean;
  /** 503 is an answer like any other: whoever is asked says more with it than that nobody leads. */
  readonly takesUnavailable?: boolean | undefined;
};

const DEFAULT_UNREACHABLE_TIMEOUT_MS = 1_500;
const DEFAULT_LEADER_TIMEOUT_MS = 10_000;
const LEADER_POLL_MS = 250;
/** A redirect names the leader; more than a few in a row means that the masters disagree. */
const MAX_HOPS = 3;

/** What a round found at the masters that did not take the request. */
interface Miss {
  readonly address: Address;
  readonly reason: string;
  readonly isAlive: boolean;
}

export class LeaderRoute {
  readonly #masters: readonly Address[];
  readonly #connectTimeoutMs: number;
  readonly #leaderTimeoutMs: number;
  #leader: Address | undefined;

  constructor(options: LeaderRouteOptions) {
    this.#masters = options.masters;
    const total = options.unreachableTimeoutMs ?? DEFAULT_UNREACHABLE_TIMEOUT_MS;
    this.#connectTimeoutMs = Math.max(100, Math.floor(total / Math.max(1, options.masters.length)));
    this.#leaderTimeoutMs = options.leaderTimeoutMs ?? DEFAULT_LEADER_TIMEOUT_MS;
  }

  /** Where the last request was taken. */
  get leader(): Address | undefined {
    return this.#leader;
  }

  get connectTimeoutMs(): number {
    return this.#connectTimeoutMs;
  }

  /** Start from the named masters again. */
  forgetLeader(): void {
    this.#leader = undefined;
  }

  /**
   * The leader's answer, whatever its status but 307 and, mostly, 503. Rejects with NO_MASTER, NO_LEADER, CONNECTION_LOST or
   * OUTCOME_UNKNOWN, or with the signal's reason.
   */
  async send(request: RoutedRequest): Promise<HttpResponse> {
    const startedMs = systemClock.now().monotonicMs;
    for (;;) {
      const misses: Miss[] = [];
      const response = await this.#round(request, misses);
      if (response !== undefined) return response;
      const waitedMs = systemClock.now().monotonicMs - startedMs;
      if (!misses.some(({ isAlive }) => isAlive)) throw noMaster(misses);
      if (waitedMs + LEADER_POLL_MS > this.#leaderTimeoutMs) throw noLeader(misses, waitedMs);
      await pause(LEADER_POLL_MS, request.signal);
      request.signal?.throwIfAborted();
    }
  }

  /** Asks the last leader, then each master once. */
  async #round(request: RoutedRequest, misses: Miss[]): Promise<HttpResponse | undefined> {
    const asked = new Set<string>();
    const known = this.#leader;
    this.#leader = undefined;
    for (const first of known === undefined ? this.#masters : [known, ...this.#masters]) {
      let address: Address | undefined = first;
      for (let hop = 0; address !== undefined && hop <= MAX_HOPS; hop++) {
        const name = formatAddress(address);
        if (asked.has(name)) break;
        asked.add(name);
        const answer = await this.#ask(address, request, misses);
        if (answer !== undefined && 'status' in answer) {
          this.#leader = address;
          return answer;
        }
        address = answer;
      }
    }
    return undefined;
  }

  /** The answer, or where to ask next, or undefined after noting a miss. */
  async #ask(address: Address, request: RoutedRequest, misses: Miss[]): Promise<HttpResponse | Address | undefined> {
    let response: HttpResponse;
    try {
      response = await sendRequest({ ...request, address, connectTimeoutMs: this.#connectTimeoutMs });
    } catch (error) {
      if (!(error instanceof ConnectionFailure)) throw error;
      if (error.maybeSeen && !request.isRepeatable) throw errorOfFailure(error, request.what, false);
      misses.push({ address, reason: error.reason, isAlive: false });
      return undefined;
    }
    const isUnavailable = response.status === 503 && request.takesUnavailable !== true;
    if (response.status !== 307 && !isUnavailable) return response;
    response.body.resume();
    if (isUnavailable) {
      misses.push({ address, reason: 'has no leader', isAlive: true });
      return undefined;
    }
    const next = parseLocation(response.headers.location ?? '');
    misses.push({
      address,
      reason: isRejection(next) ? 'redirects to nowhere' : `redirects to ${formatAddress(next)}`,
      isAlive: true,
    });
    return isRejection(next) ? undefined : next;
  }
}

function describe(misses: readonly Miss[]): string {
  return misses.map(({ address, reason }) => `${formatAddress(address)} (${reason})`).join(', ');
}

function noMaster(misses: readonly Miss[]): MesoError {
  return new MesoError('NO_MASTER', `no master answers. Tried ${describe(misses)}.`, {
    details: { tried: misses.map(({ address, reason }) => ({ address: formatAddress(address), reason })) },
    suggestions: ['mesoctl master start', '--master HOST:PORT[,HOST:PORT...] (MESOCTL_MASTER)'],
  });
}

function noLeader(misses: readonly Miss[], waitedMs: number): MesoError {
  const seconds = (waitedMs / 1000).toFixed(1);
  return new MesoError('NO_LEADER', `the masters have had no leader for ${seconds}s: ${describe(misses)}.`, {
    details: { tried: misses.map(({ address, reason }) => ({ address: formatAddress(address), reason })), waitedMs },
    suggestions: ['the same again in a while: running tasks go on without a leader'],
  });
}
