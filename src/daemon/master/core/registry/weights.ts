/**
 * Weights of roles: UPDATE_WEIGHTS goes to the registry first and counts from its answer on (spec pages 03 and 07). Then all
 * outstanding offers are rescinded, as in Mesos, if a weight is another one than before and anybody takes part in its role:
 * it changes everybody's share. What was rescinded is offered by the new weights at the next allocation interval.
 */
import { reject } from '../../../../base/rejection.js';
import { parentRole } from '../../../../offers/resources/roles.js';
import type * as mesos from '../../../../wire/gen/mesos.js';
import type { Context } from '../machine/context.js';
import { rescindOffer } from '../offers/offer-book.js';
import type { RegistryState, RequestId } from '../protocol.js';
import { touchSums } from '../watchers/usage.js';
import { unlistedComplaint } from './listed-roles.js';

const DEFAULT_WEIGHT = 1;

type Weights = ReadonlyMap<string, number>;

/** The registry's word counts; --weights only founds it (spec page 07, section 7.3). */
export function recoverWeights(context: Context, registered: RegistryState['weights']): void {
  const given = new Map(Object.entries(context.config.weights));
  applyWeights(context, registered);
  if (given.size === 0) return;
  if (registered.size === 0) foundWeights(context, given);
  else if (changesOf(context, given).size > 0)
    context.outbox.log('warn', '--weights are ignored: the registry has other ones, change them by UPDATE_WEIGHTS', {
      weights: Object.fromEntries(registered),
    });
}

function foundWeights(context: Context, given: Weights): void {
  context.registry.propose({ update_weights: { weight_infos: infosOf(given) } }, (result) => {
    if (result.ok) applyWeights(context, given);
    else context.outbox.log('error', 'registry refused --weights', { reason: result.message });
  });
}

/** `infos` were validated: role names, weights above 0. If a role is there twice, its last weight counts. */
export function updateWeights(context: Context, requestId: RequestId, infos: readonly mesos.WeightInfo[]): void {
  const weights = new Map(infos.map(({ role = '', weight }) => [role, weight]));
  const unlisted = unlistedComplaint(context, weights.keys());
  if (unlisted !== undefined) {
    context.outbox.refuse(requestId, 400, unlisted);
    return;
  }
  if (weights.size === 0) {
    context.outbox.respond(requestId, 200);
    return;
  }
  context.registry.propose({ update_weights: { weight_infos: infosOf(weights) } }, (result) => {
    if (!result.ok) {
      context.outbox.refuse(requestId, 409, reject('conflict', `the registry refused: ${result.message}`));
      return;
    }
    const rescinds = isAnyInUse(context, changesOf(context, weights));
    applyWeights(context, weights);
    context.outbox.log('info', 'weights changed', { roles: weights.size });
    if (rescinds) context.jobs.add(rescindAll(context));
    context.outbox.respond(requestId, 200);
  });
}

/** Adds to what is known; the registry has them already. */
function applyWeights(context: Context, weights: Weights): void {
  for (const [role, weight] of weights) context.state.weights.set(role, weight);
  context.allocator.updateWeights(weights);
  touchSums(context);
}

function infosOf(weights: Weights): mesos.WeightInfo[] {
  return Array.from(weights, ([role, weight]) => ({ role, weight }));
}

/** The roles that have another weight now. */
function changesOf({ state }: Context, weights: Weights): ReadonlySet<string> {
  const changed = [...weights].filter(([role, weight]) => (state.weights.get(role) ?? DEFAULT_WEIGHT) !== weight);
  return new Set(changed.map(([role]) => role));
}

/** A framework takes part in its roles and in all above them. */
function isAnyInUse({ state }: Context, roles: ReadonlySet<string>): boolean {
  for (const framework of state.frameworks.values())
    for (const own of framework.roles)
      for (let role: string | undefined = own; role !== undefined; role = parentRole(role))
        if (roles.has(role)) return true;
  return false;
}

/** Those of now; what is made meanwhile follows the new weights. */
function* rescindAll(context: Context): Generator<void, void> {
  const { offers } = context.state;
  for (const offer of [...offers.values()]) {
    if (offers.get(offer.id) === offer) rescindOffer(context, offer);
    yield;
  }
}
