/**
 * Are what was reserved and created on this agent still parts of what it is configured with? If not it does not start:
 * it would lose volumes with their data, or promise what it does not have. Pure. Source: spec pages 05 (5.6) and 08 (8.2).
 */
import { MesoError } from '../../../base/error.js';
import { isRejection } from '../../../base/rejection.js';
import { applyCheckpointed } from '../../../offers/resources/checkpointed.js';
import { Resources } from '../../../offers/resources/resources.js';
import type * as mesos from '../../../wire/gen/mesos.js';

/** Throws REFUSED and says what to do. */
export function requireCheckpointed(
  configured: readonly mesos.Resource[],
  checkpointed: readonly mesos.Resource[],
  checkpointDir: string,
): void {
  const found = applyCheckpointed(Resources.of(configured), Resources.of(checkpointed));
  if (!isRejection(found)) return;
  throw new MesoError(
    'REFUSED',
    `--resources no longer hold what is reserved or created on this agent:\n  ${found.message}`,
    {
      details: { checkpointed: Resources.of(checkpointed).toString() },
      suggestions: [
        'start it with --resources of the last time, or larger ones',
        'then unreserve the resources and destroy the volumes that are to go, and change --resources after that',
        `rm -r ${checkpointDir}, to forget reservations, volumes and agent id: running tasks are killed, directories of volumes stay`,
      ],
    },
  );
}
