/** How operations of the registry end. */
import type { RegistryResult } from '../core/protocol.js';

export const OK: RegistryResult = { ok: true };

export function refuse(message: string): RegistryResult {
  return { ok: false, message };
}
