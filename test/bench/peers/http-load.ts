/** Clients that write by HTTP, each one request after the other over a connection of its own. */
import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

export interface WriteRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface LoadResult {
  readonly elapsedMs: number;
  /** Of the acknowledged writes. */
  readonly latenciesMs: readonly number[];
  readonly failed: number;
}

/** `requestOf` makes the request of a client; an answer of 200 is an acknowledgement. */
export async function runHttpLoad(
  clients: number,
  seconds: number,
  requestOf: (client: number) => WriteRequest,
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const latenciesMs: number[] = [];
  let failed = 0;
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1000;
  const client = async (at: number) => {
    while (performance.now() < endMs) {
      const begunMs = performance.now();
      if (await post(agent, requestOf(at))) latenciesMs.push(performance.now() - begunMs);
      else {
        failed += 1;
        await pause(5);
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, at) => client(at)));
  const elapsedMs = performance.now() - startedMs;
  agent.destroy();
  return { elapsedMs, latenciesMs, failed };
}

function post(agent: Agent, { url, headers, body }: WriteRequest): Promise<boolean> {
  return new Promise((resolve) => {
    const length = { 'Content-Length': String(Buffer.byteLength(body)) };
    const sent = request(url, { method: 'POST', agent, headers: { ...headers, ...length } }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode === 200));
      response.once('error', () => resolve(false));
    });
    sent.setTimeout(10_000, () => sent.destroy());
    sent.once('error', () => resolve(false));
    sent.end(body);
  });
}
