/** The pages of man/ against the commands' own metadata, and against the programs that show them. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AGENT_FLAGS } from '../../src/daemon/config/agent-flags.js';
import { environmentNamesOf, type FlagTable } from '../../src/daemon/config/flag.js';
import { MASTER_FLAGS } from '../../src/daemon/config/master-flags.js';
import { projectRoot } from '../harness/process.mjs';

interface CommandMetadata {
  readonly id: string;
  readonly hidden?: boolean | undefined;
  readonly flags: Readonly<
    Record<string, { readonly name: string; readonly char?: string; readonly hidden?: boolean; readonly type: string }>
  >;
  readonly args: Readonly<Record<string, { readonly name: string }>>;
}

const manDir = join(projectRoot, 'man');
const pages = readdirSync(manDir).sort();
const manifest = JSON.parse(readFileSync(join(projectRoot, 'oclif.manifest.json'), 'utf8'));
const commands = Object.values<CommandMetadata>(manifest.commands).filter(({ hidden }) => hidden !== true);

/** As a reader sees it: no bold, no underline, one blank between words. */
function shown(file: string): string {
  const { stdout } = spawnSync('mandoc', ['-T', 'ascii', '-O', 'width=100', join(manDir, file)], { encoding: 'utf8' });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is how bold and underlined letters are printed
  return stdout.replaceAll(/.\x08/g, '');
}

function pageOf(id: string): string {
  const name = `mesoctl-${id.replaceAll(':', '-')}`;
  const file = [`${name}.1`, `${name}.8`].find((one) => existsSync(join(manDir, one)));
  if (file === undefined) throw new Error(`${name} has no page`);
  return file;
}

const missing = (program: string) =>
  spawnSync(program, ['--help'], { stdio: 'ignore' }).error === undefined ? undefined : `${program} is not installed`;
const noMandoc = missing('mandoc');
const noGroff = missing('groff');

describe('the manual', () => {
  it.each(commands.map(({ id }) => id))('has a page for %s with every flag and argument', (id) => {
    const command = commands.find((one) => one.id === id);
    const source = readFileSync(join(manDir, pageOf(id)), 'utf8').replaceAll('\\-', '-');
    for (const { name, char, hidden } of Object.values(command?.flags ?? {})) {
      if (hidden === true) continue;
      expect(source).toContain(`\\fB--${name}\\fR`);
      if (char !== undefined) expect(source).toContain(`\\fB-${char}\\fR`);
    }
    for (const { name } of Object.values(command?.args ?? {})) expect(source).toContain(`\\fI${name.toUpperCase()}`);
  });

  it.each<[string, FlagTable]>([
    ['master:start', MASTER_FLAGS],
    ['agent:join', AGENT_FLAGS],
  ])('names every variable of %s', (id, table) => {
    const source = readFileSync(join(manDir, pageOf(id)), 'utf8');
    for (const { spec } of Object.values(table))
      for (const name of environmentNamesOf(spec)) expect(source).toMatch(new RegExp(`\\b${name}\\b`));
  });

  it('refers only to pages that exist', () => {
    for (const page of pages) {
      const source = readFileSync(join(manDir, page), 'utf8').replaceAll('\\-', '-');
      const references = [...source.matchAll(/\b(mesoctl[\w-]*)\s?\((\d)\)/g)].map(
        ([, name, section]) => `${name}.${section}`,
      );
      expect(references.length).toBeGreaterThan(0);
      expect(references.filter((name) => !pages.includes(name))).toEqual([]);
    }
  });

  it('mandoc has nothing to say about', (context) => {
    if (noMandoc !== undefined) context.skip(noMandoc);
    const args = ['-T', 'lint', ...pages.map((page) => join(manDir, page))];
    const { stdout, stderr, status } = spawnSync('mandoc', args, { encoding: 'utf8' });
    expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 });
  });

  it('groff has no warning for', (context) => {
    if (noGroff !== undefined) context.skip(noGroff);
    for (const page of pages) {
      const args = ['-man', '-ww', '-Tutf8', join(manDir, page)];
      const { stderr, status } = spawnSync('groff', args, { encoding: 'utf8' });
      expect({ page, stderr, status }).toEqual({ page, stderr: '', status: 0 });
    }
  });

  it('reads well', (context) => {
    if (noMandoc !== undefined) context.skip(noMandoc);
    const launch = shown('mesoctl-task-launch.1');
    const heads = launch.split('\n').filter((line) => /^[A-Z ]+$/.test(line));
    expect(heads).toEqual([
      'NAME',
      'SYNOPSIS',
      'DESCRIPTION',
      'OPTIONS',
      'GLOBAL OPTIONS',
      'ENVIRONMENT',
      'EXIT STATUS',
      'EXAMPLES',
      'SEE ALSO',
    ]);
    expect(launch).toMatch(/mesoctl task launch \[--name NAME\] .*\[-e \| --env NAME=VALUE\]/);
    expect(launch).toMatch(/\n +-e, --env NAME=VALUE\n +\S/);
    expect(launch).toContain("$ mesoctl task launch --cpus 2 --mem 1G --name train -- 'python3 train.py | tee log'");
    const master = shown('mesoctl-master-start.8').replaceAll(/\s+/g, ' ');
    expect(master).toContain(
      'Takes a duration from 1secs to 15mins, for example 500ms, 15secs, 10mins. Default: 15secs. Also: --slave-ping-timeout. Environment: MESOS_AGENT_PING_TIMEOUT, MESOS_SLAVE_PING_TIMEOUT.',
    );
  });
});
