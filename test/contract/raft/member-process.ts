/**
 * One Raft member as a process of its own, driven over IPC: what a master is, without anything on top. The parent may block
 * or hang its main thread, which is what these tests are about. Arguments: settings as JSON, the database file.
 */
import { openWorker } from '../../../src/base/system/worker.js';
import type { LeadershipPicture } from '../../../src/raft/node/protocol.js';
import { RaftMember } from '../../../src/raft/node/raft-member.js';
import type { RaftSettings } from '../../../src/raft/node/settings.js';
import type { FromMember, ToMember } from './member-messages.js';

const [settings = '{}', file = ''] = process.argv.slice(2);

function tell(message: FromMember): void {
  process.send?.(message);
}

let picture: LeadershipPicture | undefined;
const member = new RaftMember({
  settings: JSON.parse(settings) as RaftSettings,
  openLogWorker: (port) =>
    openWorker(import.meta.url, 'kv-log-worker', { name: 'log', workerData: { port, file }, transferList: [port] }),
  observer: {
    onLeadership: (news) => {
      picture = news;
      tell({ kind: 'leadership', term: news.term, role: news.role, isReady: news.isReady, clusterId: news.clusterId });
    },
    onLog: ({ level, message, fields }) => tell({ kind: 'log', level, message, fields }),
    onEnded: (error) => {
      tell({ kind: 'ended', code: error?.code, message: error?.message });
      setImmediate(() => process.exit(0));
    },
  },
});

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

async function answer(message: ToMember): Promise<void> {
  switch (message.kind) {
    case 'propose': {
      const { index } = await member.propose(Buffer.from(message.text), 1);
      tell({ kind: 'done', id: message.id, index });
      return;
    }
    case 'read': {
      await member.readBarrier();
      const { state } = await member.readState();
      tell({ kind: 'state', id: message.id, state: Buffer.from(state).toString() });
      return;
    }
    case 'members':
      tell({ kind: 'members', id: message.id, members: await member.members() });
      return;
    case 'add':
      await member.addMember(message.name, message.address);
      tell({ kind: 'done', id: message.id, index: 0 });
      return;
    case 'remove':
      await member.removeMember(message.name);
      tell({ kind: 'done', id: message.id, index: 0 });
      return;
    case 'transfer':
      await member.transfer(message.name);
      tell({ kind: 'done', id: message.id, index: 0 });
      return;
    case 'block':
      block(message.ms);
      tell({ kind: 'done', id: message.id, index: picture?.term ?? 0 });
      return;
    case 'close':
      await member.close();
      tell({ kind: 'done', id: message.id, index: 0 });
      process.disconnect();
  }
}

process.on('message', (message: ToMember) => {
  answer(message).catch((error: unknown) => {
    const { code = 'INTERNAL', message: text } = error as { readonly code?: string; readonly message: string };
    tell({ kind: 'failed', id: message.id, code, message: text });
  });
});
process.on('disconnect', () => process.exit(0));

const opened = await member.opened().catch(() => undefined);
if (opened !== undefined) tell({ kind: 'opened', memberId: opened.memberId, address: opened.raftAddress });
