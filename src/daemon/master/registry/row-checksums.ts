/**
 * Checksums of rows: SQLite does not notice a flipped bit inside a value. Each covers the key of its row as well. Part of the
 * format: what was released never changes.
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

/** Of every row that holds a message beside its key. */
export function keyedCrc(key: string, message: Uint8Array | null): number {
  const ofKey = crc32(`${key}=`);
  return message === null ? ofKey : crc32(message, ofKey);
}
