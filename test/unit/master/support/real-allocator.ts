/** The allocator of a real master, for tests of what depends on its order or its roles. */
import type { Allocator } from '../../../../src/offers/allocator/allocator.js';
import { createAllocator } from '../../../../src/offers/allocator/hierarchical-allocator.js';

export function realAllocator(): Allocator {
  return createAllocator({
    seed: 7,
    minAllocatable: [],
    roleSorter: 'drf',
    frameworkSorter: 'drf',
    excludedResourceNames: new Set(),
    filterGpuResources: true,
  });
}
