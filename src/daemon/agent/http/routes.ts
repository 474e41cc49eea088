/** Every path of the agent's HTTP server, with and without `/slave(1)`. Source: spec page 03, section 3.4. */
import type { Router } from '../../http/router.js';
import { handleDownload } from './download.js';
import {
  handleBrowse,
  handleContainers,
  handleFilesDebug,
  handleFlags,
  handleHealth,
  handleMetrics,
  handleRead,
  handleState,
  handleStatistics,
  handleVersion,
} from './legacy-endpoints.js';
import { handleAgentCall } from './operator-api.js';
import type { AgentHandler, AgentSite } from './site.js';

/** The libprocess name of an agent; tools put it in front of every path. */
export const AGENT_PROCESS_NAME = 'slave(1)';

const READ_ROUTES: Readonly<Record<string, AgentHandler>> = {
  '/health': handleHealth,
  '/version': handleVersion,
  '/flags': handleFlags,
  '/metrics/snapshot': handleMetrics,
  '/state': handleState,
  '/containers': handleContainers,
  '/monitor/statistics': handleStatistics,
  '/files/browse': handleBrowse,
  '/files/read': handleRead,
  '/files/download': handleDownload,
  '/files/debug': handleFilesDebug,
};

export function addAgentRoutes(router: Router, site: AgentSite): void {
  router.add('/api/v1', {
    methods: ['POST'],
    methodCheck: 'handler',
    handle: (exchange) => handleAgentCall(site, exchange),
  });
  for (const [path, handler] of Object.entries(READ_ROUTES))
    router.add(path, { methods: ['GET', 'POST'], handle: (exchange) => handler(site, exchange) });
}
