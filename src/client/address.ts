/**
 * Where a daemon listens, as users write it: `HOST:PORT`, `HOST`, `[::1]:5050`, several joined by commas. Pure.
 * A `zk://` address of Mesos is refused with the reason: there is no ZooKeeper here.
 */
import { isRejection, type Rejection, reject } from '../base/rejection.js';

export interface Address {
  /** A name or an IP literal, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** The port of a master when none is written. */
export const DEFAULT_MASTER_PORT = 5050;
/** Where a master is looked for when nobody says. */
export const DEFAULT_MASTERS = `127.0.0.1:${DEFAULT_MASTER_PORT}`;
/** The port of an agent when none is written. */
export const DEFAULT_AGENT_PORT = 5051;

const MAX_ADDRESSES = 64;

export function parseAddress(text: string, defaultPort: number = DEFAULT_MASTER_PORT): Address | Rejection {
  const trimmed = text.trim();
  if (trimmed.startsWith('zk://'))
    return reject(
      'invalid',
      `"${trimmed}" is a ZooKeeper address: write the masters themselves, HOST:PORT[,HOST:PORT...]`,
    );
  const match = /^(?:http:\/\/)?(?:\[([0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|([^\s:/?#[\]@]+))(?::(\d{1,5}))?\/?$/.exec(
    trimmed,
  );
  const host = match?.[1] ?? match?.[2];
  if (host === undefined)
    return reject('invalid', `"${trimmed}" is not an address: write HOST:PORT, for example 127.0.0.1:5050`);
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  if (port < 1 || port > 65535) return reject('invalid', `"${trimmed}": a port is a number from 1 to 65535`);
  return { host, port };
}

/** Reads `HOST:PORT[,HOST:PORT...]`; at least one, each once, in the order written. */
export function parseAddresses(
  text: string,
  defaultPort: number = DEFAULT_MASTER_PORT,
): readonly Address[] | Rejection {
  const byText = new Map<string, Address>();
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const address = parseAddress(part, defaultPort);
    if (isRejection(address)) return address;
    byText.set(formatAddress(address), address);
  }
  if (byText.size === 0) return reject('invalid', 'no address given: write HOST:PORT[,HOST:PORT...]');
  if (byText.size > MAX_ADDRESSES) return reject('invalid', `more than ${MAX_ADDRESSES} addresses`);
  return [...byText.values()];
}

/** `HOST:PORT`, with brackets around an IPv6 literal. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Reads the Location of a 307: `//host:port/path` (what Mesos sends), or an absolute http URL. */
export function parseLocation(location: string, defaultPort: number = DEFAULT_MASTER_PORT): Address | Rejection {
  const authority = /^(?:http:)?\/\/([^/?#]+)/i.exec(location.trim())?.[1];
  if (authority === undefined) return reject('invalid', `"${location.slice(0, 200)}" names no host to go to`);
  return parseAddress(authority, defaultPort);
}
