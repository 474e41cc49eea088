/** Messages to agents. One without a link gets nothing: re-registration reconciles what it missed. */
import type { Context } from '../machine/context.js';
import type { AgentRecord } from '../model/agent.js';
import type { AgentMessage } from '../protocol.js';

/** Returns whether it was sent. */
export function sendToAgent(context: Context, agent: AgentRecord, message: AgentMessage): boolean {
  if (agent.link === undefined) return false;
  context.outbox.agentMessage(agent.link, message);
  return true;
}
