/** Flags of every command that talks to masters, and what they mean. */
import { Flags } from '@oclif/core';
import { parseDuration } from '../base/duration.js';
import { MesoError } from '../base/error.js';
import { isRejection } from '../base/rejection.js';
import { type Address, parseAddresses } from '../client/address.js';
import { globalFlags } from './base-command.js';

export const DEFAULT_MASTERS = '127.0.0.1:5050';

export const clientFlags = {
  ...globalFlags,
  master: Flags.string({
    summary: `masters; the leader is found (MESOCTL_MASTER, ${DEFAULT_MASTERS})`,
    helpValue: 'HOST:PORT,...',
    helpGroup: 'GLOBAL',
  }),
  json: Flags.boolean({ summary: 'JSON for programs, errors included', helpGroup: 'GLOBAL' }),
};

/** Flag, then MESOCTL_MASTER, then this machine. Throws BAD_INPUT. */
export function mastersFrom(flag: string | undefined, env: NodeJS.ProcessEnv): readonly Address[] {
  const fromEnvironment = env.MESOCTL_MASTER === '' ? undefined : env.MESOCTL_MASTER;
  const addresses = parseAddresses(flag ?? fromEnvironment ?? DEFAULT_MASTERS);
  if (!isRejection(addresses)) return addresses;
  throw new MesoError('BAD_INPUT', `${flag === undefined ? 'MESOCTL_MASTER' : '--master'}: ${addresses.message}`);
}

/** Milliseconds of a `--timeout`. Throws BAD_INPUT. */
export function timeoutFrom(text: string): number {
  const ms = parseDuration(text);
  if (isRejection(ms)) throw new MesoError('BAD_INPUT', `--timeout: ${ms.message}`);
  return ms;
}
