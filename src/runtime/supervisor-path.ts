/** Where `npm run build` puts the compiled supervisor: dist/supervisor below the package, from source and from dist alike. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MesoError } from '../base/error.js';

/** Throws SUPERVISOR_MISSING when it was never compiled. */
export function getSupervisorPath(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const path = join(here, '../../dist/supervisor/mesoctl-supervisor');
  if (existsSync(path)) return path;
  throw new MesoError('SUPERVISOR_MISSING', `the supervisor was not compiled: ${path} is missing`, {
    suggestions: ['apt-get install gcc libc6-dev', 'npm run build'],
  });
}
