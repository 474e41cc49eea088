/** Starts the Raft member of a master by its flags: the thread of the log, with the registry as its state machine, and the Raft thread. */
import type { MesoError } from '../../../base/error.js';
import type { Logger } from '../../../base/system/logger.js';
import { openWorker } from '../../../base/system/worker.js';
import { DEFAULT_LIMITS, DEFAULT_TIMING } from '../../../raft/core/options.js';
import type { LeadershipPicture } from '../../../raft/node/protocol.js';
import { RaftMember } from '../../../raft/node/raft-member.js';
import type { MasterConfig } from '../../config/master-config.js';
import type { LogWorkerData } from './log-worker.js';
import { REGISTRY_FEATURES } from './registry-codec.js';

export interface OpenRaftOptions {
  readonly config: Pick<
    MasterConfig,
    'workDir' | 'name' | 'raftIp' | 'raftPort' | 'raftAdvertiseIp' | 'advertiseIp' | 'peers' | 'join' | 'raftReads'
  >;
  readonly logger: Logger;
  onPicture(picture: LeadershipPicture): void;
  onEnded(error: MesoError | undefined): void;
}

export function openRaft({ config, logger, onPicture, onEnded }: OpenRaftOptions): RaftMember {
  return new RaftMember({
    settings: {
      name: config.name,
      ip: config.raftIp,
      port: config.raftPort,
      advertisedHost: config.raftAdvertiseIp ?? config.advertiseIp,
      peers: config.peers,
      join: config.join,
      features: REGISTRY_FEATURES,
      credential: undefined,
      timing: DEFAULT_TIMING,
      limits: DEFAULT_LIMITS,
      reads: config.raftReads,
    },
    openLogWorker: (port) => {
      const workerData: LogWorkerData = { port, workDir: config.workDir };
      return openWorker(import.meta.url, 'log-worker', { name: 'log', workerData, transferList: [port] });
    },
    observer: {
      onLeadership: onPicture,
      onLog: ({ level, fields, message }) => logger[level](fields, message),
      onEnded,
    },
  });
}
