/**
 * Decides whether a request was meant for this server by its Host header. A page on a foreign web site can make a
 * browser on this machine talk to 127.0.0.1 under the site's own name (DNS rebinding); such a request carries that name
 * as Host and is refused. IP literals, `localhost` and the names this server goes by are let through: no web site can
 * own them. Source: architecture, section 6.
 */
import { isIP } from 'node:net';

export interface HostGuard {
  /** `header`: the Host header as received; undefined when an HTTP/1.0 client sent none (no browser does that). */
  allows(header: string | undefined): boolean;
}

/** Accepts IP literals, `localhost` and `names` (compared without case and trailing dot), whatever the port. */
export function createHostGuard(names: Iterable<string>): HostGuard {
  const allowed = new Set(['localhost']);
  for (const name of names) allowed.add(canonicalName(name));
  return {
    allows(header) {
      if (header === undefined) return true;
      const name = hostOf(header);
      return name !== undefined && (isIP(name) !== 0 || allowed.has(canonicalName(name)));
    },
  };
}

/** The host part of `host[:port]` or `[v6][:port]`; undefined when it is neither. */
function hostOf(header: string): string | undefined {
  const bracketed = /^\[([0-9A-Fa-f:.]+)\](?::\d+)?$/.exec(header);
  if (bracketed !== null) return bracketed[1];
  return /^([^:[\]\s]+)(?::\d+)?$/.exec(header)?.[1];
}

function canonicalName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
