/** Which rows of a table an event of the stream can have changed. Pure. */
import type { TableName } from '../../views/model/rows.js';
import type { Event } from '../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../wire/gen/mesos.js';

/** Keys of rows, as the model makes them; 'all' where the event names none. */
export function touchedKeys(table: TableName, event: Event): readonly string[] | 'all' {
  if (event.type === 'SNAPSHOT_END') return 'all';
  switch (table) {
    case 'agents':
      return [
        ...(event.agents_updated?.agents ?? []).map(agentKey),
        ...(event.agents_used ?? []).map(agentKey),
        ...(event.agent_removed === undefined ? [] : [agentKey(event.agent_removed)]),
      ];
    case 'frameworks':
      return [
        ...(event.frameworks_updated?.frameworks ?? []).map(frameworkKey),
        ...(event.frameworks_used ?? []).map(frameworkKey),
        ...(event.framework_removed === undefined ? [] : [frameworkKey(event.framework_removed)]),
      ];
    case 'tasks':
      return [...(event.tasks_updated ?? []), ...(event.tasks_removed ?? [])].map(taskKey);
    case 'offers':
      return [...(event.offers_made ?? []), ...(event.offers_ended ?? [])].map(({ offer_id }) => offer_id.value);
    case 'roles':
      return [...(event.roles_updated?.roles ?? []).map(({ name }) => name), ...(event.roles_updated?.removed ?? [])];
  }
}

function agentKey({ agent_id }: { readonly agent_id: mesos.AgentID }): string {
  return agent_id.value;
}

function frameworkKey({ framework_id }: { readonly framework_id: mesos.FrameworkID }): string {
  return framework_id.value;
}

function taskKey(key: { readonly framework_id: mesos.FrameworkID; readonly task_id: mesos.TaskID }): string {
  return `${key.framework_id.value}/${key.task_id.value}`;
}
