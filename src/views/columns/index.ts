/** The columns of every table of the model. */
import type { RowOf, TableName } from '../model/rows.js';
import { AGENT_COLUMNS } from './agent-columns.js';
import type { Column } from './column.js';
import { FRAMEWORK_COLUMNS } from './framework-columns.js';
import { OFFER_COLUMNS } from './offer-columns.js';
import { ROLE_COLUMNS } from './role-columns.js';
import { TASK_COLUMNS } from './task-columns.js';

export const COLUMNS_OF: { readonly [Name in TableName]: readonly Column<RowOf[Name]>[] } = {
  agents: AGENT_COLUMNS,
  frameworks: FRAMEWORK_COLUMNS,
  tasks: TASK_COLUMNS,
  offers: OFFER_COLUMNS,
  roles: ROLE_COLUMNS,
};
