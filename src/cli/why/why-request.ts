/** What `mesoctl why` was asked, checked: a subject, or a task of some size. Pure. */
import { MesoError } from '../../base/error.js';
import { isRejection, type Rejection, reject } from '../../base/rejection.js';
import type * as extension from '../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../wire/gen/mesos.js';
import type * as scheduler from '../../wire/gen/scheduler.js';
import { validateOfferConstraints } from '../../wire/validation/offer-constraints.js';
import { DEFAULT_ROLE, validateRole } from '../../wire/validation/roles.js';
import { parseAmount, parseMegabytes } from '../task/task-request.js';

export type WhyKind = 'task' | 'framework' | 'role' | 'agent';

export interface WhyArgs {
  readonly kind?: string | undefined;
  readonly id?: string | undefined;
}

/** Flags that describe a task. */
export interface TaskFlags {
  readonly cpus?: string | undefined;
  readonly mem?: string | undefined;
  readonly disk?: string | undefined;
  readonly gpus?: string | undefined;
  readonly ports?: string | undefined;
  readonly role?: string | undefined;
  readonly on?: string | undefined;
  readonly where?: readonly string[] | undefined;
}

const MIN_CPUS = 0.001;
const EXAMPLES = ['mesoctl why --cpus 4 --mem 8G --role eng', 'mesoctl why framework shop'];

/** undefined: a task of some size is meant. Throws BAD_INPUT. */
export function subjectOf({ kind, id }: WhyArgs): { readonly kind: WhyKind; readonly reference: string } | undefined {
  if (kind === undefined) return undefined;
  if (id === undefined)
    throw new MesoError('BAD_INPUT', `which ${kind}: its id or name is missing`, {
      suggestions: [`mesoctl ${kind} list`],
    });
  return { kind: kind as WhyKind, reference: id };
}

/** The question but for what has to be looked up. Throws BAD_INPUT naming the flag. */
export function taskQuestion(flags: TaskFlags): extension.Call_Why {
  const resources = [
    ...scalar('cpus', flags.cpus, (text) => parseAmount(text, MIN_CPUS)),
    ...scalar('mem', flags.mem, parseMegabytes),
    ...scalar('disk', flags.disk, parseMegabytes),
    ...scalar('gpus', flags.gpus, parseCount),
    ...scalar('ports', flags.ports, parseCount),
  ];
  if (flags.role !== undefined) check('--role', validateRole(flags.role) ?? true);
  return { role: flags.role, resources, constraints: constraintsOf(flags.where ?? []) };
}

/** A subject says itself what is wanted, but for a framework or a role, which may want a task. */
export function refuseTaskFlags(kind: WhyKind, flags: TaskFlags): void {
  const given = (['cpus', 'mem', 'disk', 'gpus', 'ports', 'role', 'on', 'where'] as const).filter(
    (name) => flags[name] !== undefined,
  );
  const useless = kind === 'task' ? given : given.filter((name) => name === (kind === 'agent' ? 'on' : kind));
  const [first] = useless;
  if (first !== undefined)
    throw new MesoError('BAD_INPUT', `--${first} says nothing about a ${kind}`, { suggestions: EXAMPLES });
}

export function nothingAsked(): MesoError {
  return new MesoError('BAD_INPUT', 'nothing is asked: name a task, framework, role or agent, or the size of a task', {
    suggestions: EXAMPLES,
  });
}

function scalar(
  name: string,
  text: string | undefined,
  parse: (text: string) => number | Rejection,
): readonly mesos.Resource[] {
  if (text === undefined) return [];
  const value = check(`--${name}`, parse(text));
  return value === 0 ? [] : [{ name, type: 'SCALAR', scalar: { value } }];
}

function parseCount(text: string): number | Rejection {
  return /^\d{1,9}$/.test(text) ? Number(text) : reject('invalid', `"${text}" is not a whole number`);
}

const PSEUDO: Readonly<Record<string, scheduler.AttributeConstraint_Selector_PseudoattributeType>> = {
  hostname: 'HOSTNAME',
  region: 'REGION',
  zone: 'ZONE',
};

/** All of them must hold. */
function constraintsOf(texts: readonly string[]): scheduler.OfferConstraints_RoleConstraints | undefined {
  if (texts.length === 0) return undefined;
  const attribute_constraints = texts.map((text) => check('--where', parseConstraint(text)));
  const constraints = { groups: [{ attribute_constraints }] };
  check('--where', validateOfferConstraints({ role_constraints: { [DEFAULT_ROLE]: constraints } }) ?? true);
  return constraints;
}

function parseConstraint(text: string): scheduler.AttributeConstraint | Rejection {
  const [, name = '', operator, value = ''] = /^([\w.-]+)(?:(!=|=|~)(.*))?$/.exec(text) ?? [];
  if (name === '') return reject('invalid', `"${text}" is no constraint: write rack=b2, rack!=b2, rack~b.* or rack`);
  const pseudo = PSEUDO[name];
  const selector = pseudo === undefined ? { attribute_name: name } : { pseudoattribute_type: pseudo };
  if (operator === '=') return { selector, predicate: { text_equals: { value } } };
  if (operator === '!=') return { selector, predicate: { text_not_equals: { value } } };
  if (operator === '~') return { selector, predicate: { text_matches: { regex: value } } };
  return { selector, predicate: { exists: {} } };
}

function check<T>(flag: string, parsed: T | Rejection): T {
  if (isRejection(parsed)) throw new MesoError('BAD_INPUT', `${flag}: ${parsed.message}`, { details: { flag } });
  return parsed;
}
