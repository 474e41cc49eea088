/** Names of what is counted per framework (spec page 10), made once: they are looked up for every call and event. */
import * as mesos from '../../../../wire/gen/mesos.js';
import * as scheduler from '../../../../wire/gen/scheduler.js';

function names<Type extends string>(prefix: string, types: Iterable<Type>): ReadonlyMap<Type, string> {
  return new Map(Array.from(types, (type) => [type, `${prefix}/${type.toLowerCase()}`]));
}

export const CALL_COUNTS = names('calls', scheduler.Call_Type.numberOf.keys());
export const EVENT_COUNTS = names('events', scheduler.Event_Type.numberOf.keys());
export const OPERATION_COUNTS = names('operations', mesos.Offer_Operation_Type.numberOf.keys());
export const ACTIVE_COUNTS = names('tasks/active', mesos.TaskState.numberOf.keys());
export const TERMINAL_COUNTS = names('tasks/terminal', mesos.TaskState.numberOf.keys());
