/**
 * An agent process that a test can kill: a containerizer driven by lines of JSON. Run by `node --import tsx`.
 *   argv[2]: JSON of {dir, cgroupsRoot, isolation, cgroupMount?}; stdin: commands; stdout: events.
 */
import { createInterface } from 'node:readline';
import { systemClock } from '../../../src/base/system/clock.js';
import { createLogger } from '../../../src/base/system/logger.js';
import type { ContainerCheckpoint, ContainerSpec } from '../../../src/runtime/containerizer.js';
import { createLinuxContainerizer } from '../../../src/runtime/linux-containerizer.js';

export type Command =
  | { readonly do: 'launch'; readonly spec: ContainerSpec; readonly hang?: boolean | undefined }
  | { readonly do: 'recover'; readonly checkpoints: readonly ContainerCheckpoint[] };

const settings = JSON.parse(process.argv[2] ?? '{}');
const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

const containerizer = await createLinuxContainerizer({
  runtimeDir: `${settings.dir}/runtime`,
  cgroupsRoot: settings.cgroupsRoot,
  cgroupMount: settings.cgroupMount,
  isolation: settings.isolation,
  enableCfs: false,
  pidsLimit: 256,
  switchUser: true,
  maxLogSizeBytes: 1 << 20,
  maxLogFiles: 2,
  events: { onTerminated: (termination) => say({ event: 'terminated', termination }) },
  clock: systemClock,
  logger: createLogger({ name: 'agent', level: 'error' }),
});
say({ event: 'ready', launcherPid: containerizer.launcherPid });

async function handle(command: Command): Promise<void> {
  if (command.do === 'recover') {
    say({ event: 'recovered', recovered: await containerizer.recover(command.checkpoints) });
    return;
  }
  const launched = await containerizer.launch(command.spec, async (checkpoint) => {
    say({ event: 'starting', checkpoint });
    if (command.hang === true) await new Promise(() => undefined);
  });
  say({ event: 'launched', containerId: launched.containerId });
}

for await (const line of createInterface({ input: process.stdin }))
  handle(JSON.parse(line)).catch((error: Error) => say({ event: 'failed', message: error.message }));
await containerizer.close();
