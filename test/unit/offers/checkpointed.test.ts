import { expect, test } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import { applyCheckpointed, checkpointedOf } from '../../../src/offers/resources/checkpointed.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';

const STATIC = { type: 'STATIC' as const, role: 'eng' };
const REFINED = { type: 'DYNAMIC' as const, role: 'eng/web' };

function disk(value: number, more: Partial<mesos.Resource> = {}): mesos.Resource {
  return { name: 'disk', type: 'SCALAR', scalar: { value }, ...more };
}

const PATH = { source: { type: 'PATH' as const, path: { root: '/d' } } };
const CONFIGURED = [disk(100), disk(50, { reservations: [STATIC] }), disk(80, { disk: PATH })];
const volume = disk(30, {
  reservations: [REFINED],
  disk: { ...PATH, persistence: { id: 'v' }, volume: { container_path: 'c', mode: 'RW' } },
  shared: {},
});
const CHECKPOINTED = [disk(20, { reservations: [STATIC, REFINED] }), volume];
const TOTAL = [
  disk(100),
  disk(30, { reservations: [STATIC] }),
  disk(20, { reservations: [STATIC, REFINED] }),
  disk(50, { disk: PATH }),
  volume,
];

test('what was made at run time is told apart from what is configured, and laid over it again', () => {
  const total = Resources.of(TOTAL);
  expect(checkpointedOf(total).equals(Resources.of(CHECKPOINTED))).toBe(true);
  const applied = applyCheckpointed(Resources.of(CONFIGURED), Resources.of(CHECKPOINTED));
  expect(isRejection(applied) ? applied.message : applied.equals(total)).toBe(true);
  expect(checkpointedOf(Resources.of(CONFIGURED)).isEmpty).toBe(true);
});

test.each([
  ['less of the disk', [disk(100), disk(50, { reservations: [STATIC] }), disk(29, { disk: PATH })]],
  ['less of the static reservation', [disk(100), disk(19, { reservations: [STATIC] }), disk(80, { disk: PATH })]],
  ['nothing', []],
])('%s does not hold it', (_, configured) => {
  expect(applyCheckpointed(Resources.of(configured), Resources.of(CHECKPOINTED))).toMatchObject({ code: 'conflict' });
});
