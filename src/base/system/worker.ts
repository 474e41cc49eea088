/**
 * Starts worker threads in both worlds: compiled (.js beside .js) and from TypeScript sources under the test runner,
 * where Node itself could not load the worker's file.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** `moduleUrl`: `import.meta.url` of the caller; `name`: the worker's file beside it, without extension. */
export function openWorker(moduleUrl: string, name: string, options: WorkerOptions = {}): Worker {
  if (!moduleUrl.endsWith('.ts')) return new Worker(new URL(`./${name}.js`, moduleUrl), options);
  // Only ever taken from sources, where the development dependencies are there. A loader given by `--import` does not
  // reach worker threads in Node 20, so the thread registers it itself before it loads its file.
  const loader = pathToFileURL(
    createRequire(moduleUrl)
      .resolve('tsx/esm/api')
      .replace(/\.cjs$/, '.mjs'),
  ).href;
  const file = new URL(`./${name}.ts`, moduleUrl).href;
  const bootstrap = `import('${loader}').then((tsx) => { tsx.register(); return import('${file}'); })`;
  return new Worker(bootstrap, { ...options, eval: true });
}
