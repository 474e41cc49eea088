/** Containers and their volumes. Source: spec page 01, "Command/Env validation"; proto-mesos.md (Volume). */
import { type Rejection, reject } from '../../base/rejection.js';
import { excerpt } from '../fault.js';
import type * as mesos from '../gen/mesos.js';
import { secretComplaint } from './command.js';

/** What can be said without knowing the agent: volumes, and the part that the container's type needs. */
export function validateContainerInfo(container: mesos.ContainerInfo): Rejection | undefined {
  for (const volume of container.volumes ?? []) {
    const complaint = volumeComplaint(volume);
    if (complaint !== undefined) {
      return reject('invalid', `Volume at ${excerpt(volume.container_path)} is invalid: ${complaint}`);
    }
  }
  if (container.type !== 'DOCKER') return undefined;
  if (container.docker === undefined) return reject('invalid', "A container of type DOCKER must have 'docker'");
  // The agent finds its containers by the names that it gives them.
  return container.docker.parameters?.some((parameter) => parameter.key === 'name') === true
    ? reject('invalid', "The Docker parameter 'name' cannot be set")
    : undefined;
}

function volumeComplaint(volume: mesos.Volume): string | undefined {
  const given = [volume.host_path, volume.image, volume.source].filter((part) => part !== undefined);
  if (given.length !== 1) return "exactly one of 'host_path', 'image' and 'source' must be set";
  return volume.source === undefined ? undefined : sourceComplaint(volume.source);
}

function sourceComplaint(source: mesos.Volume_Source): string | undefined {
  switch (source.type) {
    case 'DOCKER_VOLUME':
      return memberComplaint(source.docker_volume, 'docker_volume');
    case 'HOST_PATH':
      return memberComplaint(source.host_path, 'host_path');
    case 'SANDBOX_PATH':
      return memberComplaint(source.sandbox_path, 'sandbox_path');
    case 'SECRET':
      return memberComplaint(source.secret, 'secret') ?? (source.secret && secretComplaint(source.secret));
    case 'CSI_VOLUME':
      return memberComplaint(source.csi_volume, 'csi_volume');
    case 'UNKNOWN':
    case undefined:
      return "'source.type' must be set and known";
  }
}

function memberComplaint(member: object | undefined, name: string): string | undefined {
  return member === undefined ? `'source.${name}' must be set, as 'source.type' says` : undefined;
}
