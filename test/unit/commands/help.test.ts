/** Help of every command at once, made in this process: what fits, what is said, in which order. */
import { Config } from '@oclif/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { MesoctlHelp } from '../../../src/cli/help.js';
import { HELP_TOPICS } from '../../../src/cli/help-topics.js';
import { projectRoot } from '../../harness/process.mjs';

class RecordedHelp extends MesoctlHelp {
  readonly lines: string[] = [];

  protected override log(...texts: string[]): void {
    this.lines.push(...texts.join(' ').split('\n'));
  }
}

let config: Config;
beforeAll(async () => {
  config = await Config.load(projectRoot);
});

async function helpOf(...words: string[]): Promise<readonly string[]> {
  const help = new RecordedHelp(config);
  await help.showHelp(words);
  return help.lines;
}

describe('help', () => {
  it('of everything fits 100 columns, but for examples and names', async () => {
    const subjects = [[], ...HELP_TOPICS.map(({ name }) => [name]), ...config.topics.map(({ name }) => [name])];
    for (const words of [...subjects, ...config.commandIDs.map((id) => id.split(':'))]) {
      const lines = await helpOf(...words);
      expect(lines.length).toBeGreaterThan(3);
      const wide = lines.filter((line) => line.length > 100 && !line.startsWith('  $ ') && line.trim().includes(' '));
      expect({ words, wide }).toEqual({ words, wide: [] });
    }
  });

  it('of every command says what it is, then shows examples', async () => {
    for (const { id, hidden, pluginName } of config.commands) {
      if (hidden === true || pluginName !== 'mesoctl') continue;
      const lines = await helpOf(...id.split(':'));
      expect({ id, first: lines[0] }).toEqual({ id, first: expect.stringMatching(/^[A-Z].*[.]$/) });
      const [examples, usage] = [lines.indexOf('EXAMPLES'), lines.findIndex((line) => line.startsWith('USAGE  '))];
      expect({ id, examples: examples > 0 && examples < usage }).toEqual({ id, examples: true });
      expect(lines.some((line) => line.startsWith('GLOBAL  --color'))).toBe(true);
    }
  });

  it('names the columns and fields of lists', async () => {
    const lines = await helpOf('task', 'list');
    expect(lines.find((line) => line.startsWith('COLUMNS '))).toMatch(/^COLUMNS task .*state/);
    expect(lines.find((line) => line.startsWith('FIELDS '))).toMatch(/^FIELDS {2}task .*since/);
  });

  it('hides second names', async () => {
    const text = (await helpOf()).join('\n');
    const hidden = config.commands.flatMap(({ hiddenAliases = [] }) => hiddenAliases);
    for (const alias of hidden) expect(text).not.toMatch(new RegExp(`^ {2}${alias}\\b`, 'm'));
  });
});
