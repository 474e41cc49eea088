/** The list screens by table. */
import type { TableName } from '../../model/rows.js';
import { ListScreen } from './list-screen.js';
import type { FilterPort, Screen, ScreenWorld, SortPort } from './screen.js';
import { AGENT_SPEC, FRAMEWORK_SPEC, OFFER_SPEC, ROLE_SPEC, TASK_SPEC } from './table-specs.js';

/** What the rest of `top` does with a list, whatever it lists. */
export interface ListPort extends Screen, FilterPort, SortPort {
  /** Selects a row when it is next drawn; without effect if it does not fit. */
  select(key: string): void;
}

export function openList(
  world: ScreenWorld,
  table: TableName,
  options: { readonly scope?: string; readonly filter?: string } = {},
): ListPort {
  switch (table) {
    case 'agents':
      return new ListScreen(world, { spec: AGENT_SPEC, ...options });
    case 'frameworks':
      return new ListScreen(world, { spec: FRAMEWORK_SPEC, ...options });
    case 'offers':
      return new ListScreen(world, { spec: OFFER_SPEC, ...options });
    case 'tasks':
      return new ListScreen(world, { spec: TASK_SPEC, ...options });
    case 'roles':
      return new ListScreen(world, { spec: ROLE_SPEC, ...options });
    default:
      return table satisfies never;
  }
}
