/**
 * The shape of a scenario file: what may stand where, and what is wrong where something else does. Durations become
 * milliseconds, resources are read; what needs other files or looks at several places at once is left to build-scenario.ts.
 * Pure.
 */
import { z } from 'zod';
import { parseDuration } from '../../base/duration.js';
import { isRejection } from '../../base/rejection.js';
import { parseAttributes } from '../../offers/resources/attributes.js';
import { Resources } from '../../offers/resources/resources.js';
import type * as mesos from '../../wire/gen/mesos.js';
import { validateRole } from '../../wire/validation/roles.js';
import { findNearest } from '../nearest.js';

const MAX_AGENTS = 1_000_000;
const MAX_FRAMEWORKS = 100_000;
/** Tasks of one job; each may need a place for its input. */
const MAX_TASKS = 10_000_000;

/** An object that takes these fields and no others. */
function fields<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === 'invalid_type') return `this takes fields (${Object.keys(shape).join(', ')})`;
      if (issue.code !== 'unrecognized_keys') return undefined;
      const keys = issue.keys ?? [];
      const [key = ''] = keys;
      const nearest = findNearest(key, Object.keys(shape));
      const guess = nearest === undefined ? `Known: ${Object.keys(shape).join(', ')}` : `Did you mean "${nearest}"?`;
      return `there is no field "${key}" here. ${guess}`;
    },
  });
}

/** What `read` makes of the value, or its complaint. */
function readAs<Read>(read: (value: unknown) => Read | { readonly complaint: string }) {
  return z.unknown().transform((value, context): Read => {
    const made = read(value);
    if (typeof made !== 'object' || made === null || !('complaint' in made)) return made;
    context.addIssue({ code: 'custom', message: made.complaint });
    return z.NEVER;
  });
}

/** `90s`, `10mins`; a bare number is seconds. Becomes milliseconds. */
export const duration = readAs<number>((value) => {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value * 1000;
  if (typeof value !== 'string') return { complaint: 'a duration is wanted, for example 90s, or seconds as a number' };
  const ms = /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) * 1000 : parseDuration(value);
  return isRejection(ms) ? { complaint: ms.message } : ms;
});

const positiveDuration = duration.refine((ms) => ms > 0, 'it must be longer than 0');

export const resources = readAs<Resources>((value) => {
  // Those of a live cluster are no text.
  if (value instanceof Resources) return value;
  if (typeof value !== 'string') return { complaint: 'resources are wanted, for example cpus:4;mem:8192' };
  const parsed = Resources.parse(value);
  if (isRejection(parsed)) return { complaint: parsed.message };
  return parsed.isEmpty ? { complaint: 'resources are wanted, for example cpus:4;mem:8192' } : parsed;
});

export const taskResources = resources.refine(
  (own) => own.reserved().isEmpty,
  'a task names amounts only; what is reserved for its role is taken first',
);

const attributes = readAs<readonly mesos.Attribute[]>((value) => {
  const parsed = parseAttributes(typeof value === 'string' ? value : '');
  if (typeof value !== 'string') return { complaint: 'attributes are wanted, for example rack:r1;zone:z2' };
  return isRejection(parsed) ? { complaint: parsed.message } : parsed;
});

const role = z.string().superRefine((name, context) => {
  const invalid = validateRole(name);
  if (invalid !== undefined) context.addIssue({ code: 'custom', message: invalid.message });
});

const name = z
  .string()
  .min(1, 'a name is wanted')
  .max(200, 'a name has at most 200 characters')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would reach terminals and files
  .refine((text) => !/[\u0000-\u001f\u007f-\u009f,"]/.test(text), 'a name has no commas, quotes or control characters');

const wholeNumber = (max: number) =>
  z.int('a whole number is wanted').min(1, 'at least 1 is wanted').max(max, `at most ${max} is possible`);
const amount = z.number('a number is wanted').min(0, 'an amount is at least 0');

/** Exactly one of the fields. */
function oneOf<Shape extends z.ZodRawShape>(shape: Shape) {
  const names = Object.keys(shape).join(', ');
  return fields(shape).superRefine((value, context) => {
    const given = Object.values(value as object).filter((part) => part !== undefined).length;
    if (given !== 1) context.addIssue({ code: 'custom', message: `exactly one of these is wanted: ${names}` });
  });
}

/** A plain value is always that one; else an object that names the distribution. */
function distribution<Value extends z.ZodType<number>>(value: Value) {
  const shape = oneOf({
    constant: value.optional(),
    uniform: fields({ min: value, max: value })
      .refine((range) => isRange(range as { readonly min: number; readonly max: number }), 'min is at most max')
      .optional(),
    exponential: value.optional(),
    normal: fields({ mean: value, sd: value }).optional(),
    lognormal: fields({ median: value, sigma: z.number().min(0).max(10) }).optional(),
    recorded: z.union([z.string(), z.array(value).min(1)], 'a file, or a list of values').optional(),
  });
  return z.preprocess((raw) => (typeof raw === 'object' && raw !== null ? raw : { constant: raw }), shape);
}

function isRange({ min, max }: { readonly min: number; readonly max: number }): boolean {
  return min <= max;
}

const recordedJob = fields({
  at: duration,
  tasks: wholeNumber(MAX_TASKS).default(1),
  length: duration.optional(),
  resources: taskResources.optional(),
});

const limit = wholeNumber(MAX_TASKS).optional();
const backlog = 'backlog';

const arrivals = z.preprocess(
  (raw) => (raw === backlog ? { backlog: true } : raw),
  oneOf({
    backlog: z.literal(true).optional(),
    poisson: fields({ every: positiveDuration, limit }).optional(),
    fixed: fields({ every: positiveDuration, limit }).optional(),
    at: z.array(duration).min(1).optional(),
    back_to_back: fields({ pause: duration.default(0), limit }).optional(),
    recorded: z.union([z.string(), z.array(recordedJob).min(1)], 'a file, or a list of jobs').optional(),
  }),
);

const framework = fields({
  name,
  count: wholeNumber(MAX_FRAMEWORKS).default(1),
  role: role.optional(),
  capabilities: z.array(z.enum(['GPU_RESOURCES', 'SHARED_RESOURCES', 'REVOCABLE_RESOURCES'])).default([]),
  start: duration.default(0),
  end: positiveDuration.optional(),
  tasks: fields({ resources: taskResources, length: distribution(duration) }),
  jobs: fields({
    tasks: distribution(z.number().min(0).max(MAX_TASKS)).optional(),
    stages: wholeNumber(10_000).default(1),
    parallelism: wholeNumber(MAX_TASKS).optional(),
  }).prefault({}),
  arrivals: arrivals.optional(),
  scheduler: fields({
    decline_filter: duration.default(5_000),
    latency: duration.default(0),
    hold: duration.default(0),
    suppress: z.boolean().default(true),
    locality: fields({
      replicas: wholeNumber(1000).default(3),
      delay: duration.default(0),
      remote_factor: z.number().min(1).max(1000).default(1),
    }).optional(),
  }).prefault({}),
});

const rolePolicy = fields({
  weight: z.number().positive('a weight is above 0').finite().default(1),
  guarantees: z.record(z.string(), amount).default({}),
  limits: z.record(z.string(), amount).default({}),
});

const sorter = z.enum(['drf', 'random']);

export const scenarioSchema = fields({
  name: name.optional(),
  description: z.string().optional(),
  seed: z.int().min(0).max(0xffffffff).default(1),
  duration: positiveDuration.default(3_600_000),
  sample_interval: positiveDuration.optional(),
  agents: z
    .array(
      fields({
        name: name.optional(),
        count: wholeNumber(MAX_AGENTS).default(1),
        resources,
        attributes: attributes.optional(),
      }),
      'a list of groups of agents is wanted',
    )
    .min(1, 'at least one group of agents is wanted'),
  roles: z.record(role, rolePolicy).default({}),
  frameworks: z.array(framework, 'a list of frameworks is wanted').min(1, 'at least one framework is wanted'),
  policies: fields({
    role_sorter: sorter.default('drf'),
    framework_sorter: sorter.default('drf'),
    allocation_interval: positiveDuration.default(1_000),
    min_allocatable_resources: z.string().default('cpus:0.01|mem:32'),
    fair_sharing_excluded_resource_names: z.array(z.string()).default([]),
    filter_gpu_resources: z.boolean().default(true),
    max_offers_per_framework: wholeNumber(1_000_000).optional(),
    max_offer_fraction: z.number().min(0.001).max(1).optional(),
    rescind_held_offers_after: positiveDuration.optional(),
  }).prefault({}),
  compare_partitions: z
    .array(fields({ frameworks: z.array(z.string()).min(1), agents: wholeNumber(MAX_AGENTS) }))
    .min(1)
    .optional(),
});

export type ScenarioDocument = z.infer<typeof scenarioSchema>;
export type DistributionDocument = ScenarioDocument['frameworks'][number]['tasks']['length'];
export type JobSizeDocument = NonNullable<ScenarioDocument['frameworks'][number]['jobs']['tasks']>;
