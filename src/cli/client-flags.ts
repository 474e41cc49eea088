/** Flags of every command that talks to masters, and what they mean. One table: a flag means the same everywhere. */

import { parseDuration } from '../base/duration.js';
import { MesoError } from '../base/error.js';
import { isRejection } from '../base/rejection.js';
import { type Address, DEFAULT_MASTERS, parseAddresses } from '../client/address.js';
import { globalFlags } from './base-command.js';
import { Args, Flags } from './oclif.js';

export const clientFlags = {
  ...globalFlags,
  master: Flags.string({
    summary: `masters; the leader is found (MESOCTL_MASTER, ${DEFAULT_MASTERS})`,
    helpValue: 'HOST:PORT,...',
    helpGroup: 'GLOBAL',
  }),
  json: Flags.boolean({ summary: 'JSON for programs, errors included', helpGroup: 'GLOBAL' }),
};

/** Of commands about one agent. */
export const agentArgs = {
  agent: Args.string({ description: 'hostname or id, its last part, or a beginning or end of it', required: true }),
};

/** Of commands about machines; named so that agents complete it. */
export const machineArgs = {
  agent: Args.string({ description: 'hostnames or ips of machines, or ids of their agents; - reads them from stdin' }),
};

/** Of commands that answer a question. */
export const queryFlags = {
  ...clientFlags,
  timeout: Flags.string({
    summary: 'how long to wait for an answer',
    helpValue: 'DURATION',
    default: '30secs',
    helpGroup: 'GLOBAL',
  }),
  quiet: Flags.boolean({ char: 'q', summary: 'no talk on stderr, errors only', helpGroup: 'GLOBAL' }),
};

/** Of commands whose answer comes when the masters have agreed, or written, or met a newcomer: at most a minute of theirs. */
export const patientFlags = {
  ...queryFlags,
  timeout: Flags.string({
    summary: 'how long to wait for the end of it',
    helpValue: 'DURATION',
    default: '75secs',
    helpGroup: 'GLOBAL',
  }),
};

const outputSummary = 'form of the output (default table); --json is -o json';

/** Of commands that show one thing. */
export const showFlags = {
  output: Flags.option({ char: 'o', options: ['table', 'json', 'yaml', 'name'] as const, summary: outputSummary })(),
};

/** Of commands that list. */
export const listFlags = {
  output: Flags.option({
    char: 'o',
    options: ['table', 'wide', 'json', 'yaml', 'name'] as const,
    summary: outputSummary,
  })(),
  columns: Flags.string({ summary: 'columns to print, in that order', helpValue: 'COLUMN,...' }),
  sort: Flags.string({ summary: 'field to sort by, - before it turns it round', helpValue: '[-]FIELD' }),
  filter: Flags.string({
    summary: 'only what fits: words, field=value, !not; see "mesoctl help filters"',
    helpValue: 'FILTER',
  }),
  limit: Flags.integer({
    char: 'l',
    summary: 'rows at most; 0: all (200 on a terminal, else all)',
    helpValue: 'N',
    min: 0,
  }),
  'no-header': Flags.boolean({ summary: 'rows only' }),
};

export const watchFlags = {
  watch: Flags.boolean({ char: 'w', summary: 'follow changes: repaint, or a line each (+ ~ -) in a pipe' }),
};

/** Of commands that change something. */
export const changeFlags = {
  yes: Flags.boolean({ char: 'y', summary: 'do not ask' }),
  'no-input': Flags.boolean({ summary: 'never ask: where a question is needed, do nothing and fail' }),
  'dry-run': Flags.boolean({ summary: 'let the master judge it, do nothing', default: false }),
};

/** Of changes of the masters that can be undone. */
export const membershipFlags = {
  'dry-run': Flags.boolean({ summary: 'say what would come of it, do nothing', default: false }),
};

/** Of commands whose work cannot be undone. */
export const finalFlags = {
  confirm: Flags.string({ summary: 'the name, instead of typing it when asked', helpValue: 'NAME' }),
  yes: Flags.boolean({ char: 'y', summary: 'not enough here: --confirm NAME' }),
  'no-input': changeFlags['no-input'],
  ...membershipFlags,
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
  return durationFrom('--timeout', text);
}

/** Milliseconds of a flag that takes a duration. Throws BAD_INPUT. */
export function durationFrom(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (isRejection(ms)) throw new MesoError('BAD_INPUT', `${flag}: ${ms.message}`);
  return ms;
}
