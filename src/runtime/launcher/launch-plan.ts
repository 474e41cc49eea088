/**
 * What the supervisor is told about one container, and its bytes (supervisor/protocol.h, enum plan_field). Pure.
 * The plan is complete: the supervisor looks nothing up and decides nothing about isolation.
 */
import { MesoError } from '../../base/error.js';
import type { CgroupWrite } from '../cgroups/cgroup.js';
import { MAX_FRAME_BYTES } from './protocol.js';

/** One mount(2), carried out inside the container's mount namespace. */
export interface MountStep {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  /** MS_* bits. */
  readonly flags: number;
  readonly data: string;
}

/** One setrlimit(2); the largest 64-bit number is no limit. */
export interface Rlimit {
  readonly resource: number;
  readonly soft: bigint;
  readonly hard: bigint;
}

export interface LaunchPlan {
  readonly containerId: string;
  readonly bootId: string;
  /** Made by the supervisor; holds the container's record. */
  readonly recordDir: string;
  readonly sandboxDir: string;
  readonly argv: readonly string[];
  /** The file to run; undefined: argv[0]. */
  readonly program?: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** Made by the supervisor. */
  readonly cgroup?: string | undefined;
  readonly cgroupWrites: readonly CgroupWrite[];
  /** CLONE_NEW* bits. */
  readonly cloneFlags: number;
  /** Whom to become; undefined: stay who the agent is. */
  readonly user?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] } | undefined;
  readonly mounts: readonly MountStep[];
  readonly rlimits: readonly Rlimit[];
  readonly hostname?: string | undefined;
  readonly maxLogSizeBytes: number;
  readonly maxLogFiles: number;
  /** With CLONE_NEWUSER only. */
  readonly userMap?: { readonly uidMap: string; readonly gidMap: string; readonly denySetgroups: boolean } | undefined;
}

const FIELD = {
  id: 1,
  recordDir: 2,
  sandbox: 3,
  cwd: 4,
  arg: 5,
  env: 6,
  cgroup: 7,
  cgroupWrite: 8,
  cloneFlags: 9,
  user: 10,
  groups: 11,
  mount: 12,
  hostname: 13,
  rlimit: 14,
  logs: 15,
  uidMap: 16,
  gidMap: 17,
  denySetgroups: 18,
  bootId: 19,
  program: 20,
} as const;

class PlanWriter {
  readonly #parts: Buffer[] = [];

  bytes(field: number, value: Buffer): void {
    const header = Buffer.allocUnsafe(5);
    header.writeUInt8(field, 0);
    header.writeUInt32LE(value.length, 1);
    this.#parts.push(header, value);
  }

  strings(field: number, ...values: readonly string[]): void {
    for (const value of values)
      if (value.includes('\0'))
        throw new MesoError('LAUNCH_FAILED', `a NUL character cannot be passed to a program: ${JSON.stringify(value)}`);
    this.bytes(field, Buffer.from(`${values.join('\0')}\0`));
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** "A=B" as a name would be another variable, in front of the one that the agent sets. */
function writeEnvironment(out: PlanWriter, environment: LaunchPlan['environment']): void {
  for (const [name, value] of Object.entries(environment)) {
    if (name === '' || name.includes('='))
      throw new MesoError(
        'LAUNCH_FAILED',
        `this cannot be the name of an environment variable: ${JSON.stringify(name)}`,
      );
    out.strings(FIELD.env, `${name}=${value}`);
  }
}

function encodeU32s(...values: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, 4 * index);
  return bytes;
}

function encodeU64s(...values: readonly (number | bigint)[]): Buffer {
  const bytes = Buffer.allocUnsafe(8 * values.length);
  for (const [index, value] of values.entries()) bytes.writeBigUInt64LE(BigInt(value), 8 * index);
  return bytes;
}

function writeIsolation(out: PlanWriter, plan: LaunchPlan): void {
  out.bytes(FIELD.cloneFlags, encodeU64s(plan.cloneFlags));
  if (plan.cgroup !== undefined) out.strings(FIELD.cgroup, plan.cgroup);
  for (const { file, value } of plan.cgroupWrites) out.strings(FIELD.cgroupWrite, file, value);
  for (const { source, target, type, flags, data } of plan.mounts)
    out.bytes(
      FIELD.mount,
      Buffer.concat([encodeU64s(flags), Buffer.from(`${[source, target, type, data].join('\0')}\0`)]),
    );
  for (const { resource, soft, hard } of plan.rlimits)
    out.bytes(FIELD.rlimit, Buffer.concat([encodeU32s(resource), encodeU64s(soft, hard)]));
  if (plan.hostname !== undefined) out.strings(FIELD.hostname, plan.hostname);
  if (plan.userMap === undefined) return;
  out.strings(FIELD.uidMap, plan.userMap.uidMap);
  out.strings(FIELD.gidMap, plan.userMap.gidMap);
  if (plan.userMap.denySetgroups) out.bytes(FIELD.denySetgroups, Buffer.alloc(0));
}

function writeUser(out: PlanWriter, { user }: LaunchPlan): void {
  const ids = encodeU32s(user?.uid ?? 0, user?.gid ?? 0);
  out.bytes(FIELD.user, Buffer.concat([ids, Buffer.of(user === undefined ? 0 : 1)]));
  if (user !== undefined) out.bytes(FIELD.groups, encodeU32s(...user.groups));
}

/**
 * Throws LAUNCH_FAILED for what no program can be given: NUL characters, names of variables that are none, more bytes than
 * the protocol carries.
 */
export function encodeLaunchPlan(plan: LaunchPlan): Buffer {
  const out = new PlanWriter();
  out.strings(FIELD.id, plan.containerId);
  out.strings(FIELD.bootId, plan.bootId);
  out.strings(FIELD.recordDir, plan.recordDir);
  out.strings(FIELD.sandbox, plan.sandboxDir);
  out.strings(FIELD.cwd, plan.sandboxDir);
  for (const arg of plan.argv) out.strings(FIELD.arg, arg);
  if (plan.program !== undefined) out.strings(FIELD.program, plan.program);
  writeEnvironment(out, plan.environment);
  out.bytes(FIELD.logs, Buffer.concat([encodeU64s(plan.maxLogSizeBytes), encodeU32s(plan.maxLogFiles)]));
  writeUser(out, plan);
  writeIsolation(out, plan);
  const bytes = out.finish();
  if (bytes.length > MAX_FRAME_BYTES - 16)
    throw new MesoError(
      'LAUNCH_FAILED',
      `command and environment are ${bytes.length} bytes, more than a program can be given`,
    );
  return bytes;
}
