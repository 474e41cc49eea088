/**
 * The complete environment of a command task, as a function of who runs it where. Nothing is inherited from the agent.
 * Later sources override earlier ones: defaults, --executor-environment-variables, what Mesos promises (MESOS_*), the
 * task's own variables, and last the role, which a task may not lie about.
 * Source: spec page 02, section 2.4; page 00, correction 4; page 14, section 14.2.
 */
import { formatDuration } from '../../../base/duration.js';
import type * as mesos from '../../../wire/gen/mesos.js';
import type { AgentConfig } from '../../config/agent-config.js';
import { durationMs } from '../core/tasks/durations.js';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** What the original adds to a task's own grace for its executor. */
const EXECUTOR_MARGIN_MS = 2_000;

export interface TaskEnvironmentOptions {
  readonly config: Pick<
    AgentConfig,
    | 'executorEnvironmentVariables'
    | 'executorShutdownGracePeriodMs'
    | 'executorReregistrationTimeoutMs'
    | 'recoveryTimeoutMs'
  >;
  readonly agentId: string;
  /** Of the agent's HTTP server, HOST:PORT. */
  readonly endpoint: string;
  readonly framework: mesos.FrameworkInfo;
  readonly task: mesos.TaskInfo;
  readonly sandboxDir: string;
}

export function taskEnvironment(options: TaskEnvironmentOptions): Record<string, string> {
  const { config, framework, task } = options;
  const role = task.resources?.find((resource) => resource.allocation_info?.role !== undefined)?.allocation_info?.role;
  const allocationRole = role ?? framework.roles?.[0] ?? framework.role ?? '*';
  return {
    PATH: DEFAULT_PATH,
    HOME: options.sandboxDir,
    ...config.executorEnvironmentVariables,
    ...promised(options),
    ...(framework.checkpoint === true ? promisedToCheckpointed(config) : {}),
    ...ownVariables(task),
    MESOS_ALLOCATION_ROLE: allocationRole,
  };
}

function promised(options: TaskEnvironmentOptions): Record<string, string> {
  const { agentId, config, endpoint, framework, sandboxDir, task } = options;
  const ownGraceMs = durationMs(task.kill_policy?.grace_period);
  const graceMs = ownGraceMs === undefined ? config.executorShutdownGracePeriodMs : ownGraceMs + EXECUTOR_MARGIN_MS;
  return {
    MESOS_SANDBOX: sandboxDir,
    MESOS_DIRECTORY: sandboxDir,
    MESOS_FRAMEWORK_ID: framework.id?.value ?? '',
    // A command task is its own executor.
    MESOS_EXECUTOR_ID: task.task_id.value,
    MESOS_TASK_ID: task.task_id.value,
    MESOS_SLAVE_ID: agentId,
    MESOS_SLAVE_PID: `slave(1)@${endpoint}`,
    MESOS_AGENT_ENDPOINT: endpoint,
    MESOS_CHECKPOINT: framework.checkpoint === true ? '1' : '0',
    MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD: formatDuration(graceMs),
    MESOS_HTTP_COMMAND_EXECUTOR: '0',
    LIBPROCESS_PORT: '0',
  };
}

function promisedToCheckpointed(config: TaskEnvironmentOptions['config']): Record<string, string> {
  return {
    MESOS_RECOVERY_TIMEOUT: formatDuration(config.recoveryTimeoutMs),
    MESOS_SUBSCRIPTION_BACKOFF_MAX: formatDuration(config.executorReregistrationTimeoutMs),
  };
}

function ownVariables(task: mesos.TaskInfo): Record<string, string> {
  const variables = task.command?.environment?.variables ?? [];
  return Object.fromEntries(variables.map(({ name, value }) => [name, value ?? '']));
}
