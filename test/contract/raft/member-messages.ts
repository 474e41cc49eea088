/** Between a test and its member processes. */
import type { MembersPicture } from '../../../src/raft/node/protocol.js';

export type ToMember =
  | { readonly kind: 'propose'; readonly id: number; readonly text: string }
  | { readonly kind: 'read'; readonly id: number }
  | { readonly kind: 'members'; readonly id: number }
  | { readonly kind: 'add'; readonly id: number; readonly name: string; readonly address: string }
  | { readonly kind: 'remove'; readonly id: number; readonly name: string }
  | { readonly kind: 'transfer'; readonly id: number; readonly name: string }
  /** Does not answer anybody for so long. */
  | { readonly kind: 'block'; readonly id: number; readonly ms: number }
  | { readonly kind: 'close'; readonly id: number };

export type FromMember =
  | { readonly kind: 'opened'; readonly memberId: string; readonly address: string }
  | {
      readonly kind: 'leadership';
      readonly term: number;
      readonly role: string;
      readonly isReady: boolean;
      readonly clusterId: string | undefined;
    }
  | { readonly kind: 'log'; readonly level: string; readonly message: string; readonly fields: unknown }
  | { readonly kind: 'done'; readonly id: number; readonly index: number }
  | { readonly kind: 'state'; readonly id: number; readonly state: string }
  | { readonly kind: 'members'; readonly id: number; readonly members: MembersPicture }
  | { readonly kind: 'failed'; readonly id: number; readonly code: string; readonly message: string }
  | { readonly kind: 'ended'; readonly code: string | undefined; readonly message: string | undefined };
