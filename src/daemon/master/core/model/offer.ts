/** An outstanding offer: in the books of its framework, its agent and the allocator until it is removed. */
import type { TimerHandle } from '../../../../base/timers.js';
import type { Resources } from '../../../../offers/resources.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { OfferView } from '../view.js';

export class OfferRecord implements OfferView {
  timeout: TimerHandle | undefined;

  constructor(
    readonly id: string,
    readonly frameworkId: string,
    readonly agentId: string,
    readonly role: string,
    /** Post-refinement, tagged with allocation_info. */
    readonly resources: Resources,
    readonly message: mesos.Offer,
  ) {}
}
