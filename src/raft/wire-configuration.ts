/**
 * Configurations and descriptions of snapshots between memory and protobuf. Decoding trusts nothing: what breaks an
 * invariant of a configuration, or is of a newer version, is a Rejection and never used.
 */
import { AssertionError } from '../base/assert.js';
import { isRejection, type Rejection, reject } from '../base/rejection.js';
import { decodeProtobuf, encodeProtobuf } from '../wire/codec.js';
import * as raft from '../wire/gen/mesoctl-raft.js';
import type { Int64 } from '../wire/int64.js';
import { assertConfiguration, type Configuration } from './core/configuration.js';
import type { SnapshotInfo } from './core/protocol.js';

const CONFIGURATION_VERSION = 1;

export function configurationToWire({ members, voters, outgoing, learners }: Configuration): raft.Configuration {
  return {
    version: CONFIGURATION_VERSION,
    members: members.map(({ id, name, address }) => ({ id, name, address })),
    voters: [...voters],
    outgoing: [...outgoing],
    learners: [...learners],
  };
}

/** A Rejection 'unimplemented' says that a newer version wrote it, 'invalid' that it breaks an invariant. */
export function configurationFromWire(wire: raft.Configuration): Configuration | Rejection {
  const { version, members = [], voters = [], outgoing = [], learners = [] } = wire;
  if (version > CONFIGURATION_VERSION)
    return reject('unimplemented', `a configuration of version ${version}, this build knows ${CONFIGURATION_VERSION}`);
  const configuration = { members, voters, outgoing, learners };
  try {
    assertConfiguration(configuration);
  } catch (error) {
    if (error instanceof AssertionError) return reject('invalid', error.message);
    throw error;
  }
  return configuration;
}

export function encodeConfiguration(configuration: Configuration): Uint8Array {
  return encodeProtobuf(raft.Configuration, configurationToWire(configuration));
}

export function decodeConfiguration(bytes: Uint8Array): Configuration | Rejection {
  const wire = decodeProtobuf(raft.Configuration, bytes);
  return isRejection(wire) ? wire : configurationFromWire(wire);
}

export function snapshotInfoToWire(info: SnapshotInfo): raft.SnapshotInfo {
  const { id, index, term, configuration, sizeBytes } = info;
  return { id, index, term, configuration: configurationToWire(configuration), size_bytes: sizeBytes };
}

export function snapshotInfoFromWire(wire: raft.SnapshotInfo): SnapshotInfo | Rejection {
  const configuration = configurationFromWire(wire.configuration);
  if (isRejection(configuration)) return configuration;
  const index = wholeNumber(wire.index);
  const term = wholeNumber(wire.term);
  const sizeBytes = wholeNumber(wire.size_bytes);
  if (index === undefined || term === undefined || sizeBytes === undefined)
    return reject('invalid', 'an index, a term or a size is larger than any can be');
  return { id: wire.id, index, term, configuration, sizeBytes };
}

/** Indexes, terms and sizes are counted in doubles everywhere; undefined: too large for one. */
export function wholeNumber(value: Int64): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}
