/**
 * What oclif's parser throws, as our errors are: one line, the flag that was probably meant, and the help that explains it as a
 * command to paste. Looks at what an error carries, never at its text.
 */

import { findNearest } from './nearest.js';
import { Errors } from './oclif.js';

export interface UsedCommand {
  /** `task:list` */
  readonly id: string | undefined;
  readonly flagNames: readonly string[];
}

export function explainUsage(error: Errors.CLIError, { id = '', flagNames }: UsedCommand): Errors.CLIError {
  return new Errors.CLIError(messageFor(error, flagNames), {
    exit: 2,
    suggestions: [`mesoctl ${id.replaceAll(':', ' ')} --help`],
  });
}

function messageFor(error: Errors.CLIError, flagNames: readonly string[]): string {
  const { flags, args } = error as { readonly flags?: unknown; readonly args?: unknown };
  if (isTexts(flags)) return flags.map((flag) => unknownFlag(flag, flagNames)).join('; ');
  if (isArgs(args))
    return args.map(({ name, description = '' }) => `${name.toUpperCase()} is missing: ${description}`).join('; ');
  return error.message
    .replace(/\nSee more help with --help$/, '')
    .trim()
    .replaceAll(/:?\s*\n\s*/g, ': ');
}

function unknownFlag(flag: string, flagNames: readonly string[]): string {
  const nearest = findNearest(
    flag,
    flagNames.map((name) => `--${name}`),
  );
  return `there is no flag ${flag}${nearest === undefined ? '' : `. Did you mean ${nearest}?`}`;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');
}

function isArgs(value: unknown): value is readonly { readonly name: string; readonly description?: string }[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item?.name === 'string');
}
