import { Resources } from '../../../../offers/resources/resources.js';
import type { Context } from '../machine/context.js';
import type { AgentRecord } from '../model/agent.js';
import type { FrameworkRecord } from '../model/framework.js';
import { addUse } from '../tasks/tasks.js';
import type { TaskPreparation } from '../validation/preparation.js';

/** What the operations of one ACCEPT work on. */
export interface AcceptScope {
  readonly context: Context;
  readonly framework: FrameworkRecord;
  readonly agent: AgentRecord;
  /** Allocation role of the offers. */
  readonly role: string;
  /** Sum of the offers, with the conversions of earlier operations. */
  offered: Resources;
  /** What earlier operations left of it. */
  remaining: Resources;
  /** Volumes that were resized: they go back, and no later operation may use them. */
  withheld: Resources;
  readonly preparation: TaskPreparation;
  /** What launches took of the offers and is still to be told to the allocator. */
  paid: Resources[];
  /** What tasks use that is still to be entered in the books of their holding. */
  used: Resources[];
}

/**
 * Enters what the launches so far have taken, all of it at once: it costs as much as for one task. Nothing between two launches
 * looks at these sums; whatever else does comes after this.
 */
export function settleLaunches(scope: AcceptScope): void {
  const { context, framework, agent, paid, used } = scope;
  scope.paid = [];
  scope.used = [];
  if (paid.length > 0) context.allocator.transitionOfferedToAllocated(agent.id, Resources.sum(paid));
  if (used.length > 0) addUse(framework, agent, Resources.sum(used));
}
