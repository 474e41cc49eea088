/** Errors on their way between threads: plain data, because a class does not survive the copy. */
import { MesoError, type MesoErrorCode, messageOf } from './error.js';

export interface PlainError {
  readonly code: MesoErrorCode;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly suggestions: readonly string[];
}

export function flattenError(error: unknown): PlainError {
  if (!(error instanceof MesoError))
    return { code: 'INTERNAL', message: messageOf(error), details: {}, suggestions: [] };
  const { code, message, details, suggestions } = error;
  return { code, message, details, suggestions };
}

export function restoreError({ code, message, details, suggestions }: PlainError): MesoError {
  return new MesoError(code, message, { details, suggestions });
}
