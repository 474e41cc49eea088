/** A running agent as its starter sees it. */

/** Why an agent ended. */
export type AgentEnd =
  /** `stop` or the abort signal: containers keep running, a later start takes them over. */
  | { readonly kind: 'stopped' }
  /** `unregister`: its tasks are killed, the master has been told; a later start is a new agent. */
  | { readonly kind: 'unregistered' }
  /** The master ordered it (gone, machine down, refused); its tasks are killed. A person should look. */
  | { readonly kind: 'shut-down'; readonly message: string }
  /** The checkpoint or something else it cannot live without failed; containers keep running. */
  | { readonly kind: 'failed'; readonly error: Error };

export interface AgentHandle {
  readonly ip: string;
  /** The port in use, also when 0 was asked for. */
  readonly port: number;
  /** `http://ip:port` */
  readonly url: string;
  /** Isolators in force, names as in --isolation. */
  readonly isolation: readonly string[];
  /** undefined: not yet admitted by a master. */
  readonly agentId: string | undefined;
  /** Admitted, and not cut off from the master since. */
  readonly isRegistered: boolean;
  /** Resolves when a master has admitted this agent; never rejects (see `ended`). */
  readonly registered: Promise<string>;
  /** Resolves once, when the agent is down and everything it held is released. Never rejects. */
  readonly ended: Promise<AgentEnd>;
  /** What SIGTERM asks for: leaves containers running. Resolves when down. */
  stop(): Promise<void>;
  /** What SIGUSR1 asks for: kills the tasks, tells the master, forgets the agent id, then ends. */
  unregister(): Promise<void>;
}
