/** What `mesoctl top` was asked for and what its surroundings allow: full screen, one snapshot, or plain sentences. Pure. */
import type { Address } from '../../client/address.js';
import type { Theme } from '../../views/tui/ui.js';
import { isUtf8 } from '../utf8.js';

export const SCREEN_NAMES = ['overview', 'agents', 'frameworks', 'offers', 'tasks', 'roles', 'events'] as const;
export type ScreenName = (typeof SCREEN_NAMES)[number];

export interface TopFlags {
  readonly once: boolean;
  readonly plain: boolean;
  readonly theme: 'auto' | 'dark' | 'light' | '16';
  readonly ascii: boolean;
  readonly screen: ScreenName;
  readonly master: string | undefined;
}

export interface TopSettings {
  readonly mode: 'full-screen' | 'once' | 'plain';
  readonly masters: readonly Address[];
  /** Where they come from the command line: what stood there. */
  readonly masterFlag: string | undefined;
  readonly theme: Theme;
  readonly screen: ScreenName;
}

export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly stdoutIsTerminal: boolean;
  readonly stdinIsTerminal: boolean;
  /** `--color`, NO_COLOR and so on, already weighed. */
  readonly wantsColor: boolean;
}

export function settingsOf(flags: TopFlags, masters: readonly Address[], around: Surroundings): TopSettings {
  return {
    mode: modeOf(flags, around),
    masters,
    masterFlag: flags.master,
    theme: themeOf(flags, around),
    screen: flags.screen,
  };
}

function modeOf(
  { once, plain }: TopFlags,
  { env, stdoutIsTerminal, stdinIsTerminal }: Surroundings,
): TopSettings['mode'] {
  if (once) return 'once';
  if (plain || env.MESOCTL_ACCESSIBLE === '1' || env.INK_SCREEN_READER === 'true') return 'plain';
  // Without a keyboard nobody could leave.
  if (!stdoutIsTerminal || !stdinIsTerminal || isCi(env)) return 'once';
  // A terminal that cannot place its cursor.
  return env.TERM === 'dumb' ? 'plain' : 'full-screen';
}

function isCi({ CI }: NodeJS.ProcessEnv): boolean {
  return CI !== undefined && CI !== '' && CI !== '0' && CI !== 'false';
}

function themeOf({ theme, ascii }: TopFlags, { env, wantsColor }: Surroundings): Theme {
  const unicode = !ascii && isUtf8(env);
  if (!wantsColor) return { colors: 'none', unicode };
  if (theme !== 'auto') return { colors: theme, unicode };
  return { colors: isMonochrome(env.TERM ?? '') ? 'none' : '16', unicode };
}

function isMonochrome(term: string): boolean {
  return /^vt\d|-m(ono)?$/.test(term);
}
