/**
 * Why no offer fits, in one or two sentences with numbers: what was asked, what the best agent has. Asks the master (WHY); a
 * master that does not know the question, such as one of Mesos, is asked for its agents instead.
 */
import { MesoError } from '../../base/error.js';
import { availableScalar } from '../../client/offer-resources.js';
import type { OperatorClient } from '../../client/operator-client.js';
import type * as master from '../../wire/gen/master.js';
import type * as extension from '../../wire/gen/mesoctl-api.js';
import type * as mesos from '../../wire/gen/mesos.js';
import type { Amounts, TaskRequest } from './task-request.js';

/** More reasons than these tell nobody what to do. */
const MAX_REASONS = 3;

const NAMES = ['cpus', 'mem', 'disk'] as const;

/** `frameworkId`: of the framework that waits, once it has one. */
export async function explainNoFit(
  client: OperatorClient,
  request: TaskRequest,
  frameworkId?: string,
): Promise<string> {
  const asked = `asked for ${formatAmounts(request.amounts)}${request.role === '*' ? '' : ` in role ${request.role}`}`;
  try {
    return `${asked}. ${await askMaster(client, request, frameworkId)}`;
  } catch (error) {
    if (!(error instanceof MesoError)) throw error;
    return `${asked}. The master does not say why (${error.message}).`;
  }
}

async function askMaster(client: OperatorClient, request: TaskRequest, frameworkId?: string): Promise<string> {
  const of = frameworkId === undefined ? {} : { framework_id: { value: frameworkId } };
  try {
    return describeWhy(await client.why({ ...of, role: request.role, resources: wanted(request.amounts) }));
  } catch (error) {
    if (!(error instanceof MesoError) || (error.code !== 'NOT_FOUND' && error.code !== 'PROTOCOL')) throw error;
    return describeAgents(await client.getAgents(), request.amounts);
  }
}

/** The command that asks the same again, agent by agent. */
export function whyCommand({ amounts, role }: Pick<TaskRequest, 'amounts' | 'role'>): string {
  const { cpus, mem, disk } = amounts;
  const size = `--cpus ${trim(cpus)} --mem ${trim(mem)}${disk > 0 ? ` --disk ${trim(disk)}` : ''}`;
  return `mesoctl why ${size}${role === '*' ? '' : ` --role ${role}`} --agents`;
}

/** `2 agents are too small even when idle: ...; 1 agent is draining: node-3. Ask for no more than cpus 2, ...` */
export function describeWhy({ summary, reasons = [], first_step }: extension.Response_Why): string {
  const told = reasons.slice(0, MAX_REASONS).map(({ message }) => message);
  const sentence = told.length === 0 ? summary.replace(/\.$/, '') : told.join('; ');
  return [`${sentence}.`, first_step].filter(Boolean).join(' ');
}

/** What the agents of a cluster have free, judged by how much of the request each could give. */
export function describeAgents(agents: readonly master.Response_GetAgents_Agent[], asked: Amounts): string {
  const active = agents.filter((agent) => agent.active);
  if (active.length === 0) return 'The cluster has no agents.';
  const free = active.map((agent) => ({ name: agent.agent_info.hostname, amounts: freeOf(agent) }));
  const best = free.reduce((left, right) => (fitOf(right.amounts, asked) > fitOf(left.amounts, asked) ? right : left));
  const short = NAMES.filter((name) => best.amounts[name] < asked[name]);
  const lack =
    short.length === 0 ? 'which would do: it may be offered to others now' : `too little ${short.join(', ')}`;
  return `Of ${active.length} agents the best, ${best.name}, has ${formatAmounts(best.amounts)}, ${lack}.`;
}

/** `cpus 4, mem 8192M` */
export function formatAmounts({ cpus, mem, disk }: Amounts): string {
  const parts = [`cpus ${trim(cpus)}`, `mem ${trim(mem)}M`];
  return [...parts, ...(disk > 0 ? [`disk ${trim(disk)}M`] : [])].join(', ');
}

function freeOf({ total_resources, allocated_resources, offered_resources }: master.Response_GetAgents_Agent): Amounts {
  const total = amountsOf(total_resources ?? []);
  const used = [amountsOf(allocated_resources ?? []), amountsOf(offered_resources ?? [])];
  const free = (name: keyof Amounts) =>
    Math.max(
      0,
      used.reduce((left, amounts) => left - amounts[name], total[name]),
    );
  return { cpus: free('cpus'), mem: free('mem'), disk: free('disk') };
}

function amountsOf(resources: readonly mesos.Resource[]): Amounts {
  return {
    cpus: availableScalar(resources, 'cpus'),
    mem: availableScalar(resources, 'mem'),
    disk: availableScalar(resources, 'disk'),
  };
}

/** The smallest part of the request that is there, at most 1. */
function fitOf(free: Amounts, asked: Amounts): number {
  return Math.min(1, ...NAMES.filter((name) => asked[name] > 0).map((name) => free[name] / asked[name]));
}

function wanted(amounts: Amounts): mesos.Resource[] {
  return NAMES.filter((name) => amounts[name] > 0).map((name) => ({
    name,
    type: 'SCALAR',
    scalar: { value: amounts[name] },
  }));
}

function trim(value: number): string {
  return String(Number(value.toFixed(3)));
}
