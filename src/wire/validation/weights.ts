/** Weights of roles as they come over the wire. Source: spec pages 03 (3.1) and 05 (5.9). */
import { type Rejection, reject } from '../../base/rejection.js';
import type * as mesos from '../gen/mesos.js';
import { expecting } from './call-shape.js';
import { validateRole } from './roles.js';

/** All or nothing: why one of them is none; `path` is where they are. */
export function validateWeights(infos: readonly mesos.WeightInfo[], path: string): Rejection | undefined {
  for (const { role, weight } of infos) {
    const complaint = role === undefined ? expecting(`${path}.role`) : validateRole(role);
    if (complaint !== undefined) return complaint;
    if (!(weight > 0 && Number.isFinite(weight)))
      return reject('invalid', `Invalid weight '${weight}' of role '${role}': weights must be positive`);
  }
  return undefined;
}
