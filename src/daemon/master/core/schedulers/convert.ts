/**
 * RESERVE, UNRESERVE, CREATE, DESTROY, GROW_VOLUME and SHRINK_VOLUME in an ACCEPT: speculative, that is, the books have the effect
 * at once and later operations of the ACCEPT may use it, while the agent is still to carry it out. The effect of a resize cannot be
 * used before it is offered again. An operation that is refused changes nothing. Source: spec page 01, ACCEPT.
 */
import { isRejection, type Rejection, reject } from '../../../../base/rejection.js';
import { applyConversion, type Conversion } from '../../../../offers/resources/operations.js';
import { Resources } from '../../../../offers/resources/resources.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import { rescindOffer } from '../offers/offer-book.js';
import { startOperation } from '../operations/book.js';
import { convertTotal } from '../operations/totals.js';
import { admittedConversion } from '../validation/operation.js';
import { preparedOperation } from '../validation/preparation.js';
import type { AcceptScope } from './accept-scope.js';
import { refuseOperation } from './operation-feedback.js';

export function convertOffered(scope: AcceptScope, operation: mesos.Offer_Operation): void {
  const { context, framework, agent } = scope;
  const info = preparedOperation(operation, scope.role);
  const conversion = isRejection(info) ? info : paidConversion(scope, info);
  if (isRejection(info) || isRejection(conversion)) {
    refuseOperation(context, framework, operation, rejectionOf(info, conversion).message);
    return;
  }
  const { consumed, converted } = conversion;
  const isResize = operation.type === 'GROW_VOLUME' || operation.type === 'SHRINK_VOLUME';
  const rest = scope.remaining.subtract(consumed);
  scope.remaining = isResize ? rest : rest.add(converted);
  if (isResize) scope.withheld = scope.withheld.add(converted);
  scope.offered = scope.offered.subtract(consumed).add(converted);
  rescindSharers(scope, consumed);
  context.allocator.updateAllocation(framework.id, agent.id, consumed, converted);
  convertTotal(context, agent, consumed, converted);
  startOperation(context, agent, framework, info);
}

function rejectionOf(...outcomes: readonly unknown[]): Rejection {
  return outcomes.find(isRejection) ?? reject('invalid', 'it cannot be carried out');
}

/** Admitted, and covered by what the offers still hold. */
function paidConversion(scope: AcceptScope, info: mesos.Offer_Operation): Conversion | Rejection {
  const { context, framework, agent, remaining } = scope;
  const { principal } = framework.info;
  const conversion = admittedConversion({ agent, framework, principal, roles: context.config.roles }, info);
  if (isRejection(conversion)) return conversion;
  const after = applyConversion(remaining, conversion);
  if (isRejection(after)) return reject('conflict', `the offers do not hold what it needs: ${after.message}`);
  const { consumed, converted } = conversion;
  return info.type === 'DESTROY' ? { consumed: allCopies(remaining, consumed), converted } : conversion;
}

/** A shared volume may have been offered several times; all of them go with it. */
function allCopies(remaining: Resources, volumes: Resources): Resources {
  if (!volumes.hasShared) return volumes;
  const keys = sharedKeys(volumes);
  return Resources.sum([volumes.nonShared(), remaining.filter(({ kind }) => kind.shared && keys.has(kind.key))]);
}

/** Nobody else may still accept a shared volume that is destroyed. */
function rescindSharers({ context, agent }: AcceptScope, consumed: Resources): void {
  if (!consumed.hasShared) return;
  const keys = sharedKeys(consumed);
  for (const offer of [...agent.offers.values()])
    if (offer.resources.shared().entries.some(({ kind }) => keys.has(kind.key))) rescindOffer(context, offer);
}

function sharedKeys(resources: Resources): ReadonlySet<string> {
  return new Set(resources.shared().entries.map(({ kind }) => kind.key));
}
