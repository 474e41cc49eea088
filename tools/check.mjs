// `npm run check`: everything that a machine can hold against the source. Runs all parts, then fails if one did.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name) => join(root, 'node_modules/.bin', name);

const PARTS = [
  ['generated wire types', process.execPath, ['tools/gen-wire.mjs', '--check']],
  ['manual pages', process.execPath, ['--import', 'tsx', 'tools/gen-man.mjs', '--check']],
  ['format and lint', bin('biome'), ['check', '--error-on-warnings', '.']],
  ['types', bin('tsc'), ['-p', 'tsconfig.test.json']],
  [
    'typed lint and core purity',
    bin('eslint'),
    ['src', 'test', 'examples', '--max-warnings', '0', '--no-error-on-unmatched-pattern'],
  ],
  ['import direction', bin('depcruise'), ['src', '--config', '.dependency-cruiser.cjs']],
  ['dead code', bin('knip'), ['--no-progress']],
  ['tidy', process.execPath, ['tools/tidy.mjs']],
];

const only = process.argv.slice(2);
const failed = [];
for (const [name, command, args] of PARTS) {
  if (only.length > 0 && !only.some((word) => name.includes(word))) continue;
  const started = performance.now();
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`check: ${name}: ${result.status === 0 ? 'ok' : 'FAILED'} (${seconds} s)`);
  if (result.status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`check: failed: ${failed.join(', ')}`);
  process.exit(1);
}
