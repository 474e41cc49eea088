/** Three ZooKeeper servers on this machine, for comparison; Debian's packages zookeeper, default-jre-headless, python3-kazoo. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePorts } from '../../harness/cluster.mjs';
import { projectRoot, StartedProcess, until } from '../../harness/process.mjs';
import type { Group } from './group.js';
import type { LoadResult } from './http-load.js';

const CLASS_PATH =
  '/etc/zookeeper/conf_example:/usr/share/java/zookeeper.jar:/usr/share/zookeeper/lib/*:/usr/share/java/*';

export async function startZooKeeper(directory: string): Promise<Group> {
  const ports = await freePorts(9);
  const servers = [0, 1, 2].map((at) => `server.${at + 1}=127.0.0.1:${ports[at]}:${ports[at + 3]}`);
  const start = (at: number) => {
    const home = join(directory, `z${at + 1}`);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'myid'), String(at + 1));
    const settings = [
      'tickTime=2000',
      'initLimit=10',
      'syncLimit=5',
      `dataDir=${home}`,
      `clientPort=${ports[at + 6]}`,
      'clientPortAddress=127.0.0.1',
      'admin.enableServer=false',
      '4lw.commands.whitelist=srvr',
      ...servers,
    ];
    writeFileSync(join(home, 'zoo.cfg'), `${settings.join('\n')}\n`);
    return new StartedProcess({
      name: `z${at + 1}`,
      logPath: join(directory, `z${at + 1}.log`),
      command: 'java',
      args: ['-cp', CLASS_PATH, 'org.apache.zookeeper.server.quorum.QuorumPeerMain', join(home, 'zoo.cfg')],
      cwd: home,
    });
  };
  const members = [0, 1, 2].map((at) => start(at));
  const isLeader = async (at: number) => /Mode: leader/.test(await ask(ports[at + 6] ?? 0, 'srvr').catch(() => ''));
  const findLeader = async () => {
    for (const at of members.keys()) if (members[at]?.running === true && (await isLeader(at))) return at;
    return undefined;
  };
  await until('ZooKeeper has a leader', findLeader, { deadlineMs: 60_000 });
  const writer = await startWriter([6, 7, 8].map((at) => `127.0.0.1:${ports[at]}`).join(','));
  return {
    name: 'ZooKeeper',
    write: () => writer.write(),
    load: (clients, seconds) => writer.load(clients, seconds),
    killLeader: async () => {
      const index = await until('ZooKeeper has a leader', findLeader, { deadlineMs: 60_000 });
      const member = members[index];
      if (member === undefined) throw new Error('no such member');
      member.signal('SIGKILL');
      return { at: performance.now(), exited: member.exited, index };
    },
    restart: (index) => {
      members[index] = start(index);
    },
    stop: async () => {
      writer.stop();
      await Promise.all(members.map((member) => member.end('SIGKILL')));
    },
  };
}

/** One of ZooKeeper's four-letter words. */
function ask(port: number, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.end(word));
    let answer = '';
    socket.setTimeout(500, () => socket.destroy(new Error('no answer')));
    socket.on('data', (data) => {
      answer += data.toString();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

interface Writer {
  write(): Promise<boolean>;
  load(clients: number, seconds: number): Promise<LoadResult>;
  stop(): void;
}

async function startWriter(hosts: string): Promise<Writer> {
  const script = join(projectRoot, 'test/bench/peers/zookeeper-writer.py');
  const child: ChildProcess = spawn('/usr/bin/python3', [script, hosts], { stdio: ['pipe', 'pipe', 'inherit'] });
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error('the writer has no streams');
  const waiting: ((line: string) => void)[] = [];
  createInterface({ input: stdout }).on('line', (line) => waiting.shift()?.(line));
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', () => reject(new Error('the writer ended')));
  });
  ended.catch(() => undefined);
  const next = () => Promise.race([ended, new Promise<string>((resolve) => waiting.push(resolve))]);
  if ((await next()) !== 'ready') throw new Error('the writer is not ready');
  return {
    write: async () => {
      const answer = next();
      stdin.write('write\n');
      return (await answer) === 'ok';
    },
    load: async (clients, seconds) => {
      const answer = next();
      stdin.write(`load ${clients} ${seconds}\n`);
      return JSON.parse(await answer) as LoadResult;
    },
    stop: () => {
      child.kill('SIGKILL');
    },
  };
}
