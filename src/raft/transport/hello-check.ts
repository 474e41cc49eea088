/** May two members talk to each other? Pure; both ends ask it about the other and come to the same answer. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Introduction } from '../core/bootstrap/protocol.js';
import { type Hello, PEER_VERSION, type Refusal } from './peer-protocol.js';

export interface Self {
  readonly introduction: Introduction;
  /** Of this process, in hexadecimal. */
  readonly instance: string;
  readonly credential: Uint8Array | undefined;
}

/** What is wrong with a peer that says `hello`; undefined: nothing. Strangers learn nothing before their credential is right. */
export function refusalOf(hello: Hello, self: Self): Refusal | undefined {
  const { min, max } = PEER_VERSION;
  if (hello.minVersion > max || hello.maxVersion < min)
    return {
      code: 'VERSION',
      message: `${self.introduction.member.name} speaks versions ${min} to ${max} of the peer protocol, the other end ${hello.minVersion} to ${hello.maxVersion}`,
    };
  if (!sameCredential(hello.credential, self.credential))
    return { code: 'CREDENTIAL', message: 'the credentials of the two members differ' };
  if (hello.introduction === undefined) return { code: 'PROTOCOL', message: 'Hello without an introduction' };
  if (hello.instance === self.instance)
    return { code: 'SELF', message: 'the address leads to the member that dialled' };
  if (hello.introduction.member.id === self.introduction.member.id)
    return { code: 'PROTOCOL', message: sameIdText(hello.introduction) };
  return clusterRefusal(hello.introduction, self.introduction);
}

/** Also after the handshake, when either end became a member. */
export function clusterRefusal(other: Introduction, own: Introduction): Refusal | undefined {
  if (other.standing !== 'member' || own.standing !== 'member' || other.clusterId === own.clusterId) return undefined;
  return {
    code: 'CLUSTER',
    message: `${other.member.name} at ${other.member.address} is a member of cluster ${other.clusterId}, ${own.member.name} of ${own.clusterId}`,
  };
}

export function sameIdText({ member }: Introduction): string {
  return `two processes say that they are member ${member.id} (${member.name} at ${member.address}): was its directory copied?`;
}

/** Takes the same time wherever they differ, and whatever their lengths. */
function sameCredential(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  const digest = (bytes: Uint8Array | undefined) =>
    createHash('sha256')
      .update(bytes ?? new Uint8Array(0))
      .digest();
  const isSame = timingSafeEqual(digest(a), digest(b));
  return isSame && (a === undefined) === (b === undefined);
}
