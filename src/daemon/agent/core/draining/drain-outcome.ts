/** What a kill is called while the agent drains. Pure. Source: spec page 07, section 7.8. */
import type * as mesos from '../../../../wire/gen/mesos.js';
import { hasCapability } from '../model/framework.js';
import type { Outcome } from '../tasks/ending.js';

/** Other ends than kills pass unchanged. */
export function outcomeWhileDraining(
  outcome: Outcome,
  config: mesos.DrainConfig,
  framework: mesos.FrameworkInfo | undefined,
): Outcome {
  if (outcome.state !== 'TASK_KILLED' && outcome.state !== 'TASK_KILLING') return outcome;
  const because: Outcome = { ...outcome, reason: 'REASON_AGENT_DRAINING' };
  const isGone =
    outcome.state === 'TASK_KILLED' &&
    config.mark_gone === true &&
    framework !== undefined &&
    hasCapability(framework, 'PARTITION_AWARE');
  return isGone ? { ...because, state: 'TASK_GONE_BY_OPERATOR' } : because;
}
