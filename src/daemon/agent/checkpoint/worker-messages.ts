/** What the main thread and the checkpoint worker say to each other; plain data, copied between the threads. */

import type { PlainError } from '../../../base/plain-error.js';
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
