/** Who a master says it is: the addresses others reach it by and its MasterInfo. Source: spec pages 07 (7.1) and 13. */
import { hostname, networkInterfaces } from 'node:os';
import type * as mesos from '../../wire/gen/mesos.js';
import type { MasterConfig } from '../config/master-config.js';
import { MESOS_API_VERSION } from '../http/version.js';
import { isWildcard } from '../lifecycle/listen-address.js';

export interface AdvertisedAddress {
  readonly ip: string;
  readonly port: number;
  /** What redirects and MasterInfo name; the IP unless --hostname says otherwise, so that it always resolves. */
  readonly hostname: string;
}

type AddressConfig = Pick<MasterConfig, 'hostname' | 'advertiseIp' | 'advertisePort'>;

/** `bound`: where the server listens. A wildcard address is advertised as the first external one. */
export function advertisedAddress(
  config: AddressConfig,
  bound: { readonly ip: string; readonly port: number },
): AdvertisedAddress {
  const ip = config.advertiseIp ?? (isWildcard(bound.ip) ? firstExternalIp() : bound.ip);
  return { ip, port: config.advertisePort ?? bound.port, hostname: config.hostname ?? ip };
}

/** Names under which requests may arrive, besides IP literals and localhost. */
export function ownNames(config: AddressConfig): readonly string[] {
  return [hostname(), ...(config.hostname === undefined ? [] : [config.hostname])];
}

export function createMasterInfo(options: {
  readonly id: string;
  readonly address: AdvertisedAddress;
  readonly domain?: mesos.DomainInfo | undefined;
}): mesos.MasterInfo {
  const { id, address, domain } = options;
  return {
    id,
    ip: packedIp(address.ip),
    port: address.port,
    pid: `master@${formatHost(address.ip)}:${address.port}`,
    hostname: address.hostname,
    version: MESOS_API_VERSION,
    address: { hostname: address.hostname, ip: address.ip, port: address.port },
    domain,
    capabilities: [{ type: 'AGENT_UPDATE' }, { type: 'AGENT_DRAINING' }, { type: 'QUOTA_V2' }],
  };
}

/** For URLs: IPv6 in brackets. */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** An IPv4 address as the original packs it: network byte order read by a little-endian machine. 0 for IPv6. */
function packedIp(ip: string): number {
  const bytes = ip.split('.').map(Number);
  if (bytes.length !== 4) return 0;
  return bytes.reduceRight((packed, byte) => packed * 256 + byte, 0);
}

function firstExternalIp(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find((address) => address.family === 'IPv4' && !address.internal)?.address ?? '127.0.0.1';
}
