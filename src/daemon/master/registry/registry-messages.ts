/** What the main thread and the registry worker say to each other; plain data, copied between the threads. */

import type { PlainError } from '../../../base/plain-error.js';
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
