/** Flags that masters and agents share, and the rules that both tables need. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isRejection, type Rejection } from '../../base/rejection.js';
import type { LogLevel } from '../../base/system/logger.js';
import { validateRole } from '../../wire/validation/roles.js';
import { type FlagContext, flag, optionalFlag } from './flag.js';
import * as kinds from './flag-kinds.js';

const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

/** Address, files and logs; `port` differs. */
export function sharedFlags(daemon: 'master' | 'agent', defaultPort: number) {
  return {
    ip: flag<string>(
      {
        name: 'ip',
        summary: 'address to listen on; any but loopback needs --insecure',
        kind: kinds.ip,
        group: 'network',
        environment: ['LIBPROCESS_IP'],
      },
      '127.0.0.1',
    ),
    port: flag<number>(
      {
        name: 'port',
        summary: 'port to listen on; 0 takes any free one',
        kind: kinds.port,
        group: 'network',
        environment: ['LIBPROCESS_PORT'],
      },
      String(defaultPort),
    ),
    insecure: flag<boolean>(
      {
        name: 'insecure',
        summary: 'allow an address that others can reach, without authentication',
        kind: kinds.boolean,
        group: 'network',
      },
      'false',
    ),
    hostname: optionalFlag<string>({
      name: 'hostname',
      summary: `name that this ${daemon} announces (default: its address)`,
      kind: kinds.text,
      group: 'network',
    }),
    advertiseIp: optionalFlag<string>({
      name: 'advertise-ip',
      summary: 'address that others use to reach it (default: --ip)',
      kind: kinds.ip,
      group: 'network',
      environment: ['LIBPROCESS_ADVERTISE_IP'],
    }),
    advertisePort: optionalFlag<number>({
      name: 'advertise-port',
      summary: 'port that others use to reach it (default: --port)',
      kind: kinds.advertisedPort,
      group: 'network',
      environment: ['LIBPROCESS_ADVERTISE_PORT'],
    }),
    readyFile: optionalFlag<string>({
      name: 'ready-file',
      summary: 'write address and id as JSON to this file once it can be used',
      kind: kinds.path,
      group: 'storage',
    }),
    workDir: flag<string>(
      {
        name: 'work-dir',
        summary: 'directory of everything that must survive a restart',
        kind: kinds.path,
        group: 'storage',
      },
      (context) => defaultWorkDir(daemon, context),
    ),
    domain: optionalFlag({
      name: 'domain',
      summary: 'fault domain (region and zone)',
      kind: kinds.domain,
      group: 'cluster',
    }),
    logLevel: flag<LogLevel>(
      {
        name: 'logging-level',
        summary: 'least severe messages that are logged',
        kind: kinds.oneOf(LOG_LEVELS, { warning: 'warn' }),
        group: 'other',
        aliases: ['log-level'],
      },
      'info',
    ),
  };
}

/** /var/lib for root, the state directory of the XDG specification for everybody else. */
function defaultWorkDir(daemon: string, { isRoot, env }: FlagContext): string {
  if (isRoot) return `/var/lib/mesoctl/${daemon}`;
  const state = env.XDG_STATE_HOME;
  return join(state?.startsWith('/') ? state : join(homedir(), '.local/state'), 'mesoctl', daemon);
}

export function checkRoles(roles: readonly string[]): Rejection | undefined {
  return roles.map(validateRole).find(isRejection);
}
