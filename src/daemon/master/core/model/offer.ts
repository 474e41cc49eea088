/** An outstanding offer: in the books of its framework, its agent and the allocator until it is removed. */
import type { TimerHandle } from '../../../../base/timers.js';
import type { Resources } from '../../../../offers/resources/resources.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { OfferView } from '../view.js';

export class OfferRecord implements OfferView {
  timeout: TimerHandle | undefined;
  /** When it is looked at whether the framework sits on it; see offers/held-offers.ts. */
  holdCheck: TimerHandle | undefined;
  holdCheckAtUnixMs: number | undefined;

  readonly id: string;
  readonly frameworkId: string;
  readonly agentId: string;
  readonly role: string;
  /** Post-refinement, tagged with allocation_info. */
  readonly resources: Resources;
  readonly message: mesos.Offer;

  constructor(
    facts: Pick<OfferView, 'id' | 'frameworkId' | 'agentId' | 'role' | 'resources' | 'message'>,
    readonly madeAtUnixMs: number,
    readonly expiresAtUnixMs: number | undefined,
  ) {
    this.id = facts.id;
    this.frameworkId = facts.frameworkId;
    this.agentId = facts.agentId;
    this.role = facts.role;
    this.resources = facts.resources;
    this.message = facts.message;
  }
}
