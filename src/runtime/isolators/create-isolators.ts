/** Makes the isolators that --isolation names, with the settings they need. */
import { cgroupsCpu } from './cgroups-cpu.js';
import { cgroupsMem } from './cgroups-mem.js';
import { cgroupsPids } from './cgroups-pids.js';
import type { Isolator } from './isolator.js';
import type { IsolatorName } from './names.js';
import { type CgroupView, namespacesCgroup } from './namespaces-cgroup.js';
import { namespacesIpc } from './namespaces-ipc.js';
import { namespacesMnt } from './namespaces-mnt.js';
import { namespacesPid } from './namespaces-pid.js';
import { namespacesUser } from './namespaces-user.js';
import { namespacesUts } from './namespaces-uts.js';
import { posixCpu } from './posix-cpu.js';
import { posixMem } from './posix-mem.js';
import { posixRlimits } from './posix-rlimits.js';

export interface IsolatorSettings {
  readonly enableCfs: boolean;
  readonly pidsLimit: number;
  readonly maskedDirs: readonly string[];
  /** undefined: containers have no cgroup. */
  readonly cgroupView?: CgroupView | undefined;
}

export function createIsolators(names: readonly IsolatorName[], settings: IsolatorSettings): readonly Isolator[] {
  return names.map((name) => createIsolator(name, settings));
}

function createIsolator(name: IsolatorName, settings: IsolatorSettings): Isolator {
  switch (name) {
    case 'cgroups/cpu':
      return cgroupsCpu(settings);
    case 'cgroups/mem':
      return cgroupsMem();
    case 'cgroups/pids':
      return cgroupsPids(settings);
    case 'namespaces/cgroup':
      return namespacesCgroup(settings.cgroupView);
    case 'namespaces/ipc':
      return namespacesIpc();
    case 'namespaces/mnt':
      return namespacesMnt(settings);
    case 'namespaces/pid':
      return namespacesPid();
    case 'namespaces/user':
      return namespacesUser();
    case 'namespaces/uts':
      return namespacesUts();
    case 'posix/cpu':
      return posixCpu();
    case 'posix/mem':
      return posixMem();
    case 'posix/rlimits':
      return posixRlimits();
  }
}
