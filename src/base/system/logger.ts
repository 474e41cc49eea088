import { destination, pino } from 'pino';

/** Structured log: static lower-case message, data in fields with fixed names (architecture, section 8). */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** JSON lines on stderr. */
export function createLogger(options: { readonly name: string; readonly level: LogLevel }): Logger {
  return pino({ name: options.name, level: options.level }, destination({ dest: 2, sync: true }));
}
