/** In which form a command answers (`-o`, `--json`), and the forms that all commands share. Pure but for loading `yaml`. */
import { MesoError } from '../base/error.js';

export type OutputForm = 'table' | 'wide' | 'json' | 'yaml' | 'name';

/** `--json` is `-o json`. Throws BAD_INPUT for both of different meaning. */
export function outputFormOf(flags: { readonly output?: OutputForm | undefined; readonly json: boolean }): OutputForm {
  if (flags.json && flags.output !== undefined && flags.output !== 'json')
    throw new MesoError('BAD_INPUT', `--json and -o ${flags.output} ask for different things`, {
      suggestions: ['one of the two'],
    });
  return flags.json ? 'json' : (flags.output ?? 'table');
}

/** One document for programs. */
export async function formatDocument(form: 'json' | 'yaml', document: unknown): Promise<string> {
  if (form === 'json') return `${JSON.stringify(document, null, 2)}\n`;
  const { stringify } = await import('yaml');
  return stringify(document, { lineWidth: 0 });
}
