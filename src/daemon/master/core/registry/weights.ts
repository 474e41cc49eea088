/**
 * Weights of roles: UPDATE_WEIGHTS goes to the registry first and counts from its answer on (spec pages 03 and 07). Then
 * outstanding offers are rescinded if anybody takes part in one of the roles, so that the next allocation can follow the
 * new weights; as in Mesos, all of them, since a weight changes everybody's share.
 */
import { reject } from '../../../../base/rejection.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { Context } from '../machine/context.js';
import { rescindOffer } from '../offers/offer-book.js';
import type { RequestId } from '../protocol.js';

/** Adds to what is known; the registry has them already. */
export function applyWeights(context: Context, weights: ReadonlyMap<string, number>): void {
  for (const [role, weight] of weights) context.state.weights.set(role, weight);
  context.allocator.updateWeights(context.state.weights);
}

/** `infos` were validated: role names, weights above 0. */
export function updateWeights(context: Context, requestId: RequestId, infos: readonly mesos.WeightInfo[]): void {
  const { roles } = context.config;
  const unknown =
    roles === undefined ? undefined : infos.find(({ role = '' }) => role !== '*' && !roles.includes(role));
  if (unknown !== undefined) {
    context.outbox.refuse(
      requestId,
      400,
      reject('invalid', `Unknown role '${unknown.role}': --roles does not list it`),
    );
    return;
  }
  if (infos.length === 0) {
    context.outbox.respond(requestId, 200);
    return;
  }
  context.registry.propose({ update_weights: { weight_infos: [...infos] } }, (result) => {
    if (!result.ok) {
      context.outbox.refuse(requestId, 409, reject('conflict', `the registry refused: ${result.message}`));
      return;
    }
    const weights = new Map(infos.map(({ role = '', weight }) => [role, weight]));
    applyWeights(context, weights);
    context.outbox.log('info', 'weights changed', { weights: Object.fromEntries(weights) });
    if (isAnyRoleInUse(context, weights)) rescindAll(context);
    context.outbox.respond(requestId, 200);
  });
}

function isAnyRoleInUse(context: Context, weights: ReadonlyMap<string, number>): boolean {
  for (const framework of context.state.frameworks.values())
    for (const role of framework.roles)
      for (const changed of weights.keys()) if (role === changed || role.startsWith(`${changed}/`)) return true;
  return false;
}

function rescindAll(context: Context): void {
  for (const offer of [...context.state.offers.values()]) rescindOffer(context, offer);
  context.allocation.requestNow(context.now.monotonicMs, 'all');
}
