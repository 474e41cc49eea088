/**
 * May a daemon listen at an address? Until there is authentication, anything but loopback hands the cluster (and root on
 * its agents) to whoever reaches the port, so it takes an explicit word. Architecture, section 6.
 */
import { isIP } from 'node:net';
import { MesoError } from '../../base/error.js';

/** Throws BAD_INPUT for what is no IP address, ADDRESS_NOT_ALLOWED for a reachable one without `insecure`. */
export function checkListenAddress(ip: string, insecure: boolean): void {
  if (isIP(ip) === 0)
    throw new MesoError('BAD_INPUT', `--ip takes an IP address, not '${ip}'`, { suggestions: ['--ip 127.0.0.1'] });
  if (insecure || isLoopback(ip)) return;
  throw new MesoError(
    'ADDRESS_NOT_ALLOWED',
    `listening on ${ip} would let everyone who can reach it run commands on this cluster: there is no authentication yet`,
    { details: { ip }, suggestions: ['--ip 127.0.0.1', `--ip ${ip} --insecure   (on a network you trust)`] },
  );
}

/** 127.0.0.0/8 and ::1. */
export function isLoopback(ip: string): boolean {
  return /^127\.\d+\.\d+\.\d+$/.test(ip) || ip === '::1' || /^::ffff:127\./i.test(ip);
}

/** 0.0.0.0 and ::, the addresses that mean all of them. */
export function isWildcard(ip: string): boolean {
  return ip === '0.0.0.0' || ip === '::';
}
