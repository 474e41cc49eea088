/** Everything that the doctor looks at, as data: the judgement needs no machine. */
import type { CgroupFacts } from '../fingerprint/cgroup-facts.js';
import type { MachineFacts as IsolationFacts } from '../isolators/requirements.js';

export interface DoctorFacts {
  readonly hostname: string;
  readonly platform: string;
  readonly operatingSystem: string;
  /** "6.1.0-25-amd64" */
  readonly kernelRelease: string;
  readonly nodeVersion: string;
  readonly isRoot: boolean;
  /** Effective capabilities as bits; undefined where the kernel does not tell. */
  readonly capabilities?: bigint | undefined;
  readonly supervisorFound: boolean;
  /** Name of a C compiler on the PATH. */
  readonly compiler?: string | undefined;
  readonly cgroups: CgroupFacts;
  /** Whether this user may make cgroups below the agent's own one. */
  readonly ownCgroupWritable: boolean;
  /** Texts of the sysctls that govern user namespaces, by name; those that exist. */
  readonly userNamespaceSysctls: Readonly<Record<string, string>>;
  /** Hard limit; Infinity: none. */
  readonly openFilesLimit?: number | undefined;
  readonly hasPressure: boolean;
  readonly swapTotalKb?: number | undefined;
  /** undefined: the isolators could not be probed. */
  readonly isolation?: IsolationFacts | undefined;
}
