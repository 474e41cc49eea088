import type * as api from '../../../../src/wire/gen/mesoctl-api.js';

/** A master as SUBSCRIBED introduces it. */
export const info: api.Response_Info = {
  cluster_id: '9d4b1c2e-0000-4000-8000-000000000001',
  term: 14,
  master_info: { id: 'm2', ip: 0x0100000a, port: 5050, hostname: 'm2' },
  api_version: 1,
  cluster_name: 'prod',
};
