/** `--watch`: a picture that is painted over on a terminal, a line for each change anywhere else. */
import { MesoError } from '../../base/error.js';
import type { RowOf, TableName } from '../../views/model/rows.js';
import type { Noun } from '../cluster/nouns.js';
import type { Session } from '../cluster/session.js';
import { Interrupts } from '../interrupts.js';
import { follow, lostText } from './follow.js';
import type { ListOptions } from './list-options.js';
import { ChangeLines } from './watch-lines.js';

/** Resolves with the exit status when the user has seen enough. */
export async function watchList<N extends TableName>(
  noun: Noun<N>,
  options: ListOptions<RowOf[N]>,
  session: Session,
): Promise<number> {
  const isTable = options.form === 'table' || options.form === 'wide';
  if (isTable && session.console.canRepaint) {
    const { repaintList } = await import('./repaint-list.js');
    return repaintList(noun, options, session);
  }
  if (options.limit !== undefined && options.limit !== 0)
    throw new MesoError('BAD_INPUT', '--limit with --watch is only for a terminal, where the list is painted over', {
      suggestions: ['--filter TEXT'],
    });
  const { stringify } = options.form === 'yaml' ? await import('yaml') : { stringify: undefined };
  return printChanges(new ChangeLines(noun, options, stringify), noun, session);
}

async function printChanges<N extends TableName>(
  changes: ChangeLines<N>,
  noun: Noun<N>,
  session: Session,
): Promise<number> {
  const { console, nowMs } = session;
  const interrupts = new Interrupts(1);
  try {
    await follow(session, {
      kinds: noun.kinds,
      what: `the list of ${noun.many}`,
      signal: interrupts.stage(0),
      onEvent: async (event, model) => {
        const lines = changes.take(event, model, model.masterTime(nowMs()));
        if (lines.length > 0) await console.print(`${lines.join('\n')}\n`);
      },
      onLost: (reason, retryInMs) => console.say(lostText(reason, retryInMs)),
    });
    return 128 + (interrupts.first?.signal ?? 0);
  } finally {
    interrupts.close();
  }
}
