/**
 * The operator's part of the language of the master's golden scripts.
 *
 *   operator OPERATION AGENT          e.g. reserve:cpus(+eng):2; see conversionOf
 *   operator quota ROLE [guarantee=SCALARS] [limit=SCALARS] [force=1]     SCALARS: cpus:1;mem:64
 *   operator set-quota ROLE guarantee=SCALARS     operator weight ROLE N
 *   operator schedule MACHINES at=SECONDS         operator schedule nothing
 *   operator down MACHINES    operator up MACHINES
 *   operator deactivate|reactivate|drain|gone AGENT
 */
import type * as master from '../../../src/wire/gen/master.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { listOf, scalarsOf, wireOf } from '../resource-words.js';

/**
 * `reserve:RESOURCES`, `unreserve:RESOURCES`, `create:RESOURCES`, `destroy:RESOURCES`, `grow:VOLUME;ADDITION`, `shrink:VOLUME-MB`,
 * `create-disk` and `destroy-disk`; with `#ID` behind it the scheduler hears how it ended.
 */
export function conversionOf(text: string): mesos.Offer_Operation {
  const [what = '', id] = text.split('#');
  const colon = what.indexOf(':');
  const verb = colon < 0 ? what : what.slice(0, colon);
  return { ...operationOf(verb, what.slice(colon + 1)), ...(id === undefined ? {} : { id: { value: id } }) };
}

function operationOf(verb: string, text: string): mesos.Offer_Operation {
  switch (verb) {
    case 'reserve':
      return { type: 'RESERVE', reserve: { resources: wireOf(text) } };
    case 'unreserve':
      return { type: 'UNRESERVE', unreserve: { resources: wireOf(text) } };
    case 'create':
      return { type: 'CREATE', create: { volumes: wireOf(text) } };
    case 'destroy':
      return { type: 'DESTROY', destroy: { volumes: wireOf(text) } };
    case 'grow': {
      const [volume, addition] = pairOf(text);
      return { type: 'GROW_VOLUME', grow_volume: { volume, addition } };
    }
    case 'shrink': {
      const dash = text.lastIndexOf('-');
      const [volume] = wireOf(text.slice(0, dash));
      if (volume === undefined) throw new Error(`${text} is no volume and amount`);
      return { type: 'SHRINK_VOLUME', shrink_volume: { volume, subtract: { value: Number(text.slice(dash + 1)) } } };
    }
    default:
      throw new Error(`unknown operation: ${verb}:${text}`);
  }
}

function pairOf(text: string): readonly [mesos.Resource, mesos.Resource] {
  const [first, second] = wireOf(text);
  if (first === undefined || second === undefined) throw new Error(`${text} is no pair of resources`);
  return [first, second];
}

/** undefined: the word is none of an operator's. `agentIdOf`: of the agent with that name in the script. */
export function operatorCallOf(
  word: string,
  [name = '', amount = '']: readonly string[],
  options: ReadonlyMap<string, string>,
  agentIdOf: (name: string) => mesos.AgentID,
): master.Call | undefined {
  if (word.includes(':')) return resourceCallOf(conversionOf(word), agentIdOf(name));
  const machines = listOf(name).map((hostname) => ({ hostname }));
  switch (word) {
    case 'quota':
      return {
        type: 'UPDATE_QUOTA',
        update_quota: { force: options.has('force'), quota_configs: [configOf(name, options)] },
      };
    case 'set-quota':
      return {
        type: 'SET_QUOTA',
        set_quota: { quota_request: { role: name, guarantee: wireOf(options.get('guarantee') ?? '') } },
      };
    case 'weight':
      return { type: 'UPDATE_WEIGHTS', update_weights: { weight_infos: [{ role: name, weight: Number(amount) }] } };
    case 'schedule': {
      const start = { nanoseconds: Number(options.get('at') ?? 0) * 1e9 };
      const windows = name === 'nothing' ? [] : [{ machine_ids: machines, unavailability: { start } }];
      return { type: 'UPDATE_MAINTENANCE_SCHEDULE', update_maintenance_schedule: { schedule: { windows } } };
    }
    case 'down':
      return { type: 'START_MAINTENANCE', start_maintenance: { machines } };
    case 'up':
      return { type: 'STOP_MAINTENANCE', stop_maintenance: { machines } };
    case 'deactivate':
      return { type: 'DEACTIVATE_AGENT', deactivate_agent: { agent_id: agentIdOf(name) } };
    case 'reactivate':
      return { type: 'REACTIVATE_AGENT', reactivate_agent: { agent_id: agentIdOf(name) } };
    case 'drain':
      return { type: 'DRAIN_AGENT', drain_agent: { agent_id: agentIdOf(name) } };
    case 'gone':
      return { type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id: agentIdOf(name) } };
    default:
      return undefined;
  }
}

function configOf(role: string, options: ReadonlyMap<string, string>) {
  const guarantee = options.get('guarantee');
  const limit = options.get('limit');
  return {
    role,
    ...(guarantee === undefined ? {} : { guarantees: scalarsOf(guarantee) }),
    ...(limit === undefined ? {} : { limits: scalarsOf(limit) }),
  };
}

function resourceCallOf(operation: mesos.Offer_Operation, agent_id: mesos.AgentID): master.Call {
  const { reserve, unreserve, create, destroy, grow_volume, shrink_volume } = operation;
  if (reserve !== undefined)
    return { type: 'RESERVE_RESOURCES', reserve_resources: { agent_id, resources: reserve.resources } };
  if (unreserve !== undefined)
    return { type: 'UNRESERVE_RESOURCES', unreserve_resources: { agent_id, resources: unreserve.resources } };
  if (create !== undefined) return { type: 'CREATE_VOLUMES', create_volumes: { agent_id, volumes: create.volumes } };
  if (destroy !== undefined)
    return { type: 'DESTROY_VOLUMES', destroy_volumes: { agent_id, volumes: destroy.volumes } };
  if (grow_volume !== undefined) return { type: 'GROW_VOLUME', grow_volume: { agent_id, ...grow_volume } };
  if (shrink_volume !== undefined) return { type: 'SHRINK_VOLUME', shrink_volume: { agent_id, ...shrink_volume } };
  throw new Error('an operator cannot ask for that');
}
