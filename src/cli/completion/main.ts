/**
 * `mesoctl __complete`, which the scripts of the shells call at each TAB: prints candidates, or none. It answers within 300 ms:
 * it loads neither the command framework nor, unless the cluster is to be asked, the client, and the cluster has 200 ms of
 * these. Says nothing on stderr.
 */
import { readFileSync } from 'node:fs';
import { parseDuration } from '../../base/duration.js';
import { isRejection } from '../../base/rejection.js';
import { DEFAULT_MASTERS } from '../../client/address.js';
import { type Answerable, formatAnswer, formatBashAnswer } from './answer.js';
import { readBashLine } from './bash-line.js';
import { type CommandTree, type Completion, complete } from './complete.js';

/** How long the cluster is waited for; MESOCTL_COMPLETION_TIMEOUT says otherwise. */
const ANSWER_MS = 200;
/** COMP_TYPE of bash when it lists and inserts nothing: TAB a second time. */
const BASH_LISTS = '63';
const DEFAULT_COLUMNS = 80;

/** `argv`: `bash COMP_TYPE COLUMNS COMP_WORDBREAKS LINE`, or `zsh|fish WORD... CURRENT`. Ends the process. */
export async function completeMain(argv: readonly string[]): Promise<never> {
  try {
    process.stdout.write(await answerTo(argv));
  } catch {
    // A completion that is broken must not print into the line that is being typed.
  }
  process.exit(0);
}

async function answerTo([shell, ...rest]: readonly string[]): Promise<string> {
  if (shell === 'bash') {
    const [compType, columns, breaks = '', typed = ''] = rest;
    const line = readBashLine(typed, breaks);
    return formatBashAnswer(await answer(line.words.slice(1), line.current), line, {
      isListing: compType === BASH_LISTS,
      columns: Number(columns) || DEFAULT_COLUMNS,
    });
  }
  return formatAnswer(await answer(rest.slice(0, -1), rest.at(-1) ?? ''));
}

async function answer(words: readonly string[], current: string): Promise<Answerable> {
  const completion = complete(readTree(), words, current);
  return completion.live === undefined
    ? completion
    : { candidates: await liveCandidates(completion, completion.live), files: completion.files };
}

async function liveCandidates({ master }: Completion, { kind, reference, head }: NonNullable<Completion['live']>) {
  const { liveNames } = await import('./live-names.js');
  const fromEnvironment = process.env.MESOCTL_MASTER === '' ? undefined : process.env.MESOCTL_MASTER;
  const masters = master ?? fromEnvironment ?? DEFAULT_MASTERS;
  const limitMs = parseDuration(process.env.MESOCTL_COMPLETION_TIMEOUT ?? '');
  const names = await liveNames(
    { kind, reference, masters },
    { env: process.env, nowUnixMs: Date.now, timeoutMs: isRejection(limitMs) ? ANSWER_MS : limitMs },
  );
  return names.map(({ value, description }) => ({ value: `${head}${value}`, description }));
}

/** The manifest of the commands, and the nouns of package.json. */
function readTree(): CommandTree {
  const read = (name: string) => JSON.parse(readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8'));
  return { commands: Object.values(read('oclif.manifest.json').commands), topics: read('package.json').oclif.topics };
}
