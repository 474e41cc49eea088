/** From a task to what the containerizer is asked for. Pure. Source: spec page 14, section 14.2; page 05, section 5.10. */
import { present } from '../../../base/assert.js';
import { Resources } from '../../../offers/resources/resources.js';
import type { ContainerSpec, ContainerVolume } from '../../../runtime/containerizer.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type { LaunchRequest } from '../core/protocol.js';

export interface ContainerSurroundings {
  readonly environment: Readonly<Record<string, string>>;
  readonly sandboxDir: string;
  readonly volumes: readonly ContainerVolume[];
  /** False: every task runs as the agent does. */
  readonly switchUser: boolean;
}

/** `request` is of a task that the core took: it has a command with a value. */
export function containerSpec(request: LaunchRequest, surroundings: ContainerSurroundings): ContainerSpec {
  const { task } = request;
  const { environment, sandboxDir, volumes } = surroundings;
  const resources = Resources.of(task.resources ?? []);
  return {
    containerId: request.containerId,
    ...programOf(present(task.command, 'a command task has a command')),
    environment,
    sandboxDir,
    volumes,
    user: surroundings.switchUser ? taskUser(request) : undefined,
    requests: { cpus: resources.scalar('cpus'), memMb: resources.scalar('mem'), diskMb: resources.scalar('disk') },
    limits: { cpus: task.limits?.cpus?.value, memMb: task.limits?.mem?.value },
    hostname: task.container?.hostname,
    containerInfo: containerInfo(task.container),
  };
}

/** The core lets networks and Linux settings pass only when they say what every container gets anyway. */
function containerInfo(info: mesos.ContainerInfo | undefined): mesos.ContainerInfo | undefined {
  if (info === undefined) return undefined;
  const { linux_info: _defaults, network_infos: _empty, ...rest } = info;
  return rest;
}

/** The command's own user, else the framework's; undefined: neither names one. */
export function taskUser({ framework, task }: Pick<LaunchRequest, 'framework' | 'task'>): string | undefined {
  return [task.command?.user, framework.user].find((user) => user !== undefined && user !== '');
}

/** `value` is the file to run; `arguments` is all that it is given, the name it runs under (argv[0]) included. */
function programOf(command: mesos.CommandInfo): Pick<ContainerSpec, 'argv' | 'program'> {
  const value = present(command.value, 'the core refuses commands without value');
  if (command.shell !== false) return { argv: ['/bin/sh', '-c', value] };
  const given = command.arguments ?? [];
  return given.length === 0 ? { argv: [value] } : { argv: given, program: value };
}
