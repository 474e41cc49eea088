/**
 * `events`: what happens in the cluster as it happens, a line each in the words of `top`'s log; as JSON the events of the
 * wire, one object a line. Begins with what comes after the connection; nothing is replayed.
 */
import { MesoError } from '../../base/error.js';
import { type EventLine, type WordingModel, wordEvent } from '../../views/model/event-words.js';
import type { EventRow } from '../../views/model/rows.js';
import { glyphOf } from '../../views/text/glyphs.js';
import { formatClock, formatTime } from '../../views/text/times.js';
import { Event, type Kind } from '../../wire/gen/mesoctl-api.js';
import { encodeJson } from '../../wire/json.js';
import type { Session } from '../cluster/session.js';
import { Interrupts } from '../interrupts.js';
import { follow, lostText } from '../list/follow.js';
import { colorText } from '../severity-color.js';

export type EventKind = EventRow['kind'];

export interface EventOptions {
  readonly form: 'table' | 'wide' | 'json';
  /** Empty: all. */
  readonly kinds: readonly EventKind[];
  readonly filter: string;
  /** Ends after that many; 0: never. */
  readonly limit: number;
}

/** What the stream must carry to tell of a kind; names of frameworks and agents stand in the words about tasks and offers. */
const STREAM_KINDS: Readonly<Record<EventKind, { readonly told: readonly Kind[]; readonly named: readonly Kind[] }>> = {
  agent: { told: ['AGENTS'], named: [] },
  framework: { told: ['FRAMEWORKS'], named: [] },
  task: { told: ['TASKS'], named: ['FRAMEWORKS', 'AGENTS'] },
  offer: { told: ['OFFERS'], named: ['FRAMEWORKS', 'AGENTS'] },
  role: { told: ['ROLES'], named: [] },
  master: { told: ['AGENTS'], named: [] },
};

/** Parts of the protocol that are no news; SUBSCRIBED is: what happened before it, since the loss, is not told. */
const UNTOLD: ReadonlySet<Event['type']> = new Set<Event['type']>(['SNAPSHOT', 'SNAPSHOT_END', 'HEARTBEAT']);

/** Returns the exit status. */
export async function printEvents(options: EventOptions, session: Session): Promise<number> {
  if (options.form === 'json' && options.filter !== '')
    throw new MesoError('BAD_INPUT', '--filter is of the worded form; JSON has fields to select by', {
      suggestions: ['mesoctl events -o json | jq \'select(.type == "TASKS_UPDATED")\''],
    });
  const { console } = session;
  const interrupts = new Interrupts(1);
  const enough = new AbortController();
  const tell = options.form === 'json' ? tellWire : wordTeller(options, console.color);
  let lines: readonly string[] = [];
  let left = options.limit === 0 ? Number.POSITIVE_INFINITY : options.limit;
  try {
    await follow(session, {
      kinds: kindsOf(options),
      what: 'the event stream',
      signal: AbortSignal.any([interrupts.stage(0), enough.signal]),
      beforeEvent: (event, model, isLive) => {
        lines = isLive ? tell(event, model).slice(0, left) : [];
      },
      onEvent: async () => {
        left -= lines.length;
        if (lines.length > 0) await console.print(`${lines.join('\n')}\n`);
        if (left === 0) enough.abort();
      },
      onLost: (reason, retryInMs) => console.say(lostText(reason, retryInMs)),
    });
    return interrupts.first === undefined ? 0 : 128 + interrupts.first.signal;
  } finally {
    interrupts.close();
  }
}

function kindsOf({ kinds, form }: EventOptions): readonly Kind[] {
  const all = kinds.flatMap((kind) => {
    const { told, named } = STREAM_KINDS[kind];
    return form === 'json' ? told : [...told, ...named];
  });
  return [...new Set(all)];
}

/** Lines for one event, told against the model as it was before it. */
type Teller = (event: Event, model: WordingModel) => readonly string[];

const tellWire: Teller = (event) => (UNTOLD.has(event.type) ? [] : [encodeJson(Event, event)]);

/** Pure. Details (offers, and changes that no word is made for) are for who names their kind. */
export function wordTeller({ kinds, form, filter }: EventOptions, isColored: boolean): Teller {
  const fits = wordFilter(filter);
  const isWanted = ({ kind, weight, text }: EventLine) =>
    (kinds.length === 0 ? weight !== 'detail' : kinds.includes(kind)) && fits(text);
  return (event, model) =>
    wordEvent(model, event)
      .filter(isWanted)
      .map(({ time, severity, text }) => {
        const at = form === 'wide' ? formatTime(time) : formatClock(time);
        return `${at} ${colorText(`${glyphOf(severity)} ${text}`, severity, isColored)}`;
      });
}

/** Words that must all be there, `!word` that must not. Pure. */
export function wordFilter(filter: string): (text: string) => boolean {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return (text) => {
    const lower = text.toLowerCase();
    return words.every((word) =>
      word.startsWith('!') && word.length > 1 ? !lower.includes(word.slice(1)) : lower.includes(word),
    );
  };
}
