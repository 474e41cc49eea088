/** `why task`: a task is not waiting for offers, it was launched. Where it is and since when, or how it ended, and what to do. Pure. */
import { taskStateWord } from '../../views/columns/task-columns.js';
import { formatAgeOf } from '../../views/text/times.js';
import type { Response_Match, Task } from '../../wire/gen/mesoctl-api.js';
import { isTerminal } from '../../wire/task-state.js';
import { taskFacts } from '../records/task-detail.js';
import type { WhyAnswer } from './why-answer.js';

type TaskMatch = Response_Match & { readonly task: Task };

/** `now`: Unix seconds. */
export function explainTask(match: TaskMatch, now: number): WhyAnswer {
  const { task } = match;
  const step = firstStep(match);
  return {
    summary: `${task.task_id.value} ${sentence(match, now)}.`,
    first_step: step.text,
    commands: [...step.commands],
    agents: 0,
    available: 0,
  };
}

function sentence(match: TaskMatch, now: number): string {
  const { task } = match;
  const { note } = taskFacts(match, now);
  const state = taskStateWord(task.state);
  const age = formatAgeOf(task.since, now);
  const where = match.agent === undefined ? '' : ` on ${match.agent.hostname ?? match.agent.agent_id.value}`;
  if (isTerminal(task.state)) return `ended ${age} ago${where}: ${state}${reasonText(task, note)}`;
  if (task.place === 'UNREACHABLE')
    return `is UNREACHABLE for ${age}: its agent${where === '' ? '' : where.slice(3)} is silent; it may still run there`;
  if (task.state === 'TASK_RUNNING') {
    const health = task.healthy === false ? ', and its health check fails' : '';
    return `is RUNNING for ${age}${where}${health}`;
  }
  const waits = task.state === 'TASK_STAGING' ? ': the agent prepares it (sandbox, image, executor)' : '';
  return `is ${state} for ${age}${where}${agentText(match)}${waits}${reasonText(task, '')}`;
}

function agentText({ agent }: TaskMatch): string {
  return agent === undefined || agent.state === 'ACTIVE' ? '' : `, which is ${agent.state}`;
}

/** `, OOM: Memory limit exceeded (REASON_CONTAINER_LIMITATION_MEMORY)` */
function reasonText({ message = '', reason, state }: Task, note: string): string {
  const text = message === '' ? '' : `: ${message.replace(/[.\s]+$/, '')}`;
  if (state === 'TASK_FINISHED') return text;
  return `${note === '' ? '' : `, ${note}`}${text}${reason === undefined ? '' : ` (${reason})`}`;
}

interface Step {
  readonly text: string;
  readonly commands: readonly string[];
}

function firstStep(match: TaskMatch): Step {
  const { task, agent } = match;
  const id = task.task_id.value;
  const logs = [`mesoctl task logs ${id} --tail 50`];
  const host = agent?.hostname ?? agent?.agent_id.value;
  const onAgent = host === undefined ? ['mesoctl agent list'] : [`mesoctl agent show ${host}`];
  if (task.state === 'TASK_FINISHED') return { text: 'Nothing: it ended well.', commands: logs };
  if (task.state === 'TASK_KILLED')
    return { text: 'Nothing: somebody killed it.', commands: [`mesoctl task show ${id}`] };
  if (isTerminal(task.state)) return afterEnd(task, logs, onAgent);
  if (task.place === 'UNREACHABLE')
    return { text: 'Look after its agent: the task comes back with it.', commands: onAgent };
  if (agent !== undefined && (agent.state === 'DISCONNECTED' || agent.state === 'RECOVERED'))
    return { text: 'Wait for its agent, or look after it.', commands: onAgent };
  if (task.state === 'TASK_RUNNING')
    return task.healthy === false
      ? { text: 'See in its log why it is not healthy.', commands: logs }
      : { text: 'Nothing: it runs.', commands: [`mesoctl task logs -f ${id}`] };
  if (task.state === 'TASK_KILLING')
    return { text: 'Wait: it has its grace period to end.', commands: [`mesoctl task show ${id}`] };
  return { text: 'Wait; after a minute, look at the log and at its agent.', commands: [...logs, ...onAgent] };
}

function afterEnd({ task_id, reason, state }: Task, logs: readonly string[], onAgent: readonly string[]): Step {
  if (reason === 'REASON_CONTAINER_LIMITATION_MEMORY')
    return { text: 'Launch it again with more memory (--mem).', commands: logs };
  if (reason === 'REASON_CONTAINER_LIMITATION_DISK')
    return { text: 'Launch it again with more disk (--disk).', commands: logs };
  if (state === 'TASK_ERROR')
    return { text: 'Mend what it was launched with.', commands: [`mesoctl task show ${task_id.value}`] };
  if (state === 'TASK_FAILED') return { text: 'See in its log why it failed.', commands: logs };
  return { text: 'Launch it again; look after the agent it was on.', commands: onAgent };
}
