/** Operations as tests write them. */
import type * as mesos from '../../../src/wire/gen/mesos.js';

export const reserve = (...resources: mesos.Resource[]): mesos.Offer_Operation => ({
  type: 'RESERVE',
  reserve: { resources },
});
export const reserveFrom = (source: mesos.Resource[], resources: mesos.Resource[]): mesos.Offer_Operation => ({
  type: 'RESERVE',
  reserve: { source, resources },
});
export const unreserve = (...resources: mesos.Resource[]): mesos.Offer_Operation => ({
  type: 'UNRESERVE',
  unreserve: { resources },
});
export const create = (...volumes: mesos.Resource[]): mesos.Offer_Operation => ({
  type: 'CREATE',
  create: { volumes },
});
export const destroy = (...volumes: mesos.Resource[]): mesos.Offer_Operation => ({
  type: 'DESTROY',
  destroy: { volumes },
});
export const grow = (of: mesos.Resource, addition: mesos.Resource): mesos.Offer_Operation => ({
  type: 'GROW_VOLUME',
  grow_volume: { volume: of, addition },
});
export const shrink = (of: mesos.Resource, value: number): mesos.Offer_Operation => ({
  type: 'SHRINK_VOLUME',
  shrink_volume: { volume: of, subtract: { value } },
});
