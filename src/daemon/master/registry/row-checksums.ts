/**
 * Checksums of rows: SQLite does not notice a flipped bit inside a value. Those of agents, frameworks and the leader are of
 * their message alone, which holds the id. Part of the format: what was released never changes.
 */
import { crc32 } from 'node:zlib';

/** Of `unreachable`, `gone` and `tombstones`. `at`: nanoseconds. */
export function timeCrc(id: string, at: bigint, sequence: bigint): number {
  return crc32(`${id}@${at}#${sequence}`);
}

/** Of `frameworks.disconnected_at`. */
export function disconnectedCrc(frameworkId: string, at: bigint): number {
  return crc32(`${frameworkId}@${at}`);
}

export function weightCrc(role: string, weight: number): number {
  return crc32(`${role}=${weight}`);
}

/** Of `deactivated`, `machines` and `quotas`: the key and the message beside it. */
export function keyedCrc(key: string, message: Uint8Array | null): number {
  const ofKey = crc32(`${key}=`);
  return message === null ? ofKey : crc32(message, ofKey);
}
