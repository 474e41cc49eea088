// What only a machine with cgroup v2 controllers can show, in one boot: limits hold, the kernel's verdicts are reported
// with their numbers, nothing outlives a task, everything outlives an agent. Run by run.mjs inside the guest.
import { Tier } from '../harness/tier.mjs';
import { addContainerizerCases } from './containerizer-cases.mjs';
import { addDaemonCases } from './daemon-cases.mjs';

const tier = new Tier('guest');
const closers = [addContainerizerCases(tier), addDaemonCases(tier)];
await tier.run(async () => {
  for (const close of closers) await close();
});
