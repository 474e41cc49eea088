// Every message and enum table that the generator has written, found by what the modules export.
import * as agent from '../../../src/wire/gen/agent.js';
import * as allocator from '../../../src/wire/gen/allocator.js';
import * as executor from '../../../src/wire/gen/executor.js';
import * as maintenance from '../../../src/wire/gen/maintenance.js';
import * as master from '../../../src/wire/gen/master.js';
import * as api from '../../../src/wire/gen/mesoctl-api.js';
import * as checkpoint from '../../../src/wire/gen/mesoctl-checkpoint.js';
import * as link from '../../../src/wire/gen/mesoctl-link.js';
import * as registry from '../../../src/wire/gen/mesoctl-registry.js';
import * as mesos from '../../../src/wire/gen/mesos.js';
import * as protobuf from '../../../src/wire/gen/protobuf.js';
import * as quota from '../../../src/wire/gen/quota.js';
import * as provider from '../../../src/wire/gen/resource_provider.js';
import * as scheduler from '../../../src/wire/gen/scheduler.js';
import type { EnumType, MessageType } from '../../../src/wire/schema.js';

export type AnyMessageType = MessageType<Record<string, unknown>>;

const modules: readonly object[] = [
  agent,
  allocator,
  executor,
  maintenance,
  master,
  mesos,
  api,
  checkpoint,
  link,
  registry,
  protobuf,
  quota,
  provider,
  scheduler,
];

const tables: readonly unknown[] = modules.flatMap((module) => Object.values(module));

export const MESSAGE_TYPES = tables.filter(
  (table): table is AnyMessageType => typeof table === 'object' && table !== null && 'byNumber' in table,
);

export const ENUM_TYPES = tables.filter(
  (table): table is EnumType<string> => typeof table === 'object' && table !== null && 'numberOf' in table,
);
