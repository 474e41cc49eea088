import type { Resources } from '../../../../offers/resources/resources.js';
import type { Context } from '../machine/context.js';
import type { AgentRecord } from '../model/agent.js';
import type { FrameworkRecord } from '../model/framework.js';

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
}
