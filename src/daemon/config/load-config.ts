/**
 * From what users gave to the settings of a daemon. Throws BAD_INPUT or ADDRESS_NOT_ALLOWED with what to do; returns
 * warnings for what is legal and probably not meant.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { formatDuration } from '../../base/duration.js';
import { MesoError, messageOf } from '../../base/error.js';
import { checkListenAddress } from '../lifecycle/listen-address.js';
import type { AgentConfig } from './agent-config.js';
import { AGENT_FLAGS } from './agent-flags.js';
import type { MasterConfig } from './master-config.js';
import { MASTER_FLAGS } from './master-flags.js';
import { type FlagInput, type FlagSources, resolveFlags } from './resolve-flags.js';

export interface ConfigSources {
  /** By flag name in kebab case. */
  readonly flags: Readonly<Record<string, FlagInput | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of a JSON object of flags. */
  readonly configFile?: string | undefined;
}

export interface LoadedConfig<Config> {
  readonly config: Config;
  readonly warnings: readonly string[];
}

/** Below this Mesos does not go: agents that are slow to come back are given up. */
const COMMON_REREGISTER_TIMEOUT_MS = 600_000;

/** From the port of the HTTP server to that of the other masters, when nobody says. */
const RAFT_PORT_OFFSET = 10;

export function loadMasterConfig(sources: ConfigSources): LoadedConfig<MasterConfig> {
  const { values, texts } = resolveFlags(MASTER_FLAGS, flagSources(sources));
  checkListenAddress(values.ip, values.insecure);
  const raftIp = values.raftIp ?? values.ip;
  checkListenAddress(raftIp, values.insecure);
  checkPeers(values);
  const warnings: string[] = [];
  if (values.agentReregisterTimeoutMs < COMMON_REREGISTER_TIMEOUT_MS)
    warnings.push(
      `--agent-reregister-timeout of ${formatDuration(values.agentReregisterTimeoutMs)} is below the 10mins that Mesos demands: agents that need longer to come back become unreachable`,
    );
  const raftPort = values.raftPort ?? (values.port === 0 ? 0 : values.port + RAFT_PORT_OFFSET);
  return { config: { ...values, raftIp, raftPort, workDir: resolve(values.workDir), flags: texts }, warnings };
}

function checkPeers({ name, peers, join }: Pick<MasterConfig, 'name' | 'peers' | 'join'>): void {
  if (peers !== undefined && join !== undefined)
    throw new MesoError('BAD_INPUT', '--peers founds a cluster, --join enters one: give one of them');
  if (peers === undefined || peers.some((peer) => peer.name === name)) return;
  const names = peers.map((peer) => peer.name).join(', ');
  throw new MesoError('BAD_INPUT', `--peers lists ${names}, and this master is called ${name}`, {
    suggestions: [`--name ${peers[0]?.name}`],
  });
}

export function loadAgentConfig(sources: ConfigSources): LoadedConfig<AgentConfig> {
  const { values, texts } = resolveFlags(AGENT_FLAGS, flagSources(sources));
  checkListenAddress(values.ip, values.insecure);
  const { masters } = values;
  if (masters === undefined)
    throw new MesoError('BAD_INPUT', 'which masters is this agent to join?', {
      suggestions: [`mesoctl agent join ${hostname()}:5050`],
    });
  return { config: { ...values, masters, workDir: resolve(values.workDir), flags: texts }, warnings: [] };
}

function flagSources({ flags, env, configFile }: ConfigSources): FlagSources {
  return {
    flags,
    env,
    file: configFile === undefined ? undefined : readConfigFile(configFile),
    isRoot: process.geteuid?.() === 0,
    readText: (path) => readFileSync(path, 'utf8'),
  };
}

function readConfigFile(path: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new MesoError('BAD_INPUT', `cannot read the configuration file ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new MesoError('BAD_INPUT', `the configuration file ${path} must be a JSON object of flags`);
  return parsed as Record<string, unknown>;
}
