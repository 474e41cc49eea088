/** `i`: the ids of a thing and of what it belongs to, whole. */
import type { ClusterModel } from '../../model/cluster-model.js';
import type { Subject } from './screen.js';

export function idLines(model: ClusterModel, { table, key }: Subject): readonly string[] {
  const row = model.tables[table].get(key);
  if (row === undefined) return [`id         ${key}`];
  if ('task' in row) {
    const { task } = row;
    return [
      `task       ${task.task_id.value}`,
      `framework  ${task.framework_id.value}`,
      ...(task.agent_id === undefined ? [] : [`agent      ${task.agent_id.value}`]),
      ...(task.executor_id === undefined ? [] : [`executor   ${task.executor_id.value}`]),
    ];
  }
  if ('agent' in row) return [`agent      ${row.agent.agent_id.value}`, `host       ${row.agent.hostname ?? '-'}`];
  if ('framework' in row)
    return [`framework  ${row.framework.framework_id.value}`, `name       ${row.framework.name ?? '-'}`];
  if ('role' in row) return [`role       ${row.role.name}`];
  const { offer } = row;
  return [
    `offer      ${offer.offer_id.value}`,
    `framework  ${offer.framework_id.value}`,
    `agent      ${offer.agent_id.value}`,
  ];
}
