/**
 * Watches the file of hosts whose agents may be offered: read at the start (it must be readable then) and every 5 s. What
 * cannot be read later keeps the last list and is logged. One host name per line; `*` alone means every host.
 * Source: spec page 09, 9.1 (--whitelist).
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { MesoError, messageOf } from '../../base/error.js';
import type { Logger } from '../../base/system/logger.js';

const POLL_INTERVAL_MS = 5_000;

/** null: every host. */
export type Whitelist = ReadonlySet<string> | null;

/** Throws BAD_INPUT when the file cannot be read. */
export function readWhitelist(path: string): Whitelist {
  try {
    return parseWhitelist(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new MesoError('BAD_INPUT', `cannot read the whitelist ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** Calls back with every list that differs from the one before. Returns a function that ends it. */
export function watchWhitelist(options: {
  readonly path: string;
  readonly initial: Whitelist;
  readonly logger: Logger;
  readonly onChange: (whitelist: Whitelist) => void;
}): () => void {
  const { path, logger, onChange } = options;
  let current = options.initial;
  let stopped = false;
  const poll = async () => {
    try {
      const next = parseWhitelist(await readFile(path, 'utf8'));
      if (stopped || sameList(current, next)) return;
      current = next;
      onChange(next);
    } catch (error) {
      logger.warn({ path, error: messageOf(error) }, 'the whitelist cannot be read, keeping the last one');
    }
  };
  const timer = setInterval(() => void poll(), POLL_INTERVAL_MS);
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}

export function parseWhitelist(text: string): Whitelist {
  const names = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return names.length === 1 && names[0] === '*' ? null : new Set(names);
}

function sameList(a: Whitelist, b: Whitelist): boolean {
  if (a === null || b === null) return a === b;
  return a.size === b.size && [...a].every((name) => b.has(name));
}
