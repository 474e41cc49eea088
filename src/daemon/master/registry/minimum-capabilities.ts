/**
 * What a master must be able to do for the registry that is there (spec page 07, section 7.2). It follows from the rest of the
 * state, so nothing stores it. A build that lacks one of them never comes as far as to lead such a registry: it knows neither
 * the operations that made it nor the format that holds it, and stops at either.
 */
import type { RegistryState } from '../core/protocol.js';

export function withMinimumCapabilities(state: Omit<RegistryState, 'minimumCapabilities'>): RegistryState {
  const minimumCapabilities = new Set<'AGENT_DRAINING' | 'QUOTA_V2'>();
  if (state.deactivated.size > 0) minimumCapabilities.add('AGENT_DRAINING');
  if (state.quotas.size > 0) minimumCapabilities.add('QUOTA_V2');
  return { ...state, minimumCapabilities };
}
