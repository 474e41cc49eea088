// `npm test`: every tier that needs no special machine, in one vitest run, and one closing line `N passed, N failed,
// N skipped` that programs can read. Fails when a test failed, when a file could not be loaded, and when nothing ran.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const scratch = mkdtempSync(join(tmpdir(), 'mesoctl-test-'));
const reportPath = join(scratch, 'report.json');

function build() {
  const result = spawnSync(process.execPath, [join(root, 'tools/build.mjs')], { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

function summary(report) {
  const skipped = report.numPendingTests + (report.numTodoTests ?? 0);
  // A file that cannot be loaded has no tests to count, yet it is a failure.
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  );
  for (const file of report.testResults)
    for (const test of file.assertionResults)
      if (test.status === 'pending' || test.status === 'skipped') console.log(`skipped: ${test.fullName}`);
  return { passed: report.numPassedTests, failed: report.numFailedTests + brokenFiles.length, skipped };
}

build();
const run = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportPath}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
);
let counts = { passed: 0, failed: 1, skipped: 0 };
try {
  counts = summary(JSON.parse(readFileSync(reportPath, 'utf8')));
} catch (error) {
  console.error(`the test runner wrote no report: ${error.message}`);
}
rmSync(scratch, { recursive: true, force: true });
if (counts.passed + counts.failed === 0) {
  console.error('no test ran');
  counts.failed = 1;
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 || run.status !== 0 ? 1 : 0;
