/** `NOUN show ID`: one thing in the form that was asked for. */
import type { Response_Match } from '../../wire/gen/mesoctl-api.js';
import { FRAMEWORK_REFERENCE, findOne, type ReferenceKind } from '../cluster/find-one.js';
import { type Session, type SessionFlags, withinTimeout, withSession } from '../cluster/session.js';
import { formatDocument, type OutputForm, outputFormOf } from '../output-form.js';

export interface ShowFlags extends SessionFlags {
  readonly output?: Exclude<OutputForm, 'wide'> | undefined;
  readonly json: boolean;
  /** Of tasks: of which framework. */
  readonly framework?: string | undefined;
}

/** What is printed of a thing, each form made only when it is the one. */
export interface Shown {
  readonly id: string;
  record(): object;
  text(): string;
  /** Commands that make sense now. */
  readonly next: readonly string[];
}

export interface ShowContext {
  readonly session: Session;
  readonly signal: AbortSignal;
  /** Unix seconds. */
  readonly now: number;
}

export function showOne(
  of: ReferenceKind,
  reference: string,
  flags: ShowFlags,
  describe: (match: Response_Match, context: ShowContext) => Promise<Shown> | Shown,
): Promise<void> {
  const form = outputFormOf(flags);
  return withSession(flags, async (session) => {
    const shown = await withinTimeout(session.timeoutMs, `the ${of.one}`, async (signal) => {
      const frameworkId = await frameworkIdOf(session, flags.framework, signal);
      const match = await findOne(session.client, of, reference, { signal, frameworkId });
      return describe(match, { session, signal, now: session.nowMs() / 1000 });
    });
    await printShown(shown, form, session);
  });
}

/** The full id of the framework that `--framework` names. */
export async function frameworkIdOf(
  { client }: Pick<Session, 'client'>,
  reference: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (reference === undefined) return undefined;
  return (await findOne(client, FRAMEWORK_REFERENCE, reference, { signal })).framework?.framework_id.value;
}

export async function printShown(shown: Shown, form: OutputForm, { console }: Session): Promise<void> {
  if (form === 'json' || form === 'yaml') await console.print(await formatDocument(form, shown.record()));
  else if (form === 'name') await console.print(`${shown.id}\n`);
  else {
    await console.print(shown.text());
    if (shown.next.length > 0) console.hint(`\nNext: ${shown.next.join('   or   ')}`);
  }
}
