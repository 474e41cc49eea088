/** Three etcd members on this machine, for comparison; Debian's packages etcd-server and etcd-client. */
import { join } from 'node:path';
import { freePorts } from '../../harness/cluster.mjs';
import { StartedProcess, until } from '../../harness/process.mjs';
import type { Group } from './group.js';
import { runHttpLoad } from './http-load.js';

interface Member {
  readonly name: string;
  readonly clientPort: number;
  process: StartedProcess;
}

/** `timing`: flags such as --heartbeat-interval; none: etcd's own defaults. */
export async function startEtcd(directory: string, timing: readonly string[] = []): Promise<Group> {
  const ports = await freePorts(6);
  const names = ['e1', 'e2', 'e3'];
  const cluster = names.map((name, at) => `${name}=http://127.0.0.1:${ports[at]}`).join(',');
  const start = (name: string, at: number) => {
    const peer = `http://127.0.0.1:${ports[at]}`;
    const client = `http://127.0.0.1:${ports[at + 3]}`;
    return new StartedProcess({
      name,
      logPath: join(directory, `${name}.log`),
      command: 'etcd',
      args: [
        ...['--name', name, '--data-dir', join(directory, name), '--initial-cluster', cluster],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...timing,
      ],
    });
  };
  const members: Member[] = names.map((name, at) => ({
    name,
    clientPort: ports[at + 3] ?? 0,
    process: start(name, at),
  }));
  const post = async (member: Member, path: string, body: object, timeoutMs: number) => {
    const response = await fetch(`http://127.0.0.1:${member.clientPort}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return (await response.json()) as Record<string, unknown>;
  };
  const isLeader = async (member: Member) => {
    const none: Record<string, unknown> = {};
    const status = await post(member, '/v3/maintenance/status', {}, 500).catch(() => none);
    const header = status.header as { readonly member_id: string } | undefined;
    return header !== undefined && header.member_id === status.leader;
  };
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const findLeader = () =>
    until('etcd has a leader', async () => {
      for (const member of members) if (member.process.running && (await isLeader(member))) return member;
      return undefined;
    });
  let turn = 0;
  return {
    name: timing.length === 0 ? 'etcd, its defaults' : 'etcd, our timeouts',
    load: async (clients, seconds) => {
      const { clientPort } = await findLeader();
      const value = base64('x'.repeat(256));
      return runHttpLoad(clients, seconds, (client) => ({
        url: `http://127.0.0.1:${clientPort}/v3/kv/put`,
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ key: base64(`bench-${client}`), value }),
      }));
    },
    write: async () => {
      turn += 1;
      const alive = members.filter((member) => member.process.running);
      const member = alive[turn % alive.length];
      if (member === undefined) return false;
      return post(member, '/v3/kv/put', { key: base64('bench'), value: base64('x'.repeat(256)) }, 250).then(
        () => true,
        () => false,
      );
    },
    killLeader: async () => {
      const member = await findLeader();
      member.process.signal('SIGKILL');
      return { at: performance.now(), exited: member.process.exited, index: members.indexOf(member) };
    },
    restart: (index) => {
      const member = members[index];
      if (member !== undefined) member.process = start(member.name, index);
    },
    stop: async () => {
      await Promise.all(members.map(({ process }) => process.end('SIGKILL')));
    },
  };
}
