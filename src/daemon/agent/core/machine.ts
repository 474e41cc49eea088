/** The context together with the streams and the operations: what the parts that decide about tasks work on. */
import type { Context } from './context.js';
import type { Operations } from './operations/operations.js';
import type { UpdateStreams } from './updates/update-streams.js';

export interface Machine extends Context {
  readonly streams: UpdateStreams;
  readonly operations: Operations;
}
