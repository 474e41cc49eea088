import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import {
  countCpuList,
  detectedValues,
  missingResources,
  offeredDiskMb,
  offeredMemMb,
} from '../../../src/runtime/fingerprint/capacity.js';
import { listedResourceNames } from '../../../src/runtime/fingerprint/resource-names.js';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

describe('what a machine offers', () => {
  it('keeps 1 GB of memory, or half of a small machine', () => {
    expect(offeredMemMb(24 * GIB)).toBe(23 * 1024);
    expect(offeredMemMb(2 * GIB)).toBe(1024);
    expect(offeredMemMb(2 * GIB - MIB)).toBe(1023);
    expect(offeredMemMb(512 * MIB)).toBe(256);
    expect(offeredMemMb(25_276_502_016)).toBe(23_081);
    expect(offeredMemMb(undefined)).toBe(1024);
  });

  it('keeps 5 GB of disk, or half of a small one', () => {
    expect(offeredDiskMb(100 * GIB)).toBe(95 * 1024);
    expect(offeredDiskMb(10 * GIB)).toBe(5 * 1024);
    expect(offeredDiskMb(8 * GIB)).toBe(4 * 1024);
    expect(offeredDiskMb(undefined)).toBe(10 * 1024);
  });

  it('never offers more than there is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (bytes) => {
        for (const offered of [offeredMemMb(bytes), offeredDiskMb(bytes)]) {
          expect(offered).toBeGreaterThanOrEqual(0);
          expect(offered * MIB).toBeLessThanOrEqual(bytes);
          expect(Number.isInteger(offered)).toBe(true);
        }
      }),
    );
  });

  it('fills in only what is not named', () => {
    const capacity = { onlineCpus: 4, memTotalBytes: 8 * GIB, workDirDiskBytes: 20 * GIB };
    expect(missingResources(capacity, new Set())).toBe('cpus:4;mem:7168;disk:15360;ports:[31000-32000]');
    expect(missingResources(capacity, new Set(['mem', 'ports', 'gpus']))).toBe('cpus:4;disk:15360');
    expect(missingResources(capacity, new Set(detectedValues(capacity).keys()))).toBe('');
    expect(missingResources({}, new Set())).toBe('cpus:1;mem:1024;disk:10240;ports:[31000-32000]');
  });

  it.each([
    ['0', 1],
    ['0-1\n', 2],
    ['0-3,8,10-11', 7],
    ['', undefined],
    ['3-1', undefined],
    ['a', undefined],
  ])('counts the cpu list %j as %j', (text, expected) => {
    expect(countCpuList(text)).toBe(expected);
  });
});

describe('listedResourceNames', () => {
  it.each([
    ['', []],
    ['cpus:2', ['cpus']],
    ['cpus:0;mem(role):10; ports : [1-2]', ['cpus', 'mem', 'ports']],
    ['cpus(*):1;cpus(a/b):2', ['cpus']],
    ['[{"name":"disk","type":"SCALAR","scalar":{"value":1}},{"name":"disk"},{"type":"SCALAR"},7]', ['disk']],
  ])('reads %j', (text, names) => {
    const listed = listedResourceNames(text);
    if (isRejection(listed)) throw new Error(listed.message);
    expect([...listed]).toEqual(names);
  });

  it('rejects what only looks like JSON', () => {
    for (const text of ['[', '[{"name":}]']) expect(isRejection(listedResourceNames(text)), text).toBe(true);
  });
});
