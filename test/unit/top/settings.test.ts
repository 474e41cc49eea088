import { describe, expect, it } from 'vitest';
import { settingsOf, type TopFlags } from '../../../src/cli/top/settings.js';

const flags: TopFlags = {
  once: false,
  plain: false,
  theme: 'auto',
  ascii: false,
  screen: 'overview',
  master: undefined,
};
const terminal = { stdoutIsTerminal: true, stdinIsTerminal: true, wantsColor: true };

function settings(given: Partial<TopFlags>, env: NodeJS.ProcessEnv, around: Partial<typeof terminal> = {}) {
  return settingsOf({ ...flags, ...given }, [], { env, ...terminal, ...around });
}

describe('settingsOf', () => {
  it.each([
    [{}, {}, {}, 'full-screen'],
    [{ once: true }, {}, {}, 'once'],
    [{}, {}, { stdoutIsTerminal: false }, 'once'],
    [{}, {}, { stdinIsTerminal: false }, 'once'],
    [{}, { CI: 'true' }, {}, 'once'],
    [{}, { CI: 'false' }, {}, 'full-screen'],
    [{ plain: true }, {}, { stdoutIsTerminal: false }, 'plain'],
    [{}, { MESOCTL_ACCESSIBLE: '1' }, {}, 'plain'],
    [{}, { INK_SCREEN_READER: 'true' }, {}, 'plain'],
    [{}, { TERM: 'dumb' }, {}, 'plain'],
  ] as const)('%o with %o on %o: %s', (given, env, around, mode) => {
    expect(settings(given, env, around).mode).toBe(mode);
  });

  it.each([
    [{}, { TERM: 'xterm-256color' }, true, '16'],
    [{}, { TERM: 'vt220' }, true, 'none'],
    [{ theme: '16' }, { TERM: 'vt220' }, true, '16'],
    [{ theme: 'light' }, {}, true, 'light'],
    [{ theme: 'dark' }, {}, false, 'none'],
  ] as const)('%o with %o, colour wanted: %s: %s', (given, env, wantsColor, colors) => {
    expect(settings(given, env, { wantsColor }).theme.colors).toBe(colors);
  });

  it.each([
    [{}, { LANG: 'de_DE.UTF-8' }, true],
    [{}, { LANG: 'C' }, false],
    [{}, {}, false],
    [{}, { LC_ALL: 'C', LANG: 'de_DE.UTF-8' }, false],
    [{}, { LC_ALL: '', LC_CTYPE: 'C.utf8' }, true],
    [{ ascii: true }, { LANG: 'C.UTF-8' }, false],
  ] as const)('%o with %o: beyond ASCII %s', (given, env, unicode) => {
    expect(settings(given, env).theme.unicode).toBe(unicode);
  });
});
