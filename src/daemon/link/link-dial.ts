/**
 * Opens the connection of an agent link: one HTTP Upgrade request. Tells a redirect (307, followed by the caller) from a
 * failure. Reports exactly one outcome, unless it is abandoned first.
 */
import { request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { LINK_PATH, LINK_UPGRADE_PROTOCOL } from './link-protocol.js';

export type DialOutcome =
  | { readonly kind: 'connected'; readonly socket: Socket; readonly head: Buffer }
  /** HOST:PORT of another master. */
  | { readonly kind: 'redirect'; readonly address: string }
  | { readonly kind: 'failed'; readonly detail: string };

/** `address`: HOST:PORT or [IPV6]:PORT. Returns a function that abandons the attempt: no outcome then. */
export function dialLink(address: string, timeoutMs: number, onOutcome: (outcome: DialOutcome) => void): () => void {
  const target = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(address);
  const request = httpRequest({
    host: target?.[1] ?? target?.[2] ?? address,
    port: Number(target?.[3] ?? 5050),
    path: LINK_PATH,
    agent: false,
    headers: { Connection: 'Upgrade', Upgrade: LINK_UPGRADE_PROTOCOL },
  });
  let settled = false;
  const settle = (outcome: DialOutcome | undefined) => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    if (outcome?.kind !== 'connected') request.destroy();
    if (outcome !== undefined) onOutcome(outcome);
  };
  const timer = setTimeout(() => settle({ kind: 'failed', detail: `no answer within ${timeoutMs} ms` }), timeoutMs);
  request.on('error', (error) => settle({ kind: 'failed', detail: error.message }));
  request.on('upgrade', (_response, socket, head) => settle({ kind: 'connected', socket, head }));
  request.on('response', (response) => {
    const redirect = response.statusCode === 307 ? hostAndPort(response.headers.location) : undefined;
    if (redirect !== undefined) settle({ kind: 'redirect', address: redirect });
    else settle({ kind: 'failed', detail: `the master answered ${response.statusCode}` });
  });
  request.end();
  return () => settle(undefined);
}

/** The authority of `//host:port/path` or `http://host:port/path`. */
function hostAndPort(location: string | undefined): string | undefined {
  return /^(?:http:)?\/\/([^/?#]+:\d+)/.exec(location ?? '')?.[1];
}
