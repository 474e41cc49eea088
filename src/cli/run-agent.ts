/** `mesoctl agent join`: settings, log, agent, signals. SIGUSR1 ends the tasks and leaves the cluster, as in Mesos. */
import { unreachable } from '../base/assert.js';
import { MesoError } from '../base/error.js';
import type { AgentEnd } from '../daemon/agent/agent-handle.js';
import { startAgent } from '../daemon/agent/main.js';
import { type ConfigSources, loadAgentConfig } from '../daemon/config/load-config.js';
import { runDaemon } from '../daemon/lifecycle/run-daemon.js';
import { createDaemonLogger } from './terminal-logger.js';

export async function runAgent(sources: ConfigSources, debug: boolean): Promise<void> {
  const { config, warnings } = loadAgentConfig(sources);
  const logger = createDaemonLogger('mesoctl-agent', debug ? 'debug' : config.logLevel);
  for (const warning of warnings) logger.warn({}, warning);
  // Installed before the start: the default action of SIGUSR1 would end the process, or open a debugger.
  let unregister: () => void = () => undefined;
  const onUnregister = () => unregister();
  process.on('SIGUSR1', onUnregister);
  try {
    await runDaemon(async (signal) => {
      const agent = await startAgent(config, logger, signal);
      unregister = () => void agent.unregister();
      return { ended: agent.ended.then(judgeEnd), stop: () => agent.stop() };
    });
  } finally {
    process.removeListener('SIGUSR1', onUnregister);
  }
}

/** Throws where a person should look. */
function judgeEnd(end: AgentEnd): void {
  switch (end.kind) {
    case 'stopped':
    case 'unregistered':
      return;
    case 'shut-down':
      throw new MesoError('AGENT_REFUSED', `the master shut this agent down: ${end.message}`, {
        suggestions: [
          'look at the log of the master; an agent that is gone for good comes back as a new one, with a new --work-dir',
        ],
      });
    case 'failed':
      throw end.error;
    default:
      unreachable(end);
  }
}
