/**
 * Finds what a task asks for that this agent cannot do. Such a task fails with the field's name in its message; it is
 * never run with a part of its request ignored. What needs no doing (labels, discovery, names, `data` of a command task)
 * is not looked at; what depends on the agent's isolators (host name, resource limits of processes) is judged by the
 * containerizer, which fails the launch the same way. Pure. Source: architecture, section 6; spec pages 08b, 14, 17.
 */
import type * as mesos from '../../../../wire/gen/mesos.js';

/** The first unsupported field as a dotted path into TaskInfo; undefined: the task can be run as asked. */
export function findUnsupported(task: mesos.TaskInfo): string | undefined {
  return (
    first([
      ['executor', task.executor],
      ['health_check', task.health_check],
      ['check', task.check],
    ]) ??
    unsupportedCommand(task.command) ??
    unsupportedContainer(task.container) ??
    unsupportedResources(task.resources ?? []) ??
    unsupportedLimits(task.limits ?? {})
  );
}

/** Present members; an empty list counts as absent. */
function first(members: readonly (readonly [string, unknown])[], prefix = ''): string | undefined {
  const found = members.find(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0));
  return found === undefined ? undefined : `${prefix}${found[0]}`;
}

function unsupportedCommand(command: mesos.CommandInfo | undefined): string | undefined {
  if (command === undefined) return undefined;
  const secret = command.environment?.variables?.find(({ type, secret }) => type === 'SECRET' || secret !== undefined);
  if (secret !== undefined) return `command.environment.variables.secret (${secret.name})`;
  return first([['uris', command.uris]], 'command.');
}

function unsupportedContainer(container: mesos.ContainerInfo | undefined): string | undefined {
  if (container === undefined) return undefined;
  if (container.type === 'DOCKER') return 'container.docker';
  if (container.network_infos?.some(hasMembers) === true) return 'container.network_infos';
  return (
    first(
      [
        ['docker', container.docker],
        ['mesos.image', container.mesos?.image],
        ['volumes', container.volumes],
        ['tty_info', container.tty_info],
      ],
      'container.',
    ) ?? unsupportedLinux(container.linux_info)
  );
}

function unsupportedLinux(linux: mesos.LinuxInfo | undefined): string | undefined {
  if (linux === undefined) return undefined;
  // False is what every container gets.
  const wanted = Object.entries(linux).filter(([name, value]) => !(name.startsWith('share_') && value === false));
  return first(wanted, 'container.linux_info.');
}

function unsupportedResources(resources: readonly mesos.Resource[]): string | undefined {
  for (const resource of resources) {
    // Nothing is asked for; some clients always send gpus: 0.
    if (resource.scalar?.value === 0) continue;
    if (resource.name === 'gpus') return 'resources.gpus';
    if (resource.revocable !== undefined) return `resources.revocable (${resource.name})`;
    if (resource.provider_id !== undefined) return `resources.provider_id (${resource.name})`;
    // A persistent volume is looked at with the others of the task (runtime/volumes).
    if (resource.disk?.persistence !== undefined) continue;
    if (resource.shared !== undefined) return `resources.shared (${resource.name})`;
    const disk = first(
      [
        ['volume', resource.disk?.volume],
        ['source', resource.disk?.source],
      ],
      'resources.disk.',
    );
    if (disk !== undefined) return disk;
  }
  return undefined;
}

function unsupportedLimits(limits: Readonly<Record<string, unknown>>): string | undefined {
  const name = Object.keys(limits).find((key) => key !== 'cpus' && key !== 'mem');
  return name === undefined ? undefined : `limits.${name}`;
}

function hasMembers(info: mesos.NetworkInfo): boolean {
  return first(Object.entries(info)) !== undefined;
}
