// Generates man/, and the list of its pages in package.json, from what `--help` is made of: the commands' own metadata, the
// flag tables of the daemons, the topics of src/cli/help-topics.ts. Reads sources, so it needs no build. `--check` only
// compares.
// Run by: npm run man, which is node --import tsx tools/gen-man.mjs
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ManPage, sentence, tagline } from './man-page.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const outDir = join(root, 'man');
const check = process.argv.includes('--check');
const source = (path) => import(pathToFileURL(join(root, 'src', path)).href);

const { ENVIRONMENT, EXIT_STATUSES, HELP_TOPICS, ROOT_EXAMPLES, ROOT_SUMMARY } = await source('cli/help-topics.ts');
const { MASTER_FLAGS } = await source('daemon/config/master-flags.ts');
const { AGENT_FLAGS } = await source('daemon/config/agent-flags.ts');
const { defaultTextOf, environmentNamesOf } = await source('daemon/config/flag.ts');

/** Commands that are daemons, and their flags. Their pages are in section 8. */
const DAEMONS = { 'master:start': MASTER_FLAGS, 'agent:join': AGENT_FLAGS };
/** Topics that are pages of their own; the others are part of mesoctl(1). */
const TOPIC_SECTION = 7;
const PAGED_TOPICS = new Set(['filters']);

/** With more flags than this a synopsis is no help. */
const MAX_SYNOPSIS_FLAGS = 16;

const packagePath = join(root, 'package.json');
const packageJson = JSON.parse(readFileSync(packagePath, 'utf8'));
const { oclif } = packageJson;
const commands = await loadCommands();
const topics = topicsOf(commands);
const pages = [
  rootPage(),
  ...topics.map(topicPage),
  ...commands.map(commandPage),
  ...HELP_TOPICS.filter(({ name }) => PAGED_TOPICS.has(name)).map(helpTopicPage),
];
process.exitCode = check ? compare(pages) : write(pages);

// What there is.

async function loadCommands() {
  const dir = join(root, 'src/commands');
  const files = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(dir, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
  const loaded = await Promise.all(files.map(loadCommand));
  return loaded.filter(({ hidden }) => !hidden);
}

async function loadCommand(file) {
  const { default: command } = await source(`commands/${file}`);
  const words = file.replace(/\.tsx?$/, '').split('/');
  if (words.at(-1) === 'index') words.pop();
  const flags = Object.entries({ ...command.baseFlags, ...command.flags })
    .filter(([, flag]) => flag.hidden !== true)
    .map(([name, flag]) => ({ ...flag, name }));
  const id = words.join(':');
  return {
    id,
    words,
    fileName: fileNameOf(words, DAEMONS[id] === undefined ? 1 : 8),
    summary: command.summary ?? '',
    description: command.description ?? '',
    usage: command.usage,
    aliases: command.aliases ?? [],
    examples: (command.examples ?? []).map(exampleOf),
    extras: command.helpExtras ?? {},
    args: Object.entries(command.args ?? {}).map(([name, arg]) => ({ ...arg, name })),
    isStrict: command.strict !== false,
    flags,
    hidden: command.hidden === true,
  };
}

/** `command    what it does`, as help shows it. */
function exampleOf(example) {
  if (typeof example !== 'string') return [example.command, example.description ?? ''];
  const [command, ...note] = example.split(/ {2,}/);
  return [command, note.join(' ')];
}

function topicsOf(all) {
  const names = [...new Set(all.flatMap(({ words }) => (words.length > 1 ? [words[0]] : [])))].sort();
  return names.map((name) => ({
    name,
    description: oclif.topics?.[name]?.description ?? '',
    commands: all.filter(({ words }) => words[0] === name),
  }));
}

function fileNameOf(words, section) {
  return `${['mesoctl', ...words].join('-')}.${section}`;
}

// Pages.

function rootPage() {
  const page = new ManPage('mesoctl', 1, ROOT_SUMMARY);
  page.heading('SYNOPSIS');
  page.synopsis('mesoctl', [[['I', 'COMMAND']], ['[', ['I', 'flags'], ']']]);
  page.synopsis('mesoctl help', [['[', ['I', 'COMMAND'], ' | ', ['I', 'TOPIC'], ']']]);
  page.heading('DESCRIPTION');
  page.paragraph(
    'Masters share the machines of a cluster out as resource offers, frameworks decide what to run, agents run it in containers. Frameworks and tools written for Apache Mesos work unchanged.',
  );
  page.paragraph(
    'stdout is data, stderr is talk. Each command has a page of its own: that of task launch is mesoctl-task-launch(1); daemons are in section 8.',
  );
  page.heading('COMMANDS');
  for (const command of commands) page.term([['B', command.words.join(' ')]], sentence(tagline(command.summary)));
  globalOptions(page, globalFlagsOf(commands));
  for (const { name, summary, blocks } of HELP_TOPICS.filter(({ name }) => name === 'flags')) {
    page.heading(`WRITING ${name.toUpperCase()}`);
    page.paragraph(sentence(summary));
    helpBlocks(page, blocks);
  }
  environmentSection(page, ENVIRONMENT);
  exitStatusSection(page, { rows: EXIT_STATUSES });
  page.heading('EXAMPLES').examples(ROOT_EXAMPLES.map(([command, note]) => [command, note]));
  return page.seeAlso([...commands.map(({ fileName }) => fileName), ...pagedTopicFiles()]);
}

function topicPage(topic) {
  const page = new ManPage(`mesoctl-${topic.name}`, 1, tagline(topic.description));
  page.heading('SYNOPSIS').synopsis(`mesoctl ${topic.name}`, [[['I', 'COMMAND']], ['[', ['I', 'flags'], ']']]);
  page.heading('DESCRIPTION').paragraph(sentence(topic.description));
  page.heading('COMMANDS');
  for (const command of topic.commands)
    page.term([['B', command.words.slice(1).join(' ')]], sentence(tagline(command.summary)));
  page.heading('EXAMPLES').examples(topic.commands.flatMap(({ examples }) => examples.slice(0, 1)));
  return page.seeAlso(['mesoctl.1', ...topic.commands.map(({ fileName }) => fileName)]);
}

function commandPage(command) {
  const { id, words, fileName, summary, description, examples, extras, flags } = command;
  const table = DAEMONS[id];
  const section = table === undefined ? 1 : 8;
  const page = new ManPage(fileName.slice(0, -2), section, tagline(summary));
  page.heading('SYNOPSIS').synopsis(`mesoctl ${words.join(' ')}`, usageItems(command));
  page.heading('DESCRIPTION');
  if (description.trim() === '') page.paragraph(sentence(summary));
  else for (const paragraph of description.trim().split(/\n\s*\n/)) page.paragraph(paragraph);
  if (command.aliases.length > 0)
    page.paragraph(`Also: ${command.aliases.map((alias) => `mesoctl ${alias.replaceAll(':', ' ')}`).join(', ')}.`);
  optionsSection(page, command, table);
  globalOptions(page, flags.filter(isGlobal));
  columnsSection(page, extras);
  // MESOCTL_MASTER is not for daemons, whose --master is a flag of their own.
  const heeded = table === undefined ? flags : flags.filter(isGlobal);
  const names = new Set([...heeded, ...command.args].map(({ name }) => name));
  environmentSection(
    page,
    ENVIRONMENT.filter((row) => row.flags.some((name) => names.has(name))),
    table,
  );
  exitStatusSection(page, exitsOf(extras.exits));
  filesSection(page, Object.entries(extras.files ?? {}));
  if (examples.length > 0) page.heading('EXAMPLES').examples(examples);
  const siblings = commands.filter((other) => other !== command && words.length > 1 && other.words[0] === words[0]);
  const next = commands.filter((other) => other !== command && mentions(extras.next, other.words));
  const topicFile = words.length > 1 ? [fileNameOf([words[0]], 1)] : [];
  const topicPages = pagedTopicFiles().filter((file) => flags.some(({ name }) => file.includes(name)));
  return page.seeAlso([
    'mesoctl.1',
    ...topicFile,
    ...[...siblings, ...next].map((other) => other.fileName),
    ...topicPages,
  ]);
}

function helpTopicPage({ name, summary, blocks }) {
  const page = new ManPage(`mesoctl-${name}`, TOPIC_SECTION, summary);
  page.heading('DESCRIPTION');
  helpBlocks(page, blocks);
  return page.seeAlso(['mesoctl.1']);
}

function pagedTopicFiles() {
  return HELP_TOPICS.filter(({ name }) => PAGED_TOPICS.has(name)).map(({ name }) => fileNameOf([name], TOPIC_SECTION));
}

function helpBlocks(page, blocks) {
  for (const block of blocks) {
    if (block.text !== undefined) page.paragraph(block.text);
    for (const [term, meaning] of block.terms ?? []) page.term([['B', term]], sentence(meaning));
    if (block.commands !== undefined) page.examples(block.commands.map((command) => [command, '']));
  }
}

function mentions(next, words) {
  return (next ?? '').split(' · ').some((line) => `${line} `.startsWith(`mesoctl ${words.join(' ')} `));
}

// Sections.

function isGlobal({ helpGroup }) {
  return helpGroup === 'GLOBAL';
}

function usageItems(command) {
  const own = command.flags.filter((flag) => !isGlobal(flag));
  const flagItems =
    own.length > MAX_SYNOPSIS_FLAGS
      ? [['[', ['I', 'flags'], ']']]
      : own.map((flag) => (flag.required === true ? flagSpans(flag) : ['[', ...flagSpans(flag), ']']));
  if (typeof command.usage === 'string')
    return command.usage.split(' ').flatMap((word) => (word === '[flags]' ? flagItems : [usageSpans(word)]));
  const args = command.args
    .filter(({ hidden }) => hidden !== true)
    .map((arg) => {
      const name = `${arg.name.toUpperCase()}${arg.multiple === true || !command.isStrict ? '...' : ''}`;
      return arg.required === true ? [['I', name]] : ['[', ['I', name], ']'];
    });
  return [...args, ...flagItems];
}

/** A word of a written usage: brackets and dots plain, capitals a placeholder, the rest as typed. */
function usageSpans(word) {
  return word
    .split(/([[\]|]|\.\.\.)/)
    .filter((part) => part !== '')
    .map((part) => (/^([[\]|]|\.\.\.)$/.test(part) ? part : /^[A-Z]/.test(part) ? ['I', part] : ['B', part]));
}

/** `-o, --output FORMAT`, as in help. */
function flagSpans(flag, separator = ' | ') {
  const short = flag.char === undefined ? [] : [['B', `-${flag.char}`], separator];
  return [...short, ['B', `--${flag.name}`], ...(flag.type === 'boolean' ? [] : [' ', ['I', valueLabel(flag)]])];
}

function valueLabel(flag) {
  const { helpValue, options } = flag;
  return [helpValue ?? options?.join('|') ?? 'VALUE'].flat().join(' ');
}

function optionsSection(page, command, table) {
  const own = command.flags.filter((flag) => !isGlobal(flag));
  const args = command.args.filter(({ hidden }) => hidden !== true);
  if (own.length + args.length === 0) return;
  page.heading('OPTIONS');
  for (const arg of args)
    page.term(
      [['I', arg.name.toUpperCase()]],
      sentence(arg.description ?? ''),
      arg.options === undefined ? '' : `One of ${arg.options.join(', ')}.`,
    );
  const groups = [...new Set(own.map(({ helpGroup }) => helpGroup ?? ''))].sort(lastIs('OTHER'));
  for (const group of groups) {
    if (group !== '' && groups.length > 1) page.subheading(sentence(group.toLowerCase()).replace(/\.$/, ''));
    for (const flag of own.filter(({ helpGroup }) => (helpGroup ?? '') === group)) {
      const row = table === undefined ? undefined : Object.values(table).find(({ spec }) => spec.name === flag.name);
      if (row === undefined) page.term(termOf(flag), ...flagTexts(flag));
      else page.term(termOf(flag), ...daemonFlagTexts(row));
    }
  }
}

function lastIs(last) {
  return (left, right) => Number(left === last) - Number(right === last);
}

function termOf(flag) {
  const spans = flagSpans(flag, ', ');
  return flag.allowNo === true ? [...spans, ', ', ['B', `--no-${flag.name}`]] : spans;
}

function flagTexts(flag) {
  const { summary = '', description = '', options, multiple, dependsOn = [], exclusive = [] } = flag;
  const isNamed = summary.includes(`(${flag.default})`);
  const facts = [
    options === undefined || flag.helpValue === undefined ? '' : `One of ${options.join(', ')}.`,
    typeof flag.default === 'string' || typeof flag.default === 'number'
      ? isNamed
        ? ''
        : `Default: ${flag.default}.`
      : '',
    multiple === true ? 'May be given several times.' : '',
    dependsOn.length === 0 ? '' : `Only with ${dependsOn.map((name) => `--${name}`).join(', ')}.`,
    exclusive.length === 0 ? '' : `Not together with ${exclusive.map((name) => `--${name}`).join(', ')}.`,
    flag.env === undefined ? '' : `Environment: ${flag.env}.`,
  ].filter((fact) => fact !== '');
  return [[sentence(defaultNamed(summary, flag.default)), sentence(description)].join(' '), facts.join(' ')];
}

/** Help has its defaults in brackets; a page has room to say what they are. */
function defaultNamed(summary, value) {
  return summary.replace(` (${value})`, ` (default: ${value})`);
}

function daemonFlagTexts(row) {
  const { spec } = row;
  const { kind } = spec;
  const alsoNamed = (spec.aliases ?? []).map((name) => `--${name}`);
  const isPlain = kind.isBoolean === true || kind.isPath === true || kind.label.includes('|');
  const facts = [
    isPlain ? '' : `Takes ${kind.allowed}.`,
    defaultFact(row),
    alsoNamed.length === 0 ? '' : `Also: ${alsoNamed.join(', ')}.`,
  ].filter((fact) => fact !== '');
  return [sentence(spec.summary), facts.join(' '), `Environment: ${environmentNamesOf(spec).join(', ')}.`];
}

/** The default of root, and of others where it differs. */
function defaultFact(row) {
  const forRoot = defaultTextOf(row, { isRoot: true, env: {} });
  if (forRoot === undefined) return '';
  const forOthers = defaultTextOf(row, { isRoot: false, env: { XDG_STATE_HOME: '/STATE' } });
  const written = forRoot === '' ? 'empty' : forRoot;
  if (forOthers === forRoot) return `Default: ${written}.`;
  return `Default: ${written} for root, ${forOthers.replace('/STATE', '~/.local/state')} for others (XDG_STATE_HOME counts).`;
}

function globalFlagsOf(all) {
  const byName = new Map(all.flatMap(({ flags }) => flags.filter(isGlobal)).map((flag) => [flag.name, flag]));
  return [...byName.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}

function globalOptions(page, flags) {
  page.heading('GLOBAL OPTIONS');
  for (const flag of flags) page.term(termOf(flag), ...flagTexts(flag));
  page.term([['B', '-h'], ', ', ['B', '--help']], 'Show help.');
}

function columnsSection(page, { columns, fields }) {
  if (fields === undefined) return;
  page.heading(columns === undefined ? 'FIELDS' : 'COLUMNS AND FIELDS');
  if (columns !== undefined) page.paragraph(`Columns: ${columns.join(', ')}.`);
  page.paragraph(`Fields: ${fields.join(', ')}.`);
}

function environmentSection(page, rows, table) {
  page.heading('ENVIRONMENT');
  for (const { name, meaning } of rows) page.term([['B', name]], sentence(meaning));
  if (table === undefined) return;
  page.term(
    [
      ['B', 'MESOS_'],
      ['I', 'NAME'],
    ],
    'Every flag can be given by a variable: --work-dir by MESOS_WORK_DIR. Those of a flag are named with it; the first that is set counts. A flag on the command line wins over the environment, that over the file of --config, that over the default. An empty variable counts as absent.',
  );
}

/**
 * What help says in one line, `3 no such task · 6 refused. SIGTERM ends it`: rows of statuses, what holds for all commands among
 * them, `before` what stands without a status, `after` what follows as a sentence.
 */
function exitsOf(exits) {
  const [list = '', ...after] = (exits ?? '').split('. ');
  const parts = list.split(' · ').filter((part) => part !== '');
  const split = parts.map((part) => /^(\d+(?:\+n|(?:, \d+)*))\s+(.*)$/.exec(part)?.slice(1) ?? part);
  const own = split.filter((part) => Array.isArray(part));
  const taken = new Set(own.map(([status]) => status));
  const isOwnStatus = own.length < split.length;
  const shared = EXIT_STATUSES.filter(
    ([status]) => !taken.has(status) && (isOwnStatus ? ['2', '130'] : ['0', '1', '2', '130']).includes(status),
  );
  const rows = [...own, ...shared].sort(([left], [right]) => Number.parseInt(left, 10) - Number.parseInt(right, 10));
  return { before: split.filter((part) => !Array.isArray(part)), rows, after };
}

function exitStatusSection(page, { before = [], rows, after = [] }) {
  page.heading('EXIT STATUS');
  for (const text of before) page.paragraph(sentence(text));
  for (const [status, meaning] of rows) page.term([['B', status]], sentence(meaning));
  for (const text of after) page.paragraph(sentence(text));
}

function filesSection(page, files) {
  if (files.length === 0) return;
  page.heading('FILES');
  for (const [path, meaning] of files) page.term([['I', path]], sentence(meaning));
}

// Writing.

function write(all) {
  mkdirSync(outDir, { recursive: true });
  const wanted = new Set(all.map(({ fileName }) => fileName));
  for (const name of readdirSync(outDir)) if (/\.\d$/.test(name) && !wanted.has(name)) rmSync(join(outDir, name));
  for (const page of all) writeFileSync(join(outDir, page.fileName), page.toString());
  writeFileSync(packagePath, `${JSON.stringify({ ...packageJson, man: packageList(all) }, null, 2)}\n`);
  console.log(`gen-man: ${all.length} pages in man/`);
  return 0;
}

/** npm installs the pages that `man` of package.json names, and heeds no `directories.man`. */
function packageList(all) {
  return all.map(({ fileName }) => `man/${fileName}`).sort();
}

function compare(all) {
  const stale = all
    .filter(({ fileName }) => !existsSync(join(outDir, fileName)))
    .map(({ fileName }) => `man/${fileName} is missing`);
  for (const page of all) {
    const path = join(outDir, page.fileName);
    if (existsSync(path) && readFileSync(path, 'utf8') !== page.toString())
      stale.push(`man/${page.fileName} differs from the help of its command`);
  }
  const wanted = new Set(all.map(({ fileName }) => fileName));
  const present = existsSync(outDir) ? readdirSync(outDir) : [];
  for (const name of present) if (!wanted.has(name)) stale.push(`man/${name} belongs to no command`);
  if (JSON.stringify(packageJson.man) !== JSON.stringify(packageList(all)))
    stale.push('"man" of package.json does not name the pages');
  for (const line of stale) console.error(line);
  if (stale.length > 0) console.error('run: npm run man');
  return stale.length === 0 ? 0 : 1;
}
