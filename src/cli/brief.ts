/** Few words for lists that hold every command: the first clause of a summary, what a noun means. Pure. */

/** `Run a whole cluster on this machine: for one ...` becomes `run a whole cluster on this machine`. */
export function briefOfSummary(summary: string): string {
  const clause = summary.split(/[:;,.](?:\s|$)/)[0] ?? '';
  return `${clause.charAt(0).toLowerCase()}${clause.slice(1)}`;
}

/** `Tasks: what runs on agents.` becomes `what runs on agents`. */
export function briefOfTopic(description: string): string {
  return description.replace(/^[A-Z]\w*: /, '').replace(/\.$/, '');
}
