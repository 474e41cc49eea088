/** What the agent's HTTP handlers need of the rest of the agent. One object, made in agent-shell.ts. */
import type { Clock } from '../../../base/clock.js';
import type { Containerizer } from '../../../runtime/containerizer.js';
import type { SandboxFiles } from '../../../runtime/sandbox/files.js';
import type { AgentConfig } from '../../config/agent-config.js';
import type { Exchange } from '../../http/exchange.js';
import type { AgentView, TaskView } from '../core/view.js';

export interface AgentSite {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly productVersion: string;
  readonly startedAtUnixMs: number;
  /** HOST:PORT under which others reach this server. */
  readonly endpoint: string;
  /** undefined: the agent has not recovered yet. Only to be read synchronously. */
  findView(): AgentView | undefined;
  readonly files: SandboxFiles;
  /** Numbers and status of one container; undefined when it does not run. */
  usage: Containerizer['usage'];
  status: Containerizer['status'];
  /** Host path of the sandbox of a task. */
  sandboxPath(task: TaskView): string;
  /** Everything of `/metrics/snapshot`. */
  metrics(): ReadonlyMap<string, number>;
}

export type AgentHandler = (site: AgentSite, exchange: Exchange) => void | Promise<void>;
