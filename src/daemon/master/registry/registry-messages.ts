/** What the main thread and the registry worker say to each other; plain data, copied between the threads. */
import { MesoError, type MesoErrorCode, messageOf } from '../../../base/error.js';
import type * as registry from '../../../wire/gen/mesoctl-registry.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type { RegistryResult } from '../core/protocol.js';
import type { Leadership } from './registry.js';

export interface RegistryWorkerData {
  readonly workDir: string;
  readonly newClusterId: string;
}

/** Answered in order, one answer each. */
export type RegistryRequest =
  | { readonly kind: 'lead'; readonly masterInfo: mesos.MasterInfo; readonly stampedAtMs: number }
  /** One transaction. */
  | { readonly kind: 'commit'; readonly operations: readonly registry.Operation[]; readonly stampedAtMs: number }
  | { readonly kind: 'close' };

export type RegistryReply =
  | { readonly kind: 'led'; readonly leadership: Leadership }
  | { readonly kind: 'committed'; readonly results: readonly RegistryResult[] }
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
