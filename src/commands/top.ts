import { BaseCommand, globalFlags } from '../cli/base-command.js';
import { clientFlags } from '../cli/client-flags.js';
import { Flags } from '../cli/oclif.js';
import { runTop } from '../cli/top/run-top.js';
import { SCREEN_NAMES } from '../cli/top/settings.js';

/** The whole cluster on one screen, live. */
export default class Top extends BaseCommand {
  static override summary = 'Show the whole cluster on one screen, live; act on what is wrong.';
  static override description = [
    'Keys: 1 to 7 screens, Enter open, / filter, s sort, l log, w why, x kill (asks), ? help, q quit. A lost connection is',
    'shown and mended; the picture stays. Without a terminal on stdin and stdout, and where CI is set, it prints one plain',
    'snapshot, as with --once.',
  ].join('\n');
  static override examples = [
    'mesoctl top                            all of it, live',
    'mesoctl top --screen tasks             begin with the tasks',
    'mesoctl top --once                     one plain snapshot and exit',
    'mesoctl top --once | grep problem      the same, for a script',
    'mesoctl top --plain                    in sentences, for a screen reader',
    'mesoctl top --theme light              full colours on a light terminal',
    'mesoctl top --ascii                    bars of # = . where UTF-8 looks wrong',
    'mesoctl top --master m1:5050,m2:5050   of another cluster',
  ];
  static override helpExtras = {
    next: 'mesoctl task list · mesoctl agent list · mesoctl role list',
    exits: '5 no master reachable (--once) · 7 no complete answer in time (--once) · 130 Ctrl-C',
  };
  static override baseFlags = { ...globalFlags, master: clientFlags.master };
  static override flags = {
    once: Flags.boolean({ summary: 'print one plain snapshot and exit', exclusive: ['plain'] }),
    plain: Flags.boolean({ summary: 'sentences instead of a screen (MESOCTL_ACCESSIBLE=1, INK_SCREEN_READER=true)' }),
    screen: Flags.option({ summary: 'begin with this screen', options: SCREEN_NAMES, default: 'overview' as const })(),
    theme: Flags.option({
      summary: "colours: the terminal's own 16, or true colours for a dark or light background",
      options: ['auto', 'dark', 'light', '16'] as const,
      default: 'auto' as const,
    })(),
    ascii: Flags.boolean({ summary: 'no characters beyond ASCII (default: as the locale says)' }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Top);
    process.exitCode = await runTop({ ...flags, master: flags.master });
  }
}
