/** Where a registry lies below the work directory of its master. */
import { join } from 'node:path';

export function registryDirectory(workDir: string): string {
  return join(workDir, 'registry');
}

export function registryFile(workDir: string): string {
  return join(registryDirectory(workDir), 'registry.sqlite');
}
