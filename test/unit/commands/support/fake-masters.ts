/** A master that answers the calls about masters as one of three does: m1, m2 and m3, led by m2 unless a test says otherwise. */
import type { ServerResponse } from 'node:http';
import { encodeProtobuf } from '../../../../src/wire/codec.js';
import * as api from '../../../../src/wire/gen/mesoctl-api.js';
import { FakeMaster, type Seen } from '../../client/fake-master.js';
import { INFO } from './fake-cluster.js';

export interface Refusal {
  readonly status: number;
  readonly text: string;
}

export function memberOf(name: string, facts: Partial<api.Response_Member> = {}): api.Response_Member {
  return {
    id: `${name}c4f1a2b39d7e`,
    name,
    raft_address: `10.0.0.${name.slice(1)}:5060`,
    role: 'VOTER',
    leader: false,
    self: false,
    connected: true,
    durable_index: 812,
    silent_seconds: 0.1,
    features: 2,
    ...facts,
  };
}

const LEADING = { leader: true, self: true, durable_index: undefined, silent_seconds: undefined } as const;

export class FakeMasters {
  members: readonly api.Response_Member[] = [memberOf('m1'), memberOf('m2', LEADING), memberOf('m3')];
  /** HOST:PORT of the leader, where that is another one. */
  leaderAt: string | undefined;
  clusterId: string | undefined = INFO.cluster_id;
  /** What a change is answered with instead. */
  refusal: Refusal | undefined;
  /** Changes are carried out, and the connection is cut instead of an answer. */
  losesAnswers = false;
  /** Changes are neither carried out nor answered. */
  isMute = false;
  snapshot: Buffer | undefined;
  /** How many bytes of the snapshot are sent; undefined: all. */
  sends: number | undefined;
  readonly changes: string[] = [];
  /** The first of them has come. */
  readonly changed: Promise<void>;
  #onChange: () => void = () => undefined;
  #server: FakeMaster | undefined;

  private constructor() {
    this.changed = new Promise((resolve) => {
      this.#onChange = resolve;
    });
  }

  static async start(): Promise<FakeMasters> {
    const masters = new FakeMasters();
    masters.#server = await FakeMaster.start((seen, response) => masters.#answer(seen, response));
    return masters;
  }

  get address(): string {
    return this.#server?.address ?? '';
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  #answer({ call, path }: Seen, response: ServerResponse): void {
    const leadsElsewhere = this.leaderAt !== undefined || !this.members.some(({ self, leader }) => self && leader);
    if (leadsElsewhere && call.type !== 'MEMBERS') this.#redirect(path, response);
    else if (path.endsWith('/snapshot')) this.#sendSnapshot(response);
    else if (call.type === 'GET_INFO') reply(response, { type: 'GET_INFO', info: INFO });
    else if (call.type === 'MEMBERS') reply(response, { type: 'MEMBERS', members: this.#picture() });
    else this.#change(call as unknown as api.Call, response);
  }

  #redirect(path: string, response: ServerResponse): void {
    if (this.leaderAt === undefined) response.writeHead(503).end('No leader elected');
    else response.writeHead(307, { Location: `//${this.leaderAt}${path}` }).end();
  }

  #change(call: api.Call, response: ServerResponse): void {
    const { add_member: add, remove_member: remove, transfer_leadership: transfer } = call;
    this.changes.push(`${call.type} ${add?.name ?? remove?.name ?? transfer?.name}`);
    this.#onChange();
    if (this.isMute) return;
    if (this.refusal !== undefined) {
      response.writeHead(this.refusal.status).end(this.refusal.text);
      return;
    }
    if (add !== undefined) this.members = [...this.members, memberOf(add.name, { raft_address: add.raft_address })];
    this.members = this.members.filter(({ name }) => name !== remove?.name);
    if (transfer !== undefined)
      this.members = this.members.map((member) => ({
        ...member,
        leader: member.name === transfer.name,
        self: member.name === transfer.name,
      }));
    if (this.losesAnswers) response.destroy();
    else reply(response, { type: call.type ?? 'UNKNOWN', members: this.#picture() });
  }

  #picture(): api.Response_Members {
    const [host = '', port] = this.leaderAt?.split(':') ?? [];
    const { ip, id } = INFO.master_info;
    const leader = this.leaderAt === undefined ? undefined : { id, ip, hostname: host, port: Number(port) };
    return {
      cluster_id: this.clusterId,
      term: 14,
      commit_index: 810,
      last_index: 815,
      members: [...this.members],
      leader,
    };
  }

  #sendSnapshot(response: ServerResponse): void {
    if (this.refusal !== undefined || this.snapshot === undefined) {
      response.writeHead(this.refusal?.status ?? 503).end(this.refusal?.text ?? 'no snapshot');
      return;
    }
    response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': this.snapshot.length,
    });
    if (this.sends === undefined) response.end(this.snapshot);
    else response.write(this.snapshot.subarray(0, this.sends), () => response.destroy());
  }
}

function reply(response: ServerResponse, message: api.Response): void {
  response.writeHead(200, { 'Content-Type': 'application/x-protobuf' });
  response.end(encodeProtobuf(api.Response, message));
}
