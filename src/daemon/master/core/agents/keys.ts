/** Names of an agent's turns and timers. */
export function agentTurn(agentId: string): string {
  return `agent/${agentId}`;
}
