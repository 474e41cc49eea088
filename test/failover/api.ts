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

export async function callMaster(url: string, call: object, timeoutMs: number): Promise<Answer> {
  try {
    const response = await fetch(`${url}/api/v1`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify(call),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    return { status: response.status, body: response.ok && text !== '' ? JSON.parse(text) : text };
  } catch {
    return { status: 0, body: undefined };
  }
}

/** The one that says it leads; of several, as after a partition, any. `except`: not that one. */
export async function findLeader<Master extends MasterAt>(
  masters: readonly Master[],
  except?: Master,
): Promise<Master | undefined> {
  const asked = masters.map(async (master) => {
    if (master === except) return undefined;
    const response = await fetch(`${master.url}/leader`, { signal: AbortSignal.timeout(400) }).catch(() => undefined);
    const answer = response?.ok === true ? ((await response.json()) as { readonly self: boolean }) : undefined;
    return answer?.self === true ? master : undefined;
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
  const response = await fetch(`${url}/api/mesoctl/v1`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify({ type: 'MEMBERS' }),
    signal: AbortSignal.timeout(1_000),
  }).catch(() => undefined);
  if (response?.ok !== true) return undefined;
  return ((await response.json()) as { readonly members: Members }).members;
}
