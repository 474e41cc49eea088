/**
 * Changes of the registry that were asked for and not answered yet. What depends on one runs in `onApplied`, so nothing
 * uncommitted is ever visible (architecture, section 4).
 */
import { assert, present } from '../../../../base/assert.js';
import type * as registry from '../../../../wire/gen/mesoctl-registry.js';
import type { RegistryResult } from '../protocol.js';
import type { Outbox } from './outbox.js';

type OnApplied = (results: readonly RegistryResult[]) => void;

export class Proposals {
  readonly #outbox: Outbox;
  readonly #open = new Map<number, { readonly count: number; readonly onApplied: OnApplied }>();
  #nextId = 1;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** Proposes in one entry; `onApplied` gets one result for each operation. */
  proposeAll(operations: readonly registry.Operation[], onApplied: OnApplied): void {
    assert(operations.length > 0, 'a proposal has operations');
    const proposalId = this.#nextId++;
    this.#open.set(proposalId, { count: operations.length, onApplied });
    this.#outbox.push({ type: 'persist', kind: 'propose', proposalId, operations });
  }

  propose(operation: registry.Operation, onApplied: (result: RegistryResult) => void): void {
    this.proposeAll([operation], ([result]) => onApplied(present(result, 'one result for each operation')));
  }

  applied(proposalId: number, results: readonly RegistryResult[]): void {
    const proposal = present(this.#open.get(proposalId), 'a proposal is answered once');
    assert(results.length === proposal.count, 'one result for each operation');
    this.#open.delete(proposalId);
    proposal.onApplied(results);
  }
}
