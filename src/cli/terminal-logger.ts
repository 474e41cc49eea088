/**
 * The log of a daemon for people: time, level, message, fields, one line each on stderr. Programs get JSON (`createLogger`);
 * which of the two is decided by whether stderr is a terminal.
 */
import { inspect } from 'node:util';
import { systemClock } from '../base/system/clock.js';
import { createLogger, type Logger, type LogLevel } from '../base/system/logger.js';
import { wantsColor } from './color.js';

type Severity = Exclude<LogLevel, 'silent'>;

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };
/** SGR codes: dim, none, yellow, red. */
const COLOR: Readonly<Record<Severity, string>> = {
  debug: '\u001b[2m',
  info: '',
  warn: '\u001b[33m',
  error: '\u001b[31m',
};
const RESET = '\u001b[0m';

export interface TerminalLoggerOptions {
  readonly level: LogLevel;
  readonly write: (text: string) => void;
  readonly color: boolean;
  readonly nowMs: () => number;
}

/** JSON for programs, lines for people. */
export function createDaemonLogger(name: string, level: LogLevel): Logger {
  if (process.stderr.isTTY !== true) return createLogger({ name, level });
  return createTerminalLogger({
    level,
    write: (text) => process.stderr.write(text),
    color: wantsColor(process.stderr),
    nowMs: () => systemClock.now().unixMs,
  });
}

export function createTerminalLogger(options: TerminalLoggerOptions, bound: object = {}): Logger {
  const log = (severity: Severity) => (fields: object, message: string) => {
    if (RANK[severity] < RANK[options.level]) return;
    options.write(formatLine(severity, { ...bound, ...fields }, message, options));
  };
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    child: (fields) => createTerminalLogger(options, { ...bound, ...fields }),
  };
}

function formatLine(
  severity: Severity,
  fields: object,
  message: string,
  { color, nowMs }: TerminalLoggerOptions,
): string {
  const time = new Date(nowMs()).toISOString().slice(11, 23);
  const details = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${formatField(value)}`)
    .join('');
  const line = `${time} ${severity.toUpperCase().padEnd(5)} ${message}${details}`;
  return color && COLOR[severity] !== '' ? `${COLOR[severity]}${line}${RESET}\n` : `${line}\n`;
}

function formatField(value: unknown): string {
  if (typeof value === 'string') return /^[\w./:@()*+-]+$/.test(value) ? value : JSON.stringify(value);
  return typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : inspect(value, { breakLength: Infinity });
}
