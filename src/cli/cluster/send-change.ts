/**
 * Sends an operator call that changes the cluster, or asks what it would be answered with (CHECK). The call is well formed and what it names
 * was looked up before: whatever a master has against it is a matter of state. Never sends twice.
 */
import { MesoError } from '../../base/error.js';
import type * as master from '../../wire/gen/master.js';
import { outcomeUnknown } from './outcome-unknown.js';
import { type Session, withinTimeout } from './session.js';

export interface SendOptions {
  /** Judge it, do nothing. */
  readonly dryRun: boolean;
  /** The command that shows what came of it. */
  readonly look: string;
}

/** Rejects with REFUSED and the master's words in `details.reason`, or with OUTCOME_UNKNOWN. */
export async function sendChange(
  call: master.Call,
  { dryRun, look }: SendOptions,
  { client, timeoutMs }: Pick<Session, 'client' | 'timeoutMs'>,
): Promise<void> {
  try {
    await withinTimeout(timeoutMs, `the answer to ${call.type}`, async (signal) => {
      await (dryRun ? client.check(call, { signal }) : client.call(call, { signal }));
    });
  } catch (error) {
    if (!(error instanceof MesoError)) throw error;
    if (error.code === 'BAD_INPUT' || error.code === 'NOT_FOUND')
      throw new MesoError('REFUSED', error.message, { cause: error, details: error.details, suggestions: [look] });
    throw error.code === 'OUTCOME_UNKNOWN' ? outcomeUnknown(`${call.type}`, error, look) : error;
  }
}
