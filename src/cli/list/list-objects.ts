/** `NOUN list`: from flags to what is printed. */
import { createClusterModel } from '../../views/model/cluster-model.js';
import type { TableName } from '../../views/model/rows.js';
import type { Noun } from '../cluster/nouns.js';
import { type SessionFlags, withSession } from '../cluster/session.js';
import { type ListFlags, listOptionsOf } from './list-options.js';
import { printList } from './print-list.js';
import { openView } from './rows.js';

/** Returns the exit status. */
export async function listObjects<N extends TableName>(
  noun: Noun<N>,
  flags: ListFlags & SessionFlags & { readonly watch: boolean },
): Promise<number> {
  const options = listOptionsOf(flags, noun.table);
  // A filter is judged before anybody is asked.
  openView(createClusterModel(), noun, options).close();
  return withSession(flags, async (session) => {
    if (flags.watch) {
      const { watchList } = await import('./watch-list.js');
      return watchList(noun, options, session);
    }
    await printList(noun, options, session);
    return 0;
  });
}
