/**
 * Receives the leader's snapshot chunk by chunk into a file, and puts it in the place of log and state machine when it is
 * whole (thesis, figure 5.3). Each answer leaves when the chunk is durable. A member that restarted, or met a new
 * snapshot, begins anew.
 */

import { hearLeader } from './follower.js';
import type { Node } from './node.js';
import type { SnapshotChunk } from './protocol.js';

export function handleSnapshotChunk(node: Node, message: SnapshotChunk): void {
  hearLeader(node, message.from);
  const { snapshot, offset, data, from: to } = message;
  const answer = { kind: 'snapshot-response', to, term: node.term, snapshotId: snapshot.id } as const;
  const isObsolete = snapshot.index <= node.commit;
  if (isObsolete || node.log.matches(snapshot.index, snapshot.term)) {
    node.reception = undefined;
    node.commitTo(snapshot.index);
    node.sendPersisted({ ...answer, offset: 0, isObsolete: true });
    return;
  }
  if (node.reception?.info.id !== snapshot.id) node.reception = { info: snapshot, offset: 0 };
  const { reception } = node;
  if (offset === reception.offset && node.writeChunk({ snapshot, offset, data })) {
    reception.offset += data.length;
    if (reception.offset >= snapshot.sizeBytes) {
      node.reception = undefined;
      node.install(snapshot);
    }
    node.sendPersisted({ ...answer, offset: reception.offset, isObsolete: false });
    return;
  }
  node.sendPersisted({ ...answer, offset: reception.offset, isObsolete: false });
}
