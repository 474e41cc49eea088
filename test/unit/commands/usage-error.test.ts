/** Errors of the parser as users see them. */
import { Args, Errors, Flags, Parser } from '@oclif/core';
import { describe, expect, it } from 'vitest';
import { explainUsage } from '../../../src/cli/usage-error.js';

const FLAGS = {
  output: Flags.string({ options: ['table', 'json'] }),
  limit: Flags.integer({ min: 0 }),
  'dry-run': Flags.boolean({ exclusive: ['limit'] }),
};
const ARGS = { task: Args.string({ required: true, description: 'id or name' }) };

async function usage(...argv: string[]): Promise<{ readonly message: string; readonly suggestions: unknown }> {
  try {
    await Parser.parse(argv, { flags: FLAGS, args: ARGS });
  } catch (error) {
    if (!(error instanceof Errors.CLIError)) throw error;
    const { message, suggestions } = explainUsage(error, { id: 'task:kill', flagNames: Object.keys(FLAGS) });
    return { message, suggestions };
  }
  throw new Error('the parser took it');
}

describe('explainUsage', () => {
  it.each([
    [['x', '--dry-rum'], 'there is no flag --dry-rum. Did you mean --dry-run?'],
    [['x', '--frobnicate'], 'there is no flag --frobnicate'],
    [[], 'TASK is missing: id or name'],
    [['x', 'y', 'z'], 'Unexpected arguments: y, z'],
    [['x', '--output', 'xml'], 'Expected --output=xml to be one of: table, json'],
    [['x', '--limit', 'a'], 'Parsing --limit: Expected an integer but received: a'],
    [
      ['x', '--dry-run', '--limit', '1'],
      'The following error occurred: --limit=1 cannot also be provided when using --dry-run',
    ],
  ])('%j', async (argv, message) => {
    expect(await usage(...argv)).toEqual({ message, suggestions: ['mesoctl task kill --help'] });
  });
});
