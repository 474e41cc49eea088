/**
 * What the user sees when a command fails (design/ux, "Errors"): what failed, what to try, a code and the exit status.
 * Decides the exit status of everything that is thrown. Codes, not message texts, are what it looks at.
 */

import { AssertionError } from '../base/assert.js';
import { EXIT_STATUS_OF_ERROR, MesoError, messageOf } from '../base/error.js';
import { CommandFailure } from './command-failure.js';
import type { Errors } from './oclif.js';

export interface Failure {
  /** A MesoErrorCode, or USAGE. */
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** Commands or flags to paste. */
  readonly suggestions: readonly string[];
  readonly exitStatus: number;
  readonly stack?: string | undefined;
}

const USAGE_STATUS = 2;

/** undefined: the command ended on purpose (`exit`), nothing to print. */
export function findFailure(thrown: unknown): Failure | undefined {
  if (isOclifError(thrown) && thrown.code === 'EEXIT') return undefined;
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  if (thrown instanceof MesoError)
    return {
      code: thrown.code,
      message: thrown.message,
      details: thrown.details,
      suggestions: thrown.suggestions,
      exitStatus: thrown instanceof CommandFailure ? thrown.exitStatus : EXIT_STATUS_OF_ERROR[thrown.code],
      stack,
    };
  if (isOclifError(thrown)) return usageFailure(thrown, stack);
  const what = thrown instanceof AssertionError ? 'a broken invariant' : 'an unexpected error';
  return {
    code: 'INTERNAL',
    message: `${what}, which is a fault of mesoctl: ${messageOf(thrown)}`,
    details: {},
    suggestions: ['the same command with --debug, and report what it prints'],
    exitStatus: EXIT_STATUS_OF_ERROR.INTERNAL,
    stack,
  };
}

/** By what it carries: the help command comes with a copy of oclif of its own, and so with classes of its own. */
export function isOclifError(thrown: unknown): thrown is Errors.CLIError & { readonly code?: string } {
  return thrown instanceof Error && 'oclif' in thrown;
}

function usageFailure(error: Errors.CLIError, stack: string | undefined): Failure {
  return {
    code: 'USAGE',
    message: lowerFirst(error.message),
    details: {},
    suggestions: error.suggestions ?? ['mesoctl --help'],
    exitStatus: USAGE_STATUS,
    stack,
  };
}

/** Text for people: the next step and the code come last, where the eye is. */
export function formatFailure(failure: Failure, options: { readonly debug: boolean }): string {
  const code = `${failure.code} ${failure.exitStatus}`;
  const lines = `Error: ${failure.message}`.split('\n');
  if (failure.suggestions.length > 0) lines.push(`Try: ${failure.suggestions.join('   or   ')}`);
  const last = lines.pop() ?? '';
  lines.push(`${last}    ${code}`);
  if (options.debug && failure.stack !== undefined) lines.push(failure.stack);
  return `${lines.join('\n')}\n`;
}

/** One object on one line. */
export function formatFailureJson(failure: Failure): string {
  const { code, message, details, suggestions, exitStatus } = failure;
  return `${JSON.stringify({ error: { code, message, details, try: suggestions, exit: exitStatus } }, jsonSafe)}\n`;
}

function jsonSafe(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z ]/.test(text) ? `${text.charAt(0).toLowerCase()}${text.slice(1)}` : text;
}
