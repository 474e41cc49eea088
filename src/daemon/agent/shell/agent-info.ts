/** What the agent announces about its machine: AgentInfo without id. Source: spec pages 05 (5.4) and 08 (8.9). */
import { hostname, networkInterfaces } from 'node:os';
import { MesoError } from '../../../base/error.js';
import { isRejection } from '../../../base/rejection.js';
import { parseAttributes } from '../../../offers/resources/attributes.js';
import { detectResources } from '../../../runtime/fingerprint/detect-resources.js';
import { requireDiskRoots } from '../../../runtime/volumes/disk-roots.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type { AgentConfig } from '../../config/agent-config.js';
import { isWildcard } from '../../lifecycle/listen-address.js';

export interface AgentAddress {
  /** Where others reach this agent. */
  readonly ip: string;
  readonly port: number;
}

/** `bound`: where the server listens. A wildcard address is announced as the first external one. */
export function announcedAddress(
  config: Pick<AgentConfig, 'advertiseIp' | 'advertisePort'>,
  bound: AgentAddress,
): AgentAddress {
  return {
    ip: config.advertiseIp ?? (isWildcard(bound.ip) ? firstExternalIp() : bound.ip),
    port: config.advertisePort ?? bound.port,
  };
}

/** HOST:PORT, IPv6 in brackets. */
export function formatEndpoint({ ip, port }: AgentAddress): string {
  return `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
}

/** Names under which requests may arrive, besides IP literals and localhost. */
export function ownNames(config: Pick<AgentConfig, 'hostname'>): readonly string[] {
  return [hostname(), ...(config.hostname === undefined ? [] : [config.hostname])];
}

/** Throws BAD_INPUT naming the flag that cannot be read, or whose disks are not there. */
export async function describeMachine(config: AgentConfig, address: AgentAddress): Promise<mesos.AgentInfo> {
  const resources = await detectResources({
    flagText: config.resources,
    defaultRole: config.defaultRole,
    workDir: config.workDir,
  });
  if (isRejection(resources)) throw new MesoError('BAD_INPUT', `--resources: ${resources.message}`);
  await requireDiskRoots(resources.toWire(), config.workDir);
  const attributes = parseAttributes(config.attributes ?? '');
  if (isRejection(attributes)) throw new MesoError('BAD_INPUT', `--attributes: ${attributes.message}`);
  const info: mesos.AgentInfo = {
    // A name that others can resolve, or the address: offers carry it, schedulers connect to it.
    hostname: config.hostname ?? address.ip,
    port: address.port,
    resources: resources.toWire(),
  };
  if (attributes.length > 0) info.attributes = attributes;
  if (config.domain !== undefined) info.domain = config.domain;
  return info;
}

function firstExternalIp(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find((address) => address.family === 'IPv4' && !address.internal)?.address ?? '127.0.0.1';
}
