/** The plain commands that show what a screen shows: the screen teaches them (design/ux, principle 14). Pure. */

import type { TableName } from '../../model/rows.js';
import { shortId } from '../../text/ids.js';

/** Singular, as the command line names things. */
export const NOUNS: { readonly [Name in TableName]: string } = {
  agents: 'agent',
  frameworks: 'framework',
  tasks: 'task',
  offers: 'offer',
  roles: 'role',
};

const SAFE_WORD = /^[\w@%+=:,./-]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these need another way of quoting
const CONTROL = /[\u0000-\u001f\u007f]/;

/** One word of a POSIX shell; control characters by `$'..'`, which bash, zsh and ksh read. */
export function shellWord(text: string): string {
  if (SAFE_WORD.test(text) && !text.startsWith('-')) return text;
  if (!CONTROL.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`;
  const escaped = Array.from(text, (char) => {
    if (char === '\\' || char === "'") return `\\${char}`;
    return CONTROL.test(char) ? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}` : char;
  });
  return `$'${escaped.join('')}'`;
}

/** The task's own id of a key of the model: `frameworkId/taskId`; framework ids hold no slash. */
export function taskIdOf(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

export function listCommand(table: TableName): string {
  return `mesoctl ${NOUNS[table]} list`;
}

/** Offers and roles have no page of their own on the command line: their list. */
export function showCommand(table: TableName, key: string): string {
  switch (table) {
    case 'tasks':
      return `mesoctl task show ${shellWord(taskIdOf(key))}`;
    case 'agents':
    case 'frameworks':
      return `mesoctl ${NOUNS[table]} show ${shellWord(shortId(key))}`;
    case 'offers':
    case 'roles':
      return listCommand(table);
    default:
      return listCommand(table);
  }
}

export function logCommand(key: string, file: 'stdout' | 'stderr'): string {
  return `mesoctl task logs -f${file === 'stderr' ? ' --stderr' : ''} ${shellWord(taskIdOf(key))}`;
}
