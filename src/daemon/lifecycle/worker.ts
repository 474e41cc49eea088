/**
 * Starts worker threads in both worlds: compiled (.js beside .js) and from TypeScript sources under the test runner,
 * where Node itself could not load the worker's file.
 */
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** `moduleUrl`: `import.meta.url` of the caller; `name`: the worker's file beside it, without extension. */
export function openWorker(moduleUrl: string, name: string, options: WorkerOptions = {}): Worker {
  if (!moduleUrl.endsWith('.ts')) return new Worker(new URL(`./${name}.js`, moduleUrl), options);
  // Only ever taken from sources, where the development dependencies are there.
  return new Worker(new URL(`./${name}.ts`, moduleUrl), { ...options, execArgv: ['--import', 'tsx'] });
}
