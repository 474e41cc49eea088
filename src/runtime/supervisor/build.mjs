// Compiles the supervisor into dist/supervisor/mesoctl-supervisor, statically, so that it starts fast and runs in any
// mount namespace. Does nothing when the program is newer than its sources.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sourceDir = dirname(fileURLToPath(import.meta.url));
const outputDir = join(sourceDir, '../../../dist/supervisor');
const output = join(outputDir, 'mesoctl-supervisor');
const FLAGS = [
  '-std=gnu17',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Wshadow',
  '-fstack-protector-strong',
  '-D_FORTIFY_SOURCE=2',
];

function fail(message) {
  console.error(`supervisor: ${message}`);
  process.exit(1);
}

function findCompiler() {
  const candidates = process.env.CC ? [process.env.CC] : ['cc', 'gcc', 'clang'];
  return candidates.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
}

function isUpToDate(inputs) {
  if (!existsSync(output)) return false;
  const builtMs = statSync(output).mtimeMs;
  return inputs.every((path) => statSync(path).mtimeMs <= builtMs);
}

const files = readdirSync(sourceDir).map((name) => join(sourceDir, name));
const inputs = files.filter((path) => /\.(c|h|mjs)$/.test(path));
if (process.platform !== 'linux') {
  console.log('supervisor: skipped, agents run on Linux only');
} else if (!isUpToDate(inputs)) {
  const compiler = findCompiler();
  if (compiler === undefined)
    fail('no C compiler found. On Debian or Ubuntu: apt-get install gcc libc6-dev linux-libc-dev');
  mkdirSync(outputDir, { recursive: true });
  const temporary = `${output}.${process.pid}`;
  const sources = inputs.filter((path) => path.endsWith('.c'));
  const result = spawnSync(compiler, [...FLAGS, '-static', '-s', '-o', temporary, ...sources], { stdio: 'inherit' });
  if (result.status !== 0) {
    rmSync(temporary, { force: true });
    fail('it does not compile. On Debian or Ubuntu it needs: apt-get install gcc libc6-dev linux-libc-dev');
  }
  renameSync(temporary, output);
}
