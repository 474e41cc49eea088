/**
 * An outstanding inverse offer: the framework is asked to leave an agent before its maintenance. In the books of its framework,
 * its agent and the allocator until it is answered or taken back; a framework has one at most for each agent.
 */
import type { TimerHandle } from '../../../../base/timers.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { InverseOfferView } from '../view.js';

export class InverseOfferRecord implements InverseOfferView {
  timeout: TimerHandle | undefined;

  constructor(
    readonly id: string,
    readonly frameworkId: string,
    readonly agentId: string,
    readonly message: mesos.InverseOffer,
  ) {}
}
