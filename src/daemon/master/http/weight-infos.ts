/** The weights that were ever set, as the APIs show them; every other role weighs 1. */
import type * as mesos from '../../../wire/gen/mesos.js';
import type { MasterSite } from './site.js';

export function weightInfos(site: MasterSite): mesos.WeightInfo[] {
  return Array.from(site.view().weights, ([role, weight]) => ({ role, weight }));
}
