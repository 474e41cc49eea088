/**
 * The kinds of values that flags take: text in, value or Rejection out. A Rejection says what is wrong with the value;
 * the flag's name is added by whoever knows it. Pure. Source: spec page 09 and the formats of Mesos' stout.
 */
import { isIP } from 'node:net';
import { parseBytes } from '../../base/bytes.js';
import { formatDuration, parseDuration } from '../../base/duration.js';
import { isRejection, type Rejection, reject } from '../../base/rejection.js';
import { formatAddress, parseAddress, parseAddresses } from '../../client/address.js';
import type { NamedAddress } from '../../raft/node/settings.js';
import * as mesos from '../../wire/gen/mesos.js';
import { decodeJson } from '../../wire/json.js';
import { MEMBER_NAME } from '../../wire/validation/extension-call.js';
import type { FlagKind } from './flag.js';

export type { NamedAddress };

interface Range {
  readonly min: number;
  readonly max?: number | undefined;
}

function inRange(value: number, { min, max }: Range, allowed: string): number | Rejection {
  return value < min || value > (max ?? Number.POSITIVE_INFINITY) ? reject('invalid', `must be ${allowed}`) : value;
}

function rangeText(noun: string, min: string, max: string | undefined): string {
  return max === undefined ? `${noun} of at least ${min}` : `${noun} from ${min} to ${max}`;
}

/** Milliseconds. */
export function duration(range: Range = { min: 0 }): FlagKind<number> {
  const max = range.max === undefined ? undefined : formatDuration(range.max);
  const allowed =
    range.min === 0 && max === undefined ? 'a duration' : rangeText('a duration', formatDuration(range.min), max);
  return {
    label: 'DURATION',
    allowed: `${allowed}, for example 500ms, 15secs, 10mins`,
    parse: (text) => {
      const ms = parseDuration(text);
      return isRejection(ms) ? ms : inRange(ms, range, allowed);
    },
  };
}

/** Bytes. */
export function size(range: Range): FlagKind<number> {
  const allowed = `a size of at least ${range.min}B`;
  return {
    label: 'SIZE',
    allowed: `${allowed}, for example 64MB, 2GB`,
    parse: (text) => {
      const bytes = parseBytes(text);
      return isRejection(bytes) ? bytes : inRange(bytes, range, allowed);
    },
  };
}

export function integer(range: Range): FlagKind<number> {
  const allowed = rangeText(
    'a whole number',
    String(range.min),
    range.max === undefined ? undefined : String(range.max),
  );
  return {
    label: 'N',
    allowed,
    parse: (text) =>
      /^-?\d{1,15}$/.test(text.trim())
        ? inRange(Number(text), range, allowed)
        : reject('invalid', `must be ${allowed}`),
  };
}

export function fraction(range: { readonly min: number; readonly max: number }): FlagKind<number> {
  const allowed = rangeText('a number', String(range.min), String(range.max));
  return {
    label: 'NUMBER',
    allowed,
    parse: (text) => {
      const value = /^\d*\.?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
      return Number.isNaN(value) ? reject('invalid', `must be ${allowed}`) : inRange(value, range, allowed);
    },
  };
}

/** 0: any free port. */
export const port: FlagKind<number> = { ...integer({ min: 0, max: 65535 }), label: 'PORT' };

export const advertisedPort: FlagKind<number> = { ...integer({ min: 1, max: 65535 }), label: 'PORT' };

export const ip: FlagKind<string> = {
  label: 'IP',
  allowed: 'an IP address',
  parse: (text) => (isIP(text.trim()) === 0 ? reject('invalid', 'must be an IP address') : text.trim()),
};

export const text: FlagKind<string> = {
  label: 'TEXT',
  allowed: 'a text that is not empty',
  parse: (value) => (value.trim() === '' ? reject('invalid', 'must not be empty') : value),
};

export function textOf(
  label: string,
  allowed: string,
  check: (value: string) => Rejection | undefined,
): FlagKind<string> {
  return { label, allowed, parse: (value) => check(value) ?? value };
}

/** A path of this machine; `file:///path` is accepted for it. */
export const path: FlagKind<string> = {
  label: 'PATH',
  allowed: 'a path',
  isPath: true,
  parse: (value) => {
    const plain = value.replace(/^file:\/\//, '');
    return plain === '' || plain.includes('\0') ? reject('invalid', 'must be a path') : plain;
  },
};

export const boolean: FlagKind<boolean> = {
  label: 'BOOL',
  allowed: 'true or false',
  isBoolean: true,
  parse: (value) => {
    const word = value.trim().toLowerCase();
    if (word === 'true' || word === '1') return true;
    return word === 'false' || word === '0' ? false : reject('invalid', 'must be true or false');
  },
};

export function oneOf<const T extends string>(
  values: readonly T[],
  spellings: Readonly<Record<string, T>> = {},
): FlagKind<T> {
  const allowed = `one of ${values.join(', ')}`;
  return {
    label: values.join('|'),
    allowed,
    parse: (value) => {
      const word = value.trim().toLowerCase();
      return values.find((known) => known === word) ?? spellings[word] ?? reject('invalid', `must be ${allowed}`);
    },
  };
}

/** Names joined by commas; empty ones vanish. */
export function list(
  label: string,
  check: (items: readonly string[]) => Rejection | undefined,
): FlagKind<readonly string[]> {
  return {
    label,
    allowed: 'names joined by commas',
    parse: (value) => {
      const items = value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
      return check(items) ?? items;
    },
  };
}

/** HOST:PORT, the port always written. */
export const address: FlagKind<string> = {
  label: 'HOST:PORT',
  allowed: 'an address, HOST:PORT',
  parse: (value) => parseFullAddress(value),
};

function parseFullAddress(value: string): string | Rejection {
  if (!/:\d+$/.test(value.trim())) return reject('invalid', `"${value.trim()}" has no port: write HOST:PORT`);
  const parsed = parseAddress(value);
  return isRejection(parsed) ? parsed : formatAddress(parsed);
}

export const memberName: FlagKind<string> = {
  label: 'NAME',
  allowed: 'a name of 1 to 63 letters, digits, dots, dashes and underscores',
  parse: (value) =>
    MEMBER_NAME.test(value.trim()) ? value.trim() : reject('invalid', `must be ${memberName.allowed}`),
};

/** `m1=HOST:PORT,m2=HOST:PORT`; each name and each address once. */
export const namedAddresses: FlagKind<readonly NamedAddress[]> = {
  label: 'NAME=HOST:PORT,...',
  allowed: 'masters with their raft addresses, NAME=HOST:PORT[,NAME=HOST:PORT...]',
  parse: (value) => {
    const peers: NamedAddress[] = [];
    for (const item of value.split(',').filter((part) => part.trim() !== '')) {
      const peer = parseNamedAddress(item);
      if (isRejection(peer)) return peer;
      if (peers.some(({ name, address: other }) => name === peer.name || other === peer.address))
        return reject('invalid', `"${item.trim()}": each name and each address may be there once`);
      peers.push(peer);
    }
    return peers.length === 0 ? reject('invalid', `must be ${namedAddresses.allowed}`) : peers;
  },
};

/** `m4=HOST:PORT`: a member and where its Raft port is. */
export function parseNamedAddress(text: string): NamedAddress | Rejection {
  const [name = '', ...rest] = text.trim().split('=');
  const full = parseFullAddress(rest.join('='));
  if (!MEMBER_NAME.test(name) || rest.length === 0)
    return reject('invalid', `"${text.trim()}" is not NAME=HOST:PORT, for example m4=10.0.0.4:5060`);
  return isRejection(full) ? full : { name, address: full };
}

/** HOST:PORT of masters. */
export const masters: FlagKind<readonly string[]> = {
  label: 'HOST:PORT,...',
  allowed: 'addresses of masters, HOST:PORT[,HOST:PORT...]',
  parse: (value) => {
    const addresses = parseAddresses(value);
    return isRejection(addresses) ? addresses : addresses.map(formatAddress);
  },
};

/** `50%`. */
export const percent: FlagKind<number> = {
  label: 'PERCENT',
  allowed: 'a percentage from 0% to 100%',
  parse: (value) => {
    const number = /^(\d+(?:\.\d+)?)%$/.exec(value.trim())?.[1];
    return number === undefined || Number(number) > 100
      ? reject('invalid', 'must be a percentage from 0% to 100%')
      : Number(number);
  },
};

export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

/** `1/20mins`. */
export const rate: FlagKind<Rate> = {
  label: 'N/DURATION',
  allowed: 'a number per duration, for example 1/20mins',
  parse: (value) => {
    const match = /^\s*(\d+)\s*\/\s*(.+)$/.exec(value);
    const perMs = match?.[2] === undefined ? undefined : parseDuration(match[2]);
    const count = Number(match?.[1] ?? 0);
    if (perMs === undefined || isRejection(perMs) || perMs <= 0 || count < 1)
      return reject('invalid', 'must be a number per duration, for example 1/20mins');
    return { count, perMs };
  },
};

/** `role=2,other=0.5`. */
export const weights: FlagKind<Readonly<Record<string, number>>> = {
  label: 'ROLE=WEIGHT,...',
  allowed: 'role=weight pairs joined by commas, weights above 0',
  parse: (value) => {
    const entries: [string, number][] = [];
    for (const pair of value.split(',').filter((item) => item.trim() !== '')) {
      const match = /^\s*([^=\s]+)\s*=\s*(\d*\.?\d+)\s*$/.exec(pair);
      if (match?.[1] === undefined || !(Number(match[2]) > 0))
        return reject('invalid', `"${pair.trim()}" is not role=weight with a weight above 0`);
      entries.push([match[1], Number(match[2])]);
    }
    return Object.fromEntries(entries);
  },
};

export const domain: FlagKind<mesos.DomainInfo> = {
  label: 'JSON',
  allowed: 'a fault domain, {"fault_domain": {"region": {"name": "..."}, "zone": {"name": "..."}}}',
  parse: (value) => decodeJson(mesos.DomainInfo, value),
};

/** A JSON object of texts. */
export const environmentVariables: FlagKind<Readonly<Record<string, string>>> = {
  label: 'JSON',
  allowed: 'a JSON object of texts, {"NAME": "value"}',
  parse: (value) => {
    let parsed: unknown;
    try {
      parsed = JSON.parse(value);
    } catch {
      return reject('malformed', 'is not valid JSON');
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
      return reject('invalid', 'must be a JSON object of texts');
    const wrong = Object.entries(parsed).find(([, item]) => typeof item !== 'string');
    return wrong === undefined
      ? (parsed as Record<string, string>)
      : reject('invalid', `the value of "${wrong[0]}" must be a text`);
  },
};
