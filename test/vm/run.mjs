// The guest tier: builds, then runs guest-suite.mjs in one boot of a machine with a pure cgroup v2 tree (guest.sh). The
// suite's closing line passes through; a machine that cannot run guests gives one skip that says why.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectRoot } from '../harness/process.mjs';

const here = dirname(fileURLToPath(import.meta.url));
/** guest.sh: this machine cannot run guests. */
const UNABLE = 77;
const GUEST_SECONDS = 1800;

function run(command, args) {
  return spawnSync(command, args, { cwd: projectRoot, stdio: 'inherit' });
}

function main() {
  const built = run(process.execPath, [join(projectRoot, 'tools/build.mjs')]);
  if (built.status !== 0) return fail('the build failed');
  const guest = join(here, 'guest.sh');
  const prepared = run(guest, ['--setup']);
  if (prepared.status === UNABLE) {
    console.log('skipped: the guest suite (the reason is above)');
    console.log('0 passed, 0 failed, 1 skipped');
    return 0;
  }
  if (prepared.status !== 0) return fail('the guest could not be prepared');
  const suite = [process.execPath, join(here, 'guest-suite.mjs'), ...process.argv.slice(2)];
  const ran = run(guest, ['-t', String(GUEST_SECONDS), '--', ...suite]);
  if (ran.status === 124 || ran.status === 125) return fail('the guest did not finish the suite');
  return ran.status ?? 1;
}

function fail(reason) {
  console.log(`failed: ${reason}`);
  console.log('0 passed, 1 failed, 0 skipped');
  return 1;
}

process.exitCode = main();
