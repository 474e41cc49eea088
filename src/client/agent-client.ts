/** The v1 operator API of one agent, as far as frameworks and the command line need it. Spec page 03, section 3.3. */
import { Agent } from 'node:http';
import { MesoError } from '../base/error.js';
import { isRejection } from '../base/rejection.js';
import * as agent from '../wire/gen/agent.js';
import type * as mesos from '../wire/gen/mesos.js';
import { type Address, DEFAULT_AGENT_PORT, parseAddress } from './address.js';
import { readBody, sendRequest } from './http-request.js';
import { decodeMessage, encodeMessage, type MessageFormat, mediaHeaders } from './message-codec.js';
import { errorOfFailure, errorOfResponse } from './response-error.js';

export interface AgentClientOptions {
  /** `HOST:PORT`, or parsed; `addressOfOffer` finds it in an offer. */
  readonly agent: string | Address;
  /** Default protobuf. */
  readonly format?: MessageFormat | undefined;
  /** For each step of one call; default 10 s. */
  readonly timeoutMs?: number | undefined;
}

/** A part of a file and how long the file is now. */
export interface FilePart {
  readonly sizeBytes: number;
  readonly data: Uint8Array;
}

const PATH = '/api/v1';
const DEFAULT_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 3_000;
const MAX_RESPONSE_BYTES = 512 * 1024 ** 2;

export class AgentClient {
  readonly #address: Address;
  readonly #format: MessageFormat;
  readonly #timeoutMs: number;
  readonly #connections = new Agent({ keepAlive: true, maxSockets: 4 });

  /** Throws BAD_INPUT for an address that is none. */
  constructor(options: AgentClientOptions) {
    const address = typeof options.agent === 'string' ? parseAddress(options.agent, DEFAULT_AGENT_PORT) : options.agent;
    if (isRejection(address)) throw new MesoError('BAD_INPUT', address.message);
    this.#address = address;
    this.#format = options.format ?? 'protobuf';
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  get address(): Address {
    return this.#address;
  }

  /** Any call that is answered at once, as it is on the wire. An empty answer is `{}`. */
  async call(call: agent.Call, signal?: AbortSignal): Promise<agent.Response> {
    const what = call.type ?? 'UNKNOWN';
    const isRepeatable = what.startsWith('GET_') || what === 'READ_FILE' || what === 'LIST_FILES';
    try {
      const response = await sendRequest({
        address: this.#address,
        path: PATH,
        headers: mediaHeaders(this.#format),
        body: encodeMessage(agent.Call, call, this.#format),
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        responseTimeoutMs: this.#timeoutMs,
        agent: this.#connections,
        signal,
      });
      if (response.status !== 200 && response.status !== 202) throw await errorOfResponse(response, what);
      const body = await readBody(response, { maxBytes: MAX_RESPONSE_BYTES, timeoutMs: this.#timeoutMs });
      if (body.length === 0) return {};
      const decoded = decodeMessage(agent.Response, body, this.#format);
      if (isRejection(decoded))
        throw new MesoError('PROTOCOL', `the answer to ${what} cannot be read: ${decoded.message}`);
      return decoded;
    } catch (error) {
      throw errorOfFailure(error, what, isRepeatable);
    }
  }

  /** At most `length` bytes and 64 KiB from `offset` on. Throws NOT_FOUND where there is no such file. */
  async readFile(path: string, offset: number, length?: number, signal?: AbortSignal): Promise<FilePart> {
    const { read_file } = await this.call({ type: 'READ_FILE', read_file: { path, offset, length } }, signal);
    return { sizeBytes: Number(read_file?.size ?? 0), data: read_file?.data ?? new Uint8Array() };
  }

  /** The entries of a directory. Throws NOT_FOUND where there is none. */
  async listFiles(path: string, signal?: AbortSignal): Promise<readonly mesos.FileInfo[]> {
    return (await this.call({ type: 'LIST_FILES', list_files: { path } }, signal)).list_files?.file_infos ?? [];
  }

  async getState(signal?: AbortSignal): Promise<agent.Response_GetState> {
    return (await this.call({ type: 'GET_STATE' }, signal)).get_state ?? {};
  }

  async getContainers(signal?: AbortSignal): Promise<readonly agent.Response_GetContainers_Container[]> {
    const call: agent.Call = { type: 'GET_CONTAINERS', get_containers: {} };
    return (await this.call(call, signal)).get_containers?.containers ?? [];
  }

  /** Closes idle connections. */
  close(): void {
    this.#connections.destroy();
  }
}

/** The agent behind an offer; undefined if the offer does not say. */
export function addressOfOffer(offer: mesos.Offer): Address | undefined {
  const address = offer.url?.address;
  if (address === undefined) return undefined;
  return { host: address.ip ?? address.hostname ?? offer.hostname, port: address.port };
}

/** Directory of a task's newest run as agents show it. A command task's executor has the id of the task. */
export function sandboxPath(frameworkId: string, executorId: string): string {
  return `/frameworks/${frameworkId}/executors/${executorId}/runs/latest`;
}
