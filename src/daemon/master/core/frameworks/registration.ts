/**
 * What the registry holds of a framework: its info, and since when it is away. A subscription waits for it; the time of
 * a disconnection is written afterwards, and only by a living leader: a framework whose leader died was connected
 * (architecture, section 4).
 */
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { Context } from '../machine/context.js';
import { sameMessage } from '../model/equality.js';
import type { FrameworkRecord } from '../model/framework.js';
import { timeInfo } from '../snapshot.js';

export function frameworkTurn(frameworkId: string): string {
  return `framework/${frameworkId}`;
}

/** Makes the registry hold `info` as connected; `then` gets the registry's objection, if it has one. */
export function recordFramework(
  context: Context,
  frameworkId: string,
  info: mesos.FrameworkInfo,
  then: (objection: string | undefined) => void,
): void {
  const { registeredFrameworks } = context.state;
  const known = registeredFrameworks.get(frameworkId);
  if (known !== undefined && !known.disconnected && sameMessage(known.info, info)) {
    then(undefined);
    return;
  }
  const operation =
    known === undefined
      ? { admit_framework: { framework_info: info } }
      : { update_framework: { framework_info: info } };
  context.registry.propose(operation, (result) => {
    if (result.ok) registeredFrameworks.set(frameworkId, { info, disconnected: false });
    then(result.ok ? undefined : result.message);
  });
}

/** Writes down since when the framework is away, unless it is back by the time it is its turn. */
export function recordDisconnection(context: Context, framework: FrameworkRecord): void {
  const disconnectedAt = timeInfo(context.now.unixMs);
  context.turns.take(frameworkTurn(framework.id), (done) => {
    const known = context.state.registeredFrameworks.get(framework.id);
    if (known === undefined || framework.connected || framework.removing) {
      done();
      return;
    }
    const operation = {
      disconnect_framework: { framework_id: { value: framework.id }, disconnected_at: disconnectedAt },
    };
    context.registry.propose(operation, (result) => {
      if (result.ok) context.state.registeredFrameworks.set(framework.id, { info: known.info, disconnected: true });
      else
        context.outbox.log('error', 'registry refused a disconnection', {
          frameworkId: framework.id,
          reason: result.message,
        });
      done();
    });
  });
}
