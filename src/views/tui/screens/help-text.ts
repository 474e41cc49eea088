/** `?`: keys of this screen first, then those that work everywhere, then what the marks mean. */
import { padEndTo } from '../../text/width.js';
import { type Line, span } from './paint.js';
import type { KeyHint, Screen } from './screen.js';

const EVERYWHERE: readonly KeyHint[] = [
  { key: '1-7 Tab', label: 'screens' },
  { key: 'j k Up Down', label: 'move; PgUp PgDn, Ctrl-u Ctrl-d by pages' },
  { key: 'g G', label: 'first, last' },
  { key: 'Enter', label: 'open' },
  { key: 'Esc h', label: 'back (Esc first clears marks and filter)' },
  { key: '/', label: 'filter: words, state=RUNNING, cpu>2, age<5m, !not' },
  { key: ':', label: 'go to: a screen, or for example task web.1, agent 17' },
  { key: 'w', label: 'why: waiting, starving, failed' },
  { key: 'i', label: 'ids in full' },
  { key: 'y', label: 'copy the command that shows the same' },
  { key: 'p', label: 'pause the picture, go on' },
  { key: 'r', label: 'refresh; connect again now' },
  { key: 'q Ctrl-C', label: 'quit' },
  { key: 'Ctrl-Z', label: 'suspend' },
];

const KEY_CELLS = 13;

export function helpLines(screen: Screen): readonly Line[] {
  const own = screen.help();
  const shown = new Set(own.map(({ key }) => key));
  return [
    ...(own.length === 0 ? [] : ['This screen', ...own.map(keyLine), '']),
    'Everywhere',
    ...EVERYWHERE.filter(({ key }) => !shown.has(key)).map(keyLine),
    '',
    'Marks',
    [
      span('    '),
      span('! bad', 'bad'),
      span('  '),
      span('? not known', 'unknown'),
      span('  '),
      span('~ waits', 'waiting'),
      span('  > selected  * marked  + both'),
    ],
    '  CPU, MEM, DISK of lists are what was allocated, never what is used.',
  ];
}

function keyLine({ key, label }: KeyHint): string {
  return `  ${padEndTo(key, KEY_CELLS)} ${label}`;
}
