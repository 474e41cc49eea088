/** `mesoctl master start`: settings, log, master, signals. */
import { type ConfigSources, loadMasterConfig } from '../daemon/config/load-config.js';
import { runDaemon } from '../daemon/lifecycle/run-daemon.js';
import { startMaster } from '../daemon/master/main.js';
import { createDaemonLogger } from './terminal-logger.js';

export async function runMaster(sources: ConfigSources, debug: boolean): Promise<void> {
  const { config, warnings } = loadMasterConfig(sources);
  const logger = createDaemonLogger('mesoctl-master', debug ? 'debug' : config.logLevel);
  for (const warning of warnings) logger.warn({}, warning);
  await runDaemon((signal) => startMaster(config, logger, { signal }));
}
