/**
 * What this software says it is. Clients read the dotted integers of `version` to find out what they may use, so it names
 * the Mesos release whose API this is; our own version travels in `git_tag`, the only free text of VersionInfo, and in an
 * extra key of the legacy endpoint, whose readers accept extra keys. Source: spec page 13, 13.4.
 */
import { readFileSync } from 'node:fs';
import type * as mesos from '../../wire/gen/mesos.js';

/** The Mesos release whose API is spoken. */
export const MESOS_API_VERSION = '1.12.0';

/** Our own version, from package.json; dist/daemon/http and src/daemon/http lie equally deep. */
export function readProductVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(text) as { readonly version?: unknown }).version);
}

export function versionInfo(productVersion: string): mesos.VersionInfo {
  return { version: MESOS_API_VERSION, git_tag: `mesoctl-${productVersion}` };
}

/** Body of `GET /version`. */
export function versionJson(productVersion: string): string {
  return JSON.stringify({ ...versionInfo(productVersion), mesoctl_version: productVersion });
}
