/** Every path of the master's HTTP server. Leader-only ones redirect elsewhere. Source: spec page 03, 3.4. */
import type { Route, Router } from '../../http/router.js';
import { createExtensionApi } from './extension-api.js';
import { handleRedirect, leaderOnly } from './leader-only.js';
import {
  handleFlags,
  handleFrameworks,
  handleHealth,
  handleMetrics,
  handleRoles,
  handleSlaves,
  handleState,
  handleStateSummary,
  handleTasks,
  handleVersion,
} from './legacy-endpoints.js';
import {
  handleMachineDown,
  handleMachineUp,
  handleMaintenanceSchedule,
  handleMaintenanceStatus,
} from './legacy-maintenance.js';
import {
  handleCreateVolumes,
  handleDestroyVolumes,
  handleReserve,
  handleTeardown,
  handleUnreserve,
} from './legacy-operations.js';
import { handleQuota } from './legacy-quota.js';
import { handleWeights } from './legacy-weights.js';
import { handleLeader } from './members.js';
import { handleOperatorCall } from './operator-api.js';
import { handleSchedulerCall } from './scheduler-api.js';
import type { MasterHandler, MasterSite } from './site.js';
import { createSnapshotDownload } from './snapshot-download.js';

/** By path: APIs that take calls by POST and check the method after the leader. */
const CALL_ROUTES: Readonly<Record<string, MasterHandler>> = {
  '/api/v1/scheduler': handleSchedulerCall,
  '/api/v1': handleOperatorCall,
};

/** By path: documents. */
const READ_ROUTES: Readonly<Record<string, MasterHandler>> = {
  '/health': handleHealth,
  '/redirect': handleRedirect,
  '/leader': handleLeader,
  '/version': handleVersion,
  '/flags': handleFlags,
  '/metrics/snapshot': handleMetrics,
  '/state': leaderOnly(handleState),
  '/state-summary': leaderOnly(handleStateSummary),
  '/slaves': leaderOnly(handleSlaves),
  '/frameworks': leaderOnly(handleFrameworks),
  '/tasks': leaderOnly(handleTasks),
  '/roles': leaderOnly(handleRoles),
};

/** By path: what operators set from before the v1 API. */
const OPERATOR_ROUTES: Readonly<Record<string, readonly [methods: Route['methods'], handler: MasterHandler]>> = {
  '/weights': [['GET', 'PUT'], handleWeights],
  '/quota': [['GET', 'POST', 'DELETE'], handleQuota],
  '/maintenance/schedule': [['GET', 'POST'], handleMaintenanceSchedule],
  '/maintenance/status': [['GET'], handleMaintenanceStatus],
  '/machine/down': [['POST'], handleMachineDown],
  '/machine/up': [['POST'], handleMachineUp],
  '/reserve': [['POST'], handleReserve],
  '/unreserve': [['POST'], handleUnreserve],
  '/create-volumes': [['POST'], handleCreateVolumes],
  '/destroy-volumes': [['POST'], handleDestroyVolumes],
  '/teardown': [['POST'], handleTeardown],
};

/** Where `mesoctl master snapshot save` gets its file. */
const SNAPSHOT_PATH = '/api/mesoctl/v1/snapshot';

export function addMasterRoutes(router: Router, site: MasterSite): void {
  const download = leaderOnly(createSnapshotDownload());
  router.add(SNAPSHOT_PATH, { methods: ['GET'], handle: (exchange) => download(site, exchange) });
  const calls = { ...CALL_ROUTES, '/api/mesoctl/v1': createExtensionApi() };
  for (const [path, handler] of Object.entries(calls))
    router.add(path, { methods: ['POST'], methodCheck: 'handler', handle: (exchange) => handler(site, exchange) });
  for (const [path, [methods, handler]] of Object.entries(OPERATOR_ROUTES)) {
    const handle = leaderOnly(handler);
    router.add(path, { methods, handle: (exchange) => handle(site, exchange) });
  }
  for (const [path, handler] of Object.entries(READ_ROUTES))
    router.add(path, { methods: ['GET', 'POST'], handle: (exchange) => handler(site, exchange) });
}
