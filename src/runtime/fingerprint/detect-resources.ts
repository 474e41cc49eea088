/**
 * The resources of an agent: what the operator listed, and for every name not listed what the machine has (spec page 05,
 * sections 5.1 and 5.4).
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../base/error.js';
import { isRejection, type Rejection, reject } from '../../base/rejection.js';
import { Resources } from '../../offers/resources/resources.js';
import { type MachineCapacity, missingResources } from './capacity.js';
import { readCapacity } from './machine.js';
import { listedResourceNames } from './resource-names.js';

export interface DetectResourcesOptions {
  /** Value of --resources: text form, JSON array, or file:// with either; undefined: detect everything. */
  readonly flagText?: string | undefined;
  /** Role of what is detected, and of what is listed without a role. */
  readonly defaultRole: string;
  readonly workDir: string;
  /** Stands in for measuring the machine. */
  readonly capacity?: MachineCapacity | undefined;
}

export async function detectResources(options: DetectResourcesOptions): Promise<Resources | Rejection> {
  const flagText = await readFlag(options.flagText ?? '');
  if (isRejection(flagText)) return flagText;
  const names = listedResourceNames(flagText);
  if (isRejection(names)) return names;
  const listed = flagText === '' ? Resources.empty : Resources.parse(flagText, options.defaultRole);
  if (isRejection(listed)) return listed;
  const missing = missingResources(options.capacity ?? (await readCapacity(options.workDir)), names);
  if (missing === '') return listed;
  const detected = Resources.parse(missing, options.defaultRole);
  return isRejection(detected) ? detected : listed.add(detected);
}

async function readFlag(value: string): Promise<string | Rejection> {
  if (!value.startsWith('file://')) return value.trim();
  try {
    return (await readFile(fileURLToPath(value), 'utf8')).trim();
  } catch (error) {
    return reject('invalid', `cannot read the file of --resources: ${messageOf(error)}`);
  }
}
