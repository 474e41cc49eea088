/** `mesoctl why`: finds what is meant, asks the master, prints the answer in the form that was asked for. */
import { MesoError } from '../../base/error.js';
import type { OperatorClient } from '../../client/operator-client.js';
import type * as extension from '../../wire/gen/mesoctl-api.js';
import { validateRole } from '../../wire/validation/roles.js';
import {
  AGENT_REFERENCE,
  FRAMEWORK_REFERENCE,
  findOne,
  type ReferenceKind,
  ROLE_REFERENCE,
  TASK_REFERENCE,
} from '../cluster/find-one.js';
import { type Session, type SessionFlags, withinTimeout, withSession } from '../cluster/session.js';
import { formatDocument, type OutputForm, outputFormOf } from '../output-form.js';
import { type WhyAnswer, type WhySubject, whyRecord, whyText } from './why-answer.js';
import {
  nothingAsked,
  refuseTaskFlags,
  subjectOf,
  type TaskFlags,
  taskQuestion,
  type WhyArgs,
  type WhyKind,
} from './why-request.js';
import { explainTask } from './why-task.js';

export interface WhyFlags extends SessionFlags, TaskFlags {
  readonly output?: Exclude<OutputForm, 'wide'> | undefined;
  readonly json: boolean;
  readonly framework?: string | undefined;
  /** One by one. */
  readonly agents: boolean;
}

type WhyClient = Pick<OperatorClient, 'find' | 'why'>;

interface Told {
  readonly subject: WhySubject;
  readonly answer: WhyAnswer;
}

const REFERENCES: Readonly<Record<WhyKind, ReferenceKind>> = {
  task: TASK_REFERENCE,
  framework: FRAMEWORK_REFERENCE,
  role: ROLE_REFERENCE,
  agent: AGENT_REFERENCE,
};
/** Agents or frameworks told of one by one. */
const FEW = 20;
const MANY = 1000;

export async function runWhy(args: WhyArgs, flags: WhyFlags): Promise<void> {
  const form = outputFormOf(flags);
  const subject = subjectOf(args);
  const question = taskQuestion(flags);
  if (subject !== undefined) refuseTaskFlags(subject.kind, flags);
  else if (question.resources?.length === 0 && flags.framework === undefined && flags.on === undefined)
    throw nothingAsked();
  await withSession(flags, async (session) => {
    const told = await withinTimeout(session.timeoutMs, 'the answer', (signal) =>
      askWhy(session, { subject, question, flags, signal }),
    );
    await print(told, form, session, flags.agents);
  });
}

export interface Asked {
  readonly subject: { readonly kind: WhyKind; readonly reference: string } | undefined;
  readonly question: extension.Call_Why;
  readonly flags: Pick<WhyFlags, 'framework' | 'on' | 'agents'>;
  readonly signal: AbortSignal;
}

/** Rejects with NOT_FOUND or AMBIGUOUS for what is not there, or not only once. */
export async function askWhy(
  { client, nowMs }: Pick<Session<WhyClient>, 'client' | 'nowMs'>,
  { subject, question, flags, signal }: Asked,
): Promise<Told> {
  const idOf = async (kind: WhyKind, reference: string | undefined) => {
    if (reference === undefined) return undefined;
    return REFERENCES[kind].idOf(await findOne(client, REFERENCES[kind], reference, { signal }));
  };
  const frameworkId = await idOf('framework', flags.framework);
  if (subject?.kind === 'task') {
    const match = await findOne(client, TASK_REFERENCE, subject.reference, { signal, frameworkId });
    const { task } = match;
    if (task === undefined) throw new MesoError('PROTOCOL', 'the master found a task and did not say which');
    const told = { kind: 'task', id: task.task_id.value, state: task.state } as const;
    return { subject: told, answer: explainTask({ ...match, task }, nowMs() / 1000) };
  }
  const agentId = await idOf('agent', flags.on);
  const match = subject === undefined ? undefined : await findSubject(client, subject, signal);
  const ids = {
    framework_id: match?.framework?.framework_id ?? wrap(frameworkId),
    agent_id: match?.agent?.agent_id ?? wrap(agentId),
    role: match?.role?.name ?? question.role,
  };
  const answer = await client.why({ ...question, ...ids, max_findings: flags.agents ? MANY : FEW }, { signal });
  return {
    subject: {
      kind: subject?.kind ?? 'request',
      id: match === undefined || subject === undefined ? null : (REFERENCES[subject.kind].idOf(match) ?? null),
      state: match?.framework?.state ?? match?.agent?.state ?? null,
    },
    answer,
  };
}

/** A role is any name that could be one: that nobody is there is an answer, but not to a typing error. */
async function findSubject(
  client: WhyClient,
  { kind, reference }: { readonly kind: WhyKind; readonly reference: string },
  signal: AbortSignal,
): Promise<extension.Response_Match> {
  try {
    return await findOne(client, REFERENCES[kind], reference, { signal });
  } catch (error) {
    const isUnknown = error instanceof MesoError && error.code === 'NOT_FOUND' && !('did_you_mean' in error.details);
    if (kind !== 'role' || !isUnknown || validateRole(reference) !== undefined) throw error;
    return { role: { name: reference } };
  }
}

function wrap(value: string | undefined): { readonly value: string } | undefined {
  return value === undefined ? undefined : { value };
}

async function print(
  { subject, answer }: Told,
  form: OutputForm,
  { console }: Session,
  agents: boolean,
): Promise<void> {
  if (form === 'json' || form === 'yaml') await console.print(await formatDocument(form, whyRecord(subject, answer)));
  else if (form === 'name') await console.print(`${answer.reasons?.[0]?.code ?? subject.state ?? '-'}\n`);
  else await console.print(whyText(answer, { agents }));
}
