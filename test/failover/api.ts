/** The public operator API of a set of masters, as a client without any library sees it. Every request has a deadline. */

export interface Answer {
  /** HTTP status; 0: no answer in time, or the connection broke. */
  readonly status: number;
  readonly body: unknown;
}

export interface MasterAt {
  readonly name: string;
  readonly url: string;
}

/**
 * The body as text; undefined: no answer in time, or the connection broke. The timer is our own and held until the end: that
 * of AbortSignal.timeout may be collected with its signal, and a request through a cut network then waits for ever.
 */
async function ask(
  url: string,
  timeoutMs: number,
  init: Omit<RequestInit, 'signal'> = {},
): Promise<{ readonly status: number; readonly ok: boolean; readonly text: string } | undefined> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: abort.signal });
    return { status: response.status, ok: response.ok, text: await response.text() };
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

function posted(call: object): Omit<RequestInit, 'signal'> {
  return {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify(call),
  };
}

export async function callMaster(url: string, call: object, timeoutMs: number): Promise<Answer> {
  const answer = await ask(`${url}/api/v1`, timeoutMs, posted(call));
  if (answer === undefined) return { status: 0, body: undefined };
  const { status, ok, text } = answer;
  return { status, body: ok && text !== '' ? JSON.parse(text) : text };
}

/** The one that says it leads; of several, as after a partition, any. `except`: not that one. */
export async function findLeader<Master extends MasterAt>(
  masters: readonly Master[],
  except?: Master,
): Promise<Master | undefined> {
  const asked = masters.map(async (master) => {
    if (master === except) return undefined;
    const answer = await ask(`${master.url}/leader`, 400);
    const isLeader = answer?.ok === true && (JSON.parse(answer.text) as { readonly self: boolean }).self;
    return isLeader ? master : undefined;
  });
  return (await Promise.all(asked)).find((master) => master !== undefined);
}

export function updateWeight(role: string, weight: number): object {
  return { type: 'UPDATE_WEIGHTS', update_weights: { weight_infos: [{ role, weight }] } };
}

/** Of GET_WEIGHTS. */
export function weightsOf(body: unknown): ReadonlyMap<string, number> {
  const { get_weights: { weight_infos: infos = [] } = {} } = body as {
    readonly get_weights?: { readonly weight_infos?: readonly { readonly role: string; readonly weight: number }[] };
  };
  return new Map(infos.map(({ role, weight }) => [role, weight]));
}

/** Of GET_AGENTS: how many the leader holds as registered and connected. */
export function activeAgentsOf(body: unknown): number {
  const { get_agents: { agents = [] } = {} } = body as {
    readonly get_agents?: { readonly agents?: readonly { readonly active: boolean }[] };
  };
  return agents.filter(({ active }) => active).length;
}

export interface Members {
  readonly term: number | string;
  readonly commit_index: number | string;
  readonly members: readonly { readonly self: boolean; readonly durable_index?: number | string }[];
}

/** The masters as one of them sees them; undefined: no answer. */
export async function membersOf(url: string): Promise<Members | undefined> {
  const answer = await ask(`${url}/api/mesoctl/v1`, 1_000, posted({ type: 'MEMBERS' }));
  return answer?.ok === true ? (JSON.parse(answer.text) as { readonly members: Members }).members : undefined;
}
