/** What the main thread and the checkpoint worker say to each other; plain data, copied between the threads. */
import { MesoError, type MesoErrorCode, messageOf } from '../../../base/error.js';
import type { Durability } from '../core/protocol.js';
import type { RowChange, TableRecords } from './rows.js';

export interface CheckpointWorkerData {
  readonly directory: string;
}

/** Answered in order, one answer each. */
export type CheckpointRequest =
  | { readonly kind: 'load' }
  /** One transaction. */
  | { readonly kind: 'commit'; readonly changes: readonly RowChange[]; readonly durability: Durability }
  | { readonly kind: 'close' };

export type CheckpointReply =
  | { readonly kind: 'loaded'; readonly records: TableRecords }
  | { readonly kind: 'committed' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly error: PlainError };

/** A MesoError without its class, which does not survive the copy. */
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
