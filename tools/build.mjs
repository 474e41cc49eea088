// Builds everything a checkout needs to run: TypeScript to dist/, the supervisor, the oclif manifest.
// Runs at `npm install` (prepare). Must never need the network.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function run(what, command, args) {
  // oclif would ask the registry for a newer oclif.
  const env = { ...process.env, OCLIF_SKIP_NEW_VERSION_CHECK: 'true' };
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env });
  if (result.status === 0) return;
  console.error(`build: ${what} failed (${result.error?.message ?? `exit status ${result.status ?? result.signal}`})`);
  process.exit(1);
}

/** One file in the place of the module that imports oclif. Of compilers, which oclif looks for, none is taken in. */
function bundleOclif() {
  const globals = [
    `import { createRequire } from 'node:module';`,
    `import { dirname as directoryOf } from 'node:path';`,
    `import { fileURLToPath as pathOf } from 'node:url';`,
    `const require = createRequire(import.meta.url);`,
    `const __filename = pathOf(import.meta.url);`,
    `const __dirname = directoryOf(__filename);`,
  ];
  buildSync({
    entryPoints: [join(root, 'src/cli/oclif.ts')],
    outfile: join(root, 'dist/cli/oclif.js'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['typescript', 'tsx', 'ts-node'],
    banner: { js: globals.join('\n') },
    logLevel: 'warning',
  });
}

mkdirSync(join(root, 'dist'), { recursive: true });
run('typescript', process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.json']);
bundleOclif();
if (process.platform === 'linux' && existsSync(join(root, 'src/runtime/supervisor/supervisor.c')))
  run('the supervisor (needs a C compiler: apt-get install gcc libc6-dev)', process.execPath, [
    join(root, 'src/runtime/supervisor/build.mjs'),
  ]);
if (existsSync(join(root, 'dist/commands')))
  run('the oclif manifest', process.execPath, [join(root, 'node_modules/oclif/bin/run.js'), 'manifest']);
