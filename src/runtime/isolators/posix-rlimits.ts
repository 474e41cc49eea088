/** posix/rlimits: resource limits that the task asks for in ContainerInfo.rlimit_info; a limit without numbers is none. */

import { MesoError } from '../../base/error.js';
import type * as mesos from '../../wire/gen/mesos.js';
import type { Int64 } from '../../wire/int64.js';
import type { Rlimit } from '../launcher/launch-plan.js';
import { type Isolator, isolator } from './isolator.js';

/** Numbers of the generic Linux ABI, setrlimit(2). */
const RESOURCE_OF_TYPE: Readonly<Partial<Record<mesos.RLimitInfo_RLimit_Type, number>>> = {
  RLMT_CPU: 0,
  RLMT_FSIZE: 1,
  RLMT_DATA: 2,
  RLMT_STACK: 3,
  RLMT_CORE: 4,
  RLMT_RSS: 5,
  RLMT_NPROC: 6,
  RLMT_NOFILE: 7,
  RLMT_MEMLOCK: 8,
  RLMT_AS: 9,
  RLMT_LOCKS: 10,
  RLMT_SIGPENDING: 11,
  RLMT_MSGQUEUE: 12,
  RLMT_NICE: 13,
  RLMT_RTPRIO: 14,
  RLMT_RTTIME: 15,
};
const NO_LIMIT = 0xffff_ffff_ffff_ffffn;

export function posixRlimits(): Isolator {
  return isolator('posix/rlimits', {
    prepare: (spec) => {
      try {
        return Promise.resolve({ rlimits: (spec.containerInfo?.rlimit_info?.rlimits ?? []).map(parseRlimit) });
      } catch (error) {
        return Promise.reject(error);
      }
    },
  });
}

function parseRlimit({ type, soft, hard }: mesos.RLimitInfo_RLimit): Rlimit {
  const resource = type === undefined ? undefined : RESOURCE_OF_TYPE[type];
  if (resource === undefined)
    throw new MesoError('LAUNCH_FAILED', `unknown resource limit ${type ?? ''} in rlimit_info`);
  if ((soft === undefined) !== (hard === undefined))
    throw new MesoError('LAUNCH_FAILED', `the resource limit ${type} needs both soft and hard, or neither`);
  return { resource, soft: toBigint(soft), hard: toBigint(hard) };
}

function toBigint(value: Int64 | undefined): bigint {
  return value === undefined ? NO_LIMIT : BigInt(value);
}
