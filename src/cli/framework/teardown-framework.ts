/** `framework teardown`: ends a framework and everything it runs. Many would feel it, so it asks (level 1). */
import { MesoError } from '../../base/error.js';
import { formatCount } from '../../views/text/numbers.js';
import type { Framework, Response_Find } from '../../wire/gen/mesoctl-api.js';
import { isTerminal } from '../../wire/task-state.js';
import { clusterNameOf } from '../cluster/cluster-name.js';
import { FRAMEWORK_REFERENCE, findOne, TASK_REFERENCE } from '../cluster/find-one.js';
import { outcomeUnknown } from '../cluster/outcome-unknown.js';
import { type Session, withinTimeout } from '../cluster/session.js';
import { type ConfirmOptions, confirm } from '../confirm.js';

export interface TeardownOptions extends ConfirmOptions {
  readonly reference: string;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** docs/schemas/framework-teardown.json */
interface TeardownResult {
  readonly id: string;
  readonly name: string | null;
  /** Live tasks that end with it. */
  readonly tasks: number;
  readonly dry_run: boolean;
}

const TASKS_SHOWN = 10;

/** Returns the exit status. */
export async function teardownFramework(options: TeardownOptions, session: Session): Promise<number> {
  const { client, console } = session;
  const { framework, tasks } = await withinTimeout(session.timeoutMs, 'the framework', async (signal) => {
    const match = await findOne(client, FRAMEWORK_REFERENCE, options.reference, { signal });
    return {
      framework: match.framework,
      tasks: await client.find(
        { kind: 'TASKS', reference: '', framework_id: match.framework?.framework_id, limit: TASKS_SHOWN },
        { signal },
      ),
    };
  });
  if (framework === undefined) throw new MesoError('PROTOCOL', 'the master answered FIND without a framework');
  if (framework.state === 'COMPLETED')
    throw new MesoError('REFUSED', `framework ${nameOf(framework)} has ended already`, {
      suggestions: [`mesoctl framework show ${framework.framework_id.value}`],
    });
  if (!options.dryRun && !(await mayTearDown(framework, tasks, options, session))) return 1;
  if (!options.dryRun) await tearDown(framework, session);
  await console.print(
    options.json ? `${JSON.stringify(resultOf(framework, options), null, 2)}\n` : textOf(framework, tasks, options),
  );
  return 0;
}

async function mayTearDown(
  framework: Framework,
  tasks: Response_Find,
  options: TeardownOptions,
  session: Session,
): Promise<boolean> {
  const cluster = await clusterNameOf(session);
  const count = framework.usage?.tasks ?? 0;
  const text = `Tear down ${nameOf(framework)} and kill ${tasksText(count)} on ${cluster}?`;
  return confirm({ text, items: liveTasks(tasks), total: count }, options, session.console);
}

async function tearDown({ framework_id }: Framework, { client, timeoutMs }: Session): Promise<void> {
  try {
    await withinTimeout(timeoutMs, 'the answer to TEARDOWN', (signal) => client.teardown(framework_id, { signal }));
  } catch (error) {
    if (!(error instanceof MesoError) || error.code !== 'OUTCOME_UNKNOWN') throw error;
    throw outcomeUnknown('the teardown', error, `mesoctl framework show ${framework_id.value}`);
  }
}

function textOf(framework: Framework, tasks: Response_Find, { dryRun }: TeardownOptions): string {
  const count = framework.usage?.tasks ?? 0;
  const what = tasksText(count);
  if (!dryRun) return `Tore down ${nameOf(framework)}; ${what} ${count === 1 ? 'ends' : 'end'} with it\n`;
  const list = liveTasks(tasks).map((line) => `  ${line}\n`);
  return `would tear down ${nameOf(framework)} and kill ${what}\n${list.join('')}`;
}

function resultOf({ framework_id, name, usage }: Framework, { dryRun }: TeardownOptions): TeardownResult {
  return { id: framework_id.value, name: name ?? null, tasks: usage?.tasks ?? 0, dry_run: dryRun };
}

/** The first of them; live ones come first. */
function liveTasks({ matches = [] }: Response_Find): readonly string[] {
  return matches
    .filter(({ task }) => task !== undefined && !isTerminal(task.state) && task.place !== 'COMPLETED')
    .map((match) => TASK_REFERENCE.describe(match));
}

function nameOf({ framework_id, name }: Framework): string {
  return name === undefined || name === '' ? framework_id.value : `${name} (${framework_id.value})`;
}

function tasksText(count: number): string {
  return count === 1 ? '1 task' : `${formatCount(count)} tasks`;
}
