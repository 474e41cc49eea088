/** `mesoctl top`, in the way that its flags and surroundings ask for. Loads only that. */
import { mastersFrom } from '../client-flags.js';
import { wantsColor } from '../color.js';
import { settingsOf, type TopFlags } from './settings.js';

/** Resolves with the exit status. Throws BAD_INPUT for addresses that are none. */
export async function runTop(flags: TopFlags): Promise<number> {
  const settings = settingsOf(flags, mastersFrom(flags.master, process.env), {
    env: process.env,
    stdoutIsTerminal: process.stdout.isTTY === true,
    stdinIsTerminal: process.stdin.isTTY === true,
    wantsColor: wantsColor(process.stdout),
  });
  switch (settings.mode) {
    case 'full-screen':
      return (await import('./full-screen.js')).runFullScreen(settings);
    case 'once':
      return (await import('./once.js')).runOnce(settings);
    case 'plain':
      return (await import('./plain.js')).runPlain(settings);
  }
}
