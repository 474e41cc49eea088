/** What `mesoctl doctor` reports. Plain data: the command prints it as a table or as JSON. */

/** ok: as it should be. warning: works with less. missing: something cannot be done. unknown: could not be found out. */
export type DoctorState = 'ok' | 'warning' | 'missing' | 'unknown';

export interface DoctorRow {
  /** machine: what an agent stands on. isolator: what --isolation may name, and tracking. */
  readonly group: 'machine' | 'isolator';
  readonly name: string;
  readonly state: DoctorState;
  /** What was found, in a few words. */
  readonly found: string;
  /** What to do about it; absent when there is nothing to do. */
  readonly remedy?: string | undefined;
}

export interface DoctorReport {
  readonly hostname: string;
  readonly operatingSystem: string;
  readonly kernel: string;
  readonly rows: readonly DoctorRow[];
  /** The strongest value for --isolation on this machine; empty: no task can be run here. */
  readonly isolation: readonly string[];
  /** Isolators of the default that this machine cannot give. */
  readonly reduced: readonly { readonly isolator: string; readonly why: string }[];
}
