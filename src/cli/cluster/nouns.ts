/** The things of a cluster as commands speak of them: words, ids, and which part of the stream their rows are made of. */
import type { RowOf, TableName } from '../../views/model/rows.js';
import type { Kind } from '../../wire/gen/mesoctl-api.js';
import { agentRecord } from '../records/agent-record.js';
import { frameworkRecord } from '../records/framework-record.js';
import { offerRecord } from '../records/offer-record.js';
import { roleRecord } from '../records/role-record.js';
import { taskRecord } from '../records/task-record.js';

export interface Noun<N extends TableName> {
  readonly table: N;
  readonly one: string;
  readonly many: string;
  /** What the stream must carry, so that rows are whole. */
  readonly kinds: readonly Kind[];
  /** Full, as `-o name` prints it and every command takes it. */
  idOf(row: RowOf[N]): string;
  recordOf(row: RowOf[N]): object;
}

export const TASKS: Noun<'tasks'> = {
  table: 'tasks',
  one: 'task',
  many: 'tasks',
  kinds: ['TASKS', 'FRAMEWORKS', 'AGENTS'],
  idOf: ({ task }) => task.task_id.value,
  recordOf: taskRecord,
};

export const AGENTS: Noun<'agents'> = {
  table: 'agents',
  one: 'agent',
  many: 'agents',
  kinds: ['AGENTS'],
  idOf: ({ agent }) => agent.agent_id.value,
  recordOf: agentRecord,
};

export const FRAMEWORKS: Noun<'frameworks'> = {
  table: 'frameworks',
  one: 'framework',
  many: 'frameworks',
  kinds: ['FRAMEWORKS', 'OFFERS'],
  idOf: ({ framework }) => framework.framework_id.value,
  recordOf: frameworkRecord,
};

export const OFFERS: Noun<'offers'> = {
  table: 'offers',
  one: 'offer',
  many: 'offers',
  kinds: ['OFFERS', 'FRAMEWORKS', 'AGENTS'],
  idOf: ({ offer }) => offer.offer_id.value,
  recordOf: offerRecord,
};

export const ROLES: Noun<'roles'> = {
  table: 'roles',
  one: 'role',
  many: 'roles',
  kinds: ['ROLES'],
  idOf: ({ role }) => role.name,
  recordOf: roleRecord,
};
