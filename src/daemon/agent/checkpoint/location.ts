/** Where an agent's checkpoint lies below its work directory. */
import { join } from 'node:path';

/** Where the checkpoint lies below the work directory; tasks must not see it. */
export function checkpointDirectory(workDir: string): string {
  return join(workDir, 'checkpoint');
}

/** The file in it. */
export function checkpointFile(directory: string): string {
  return join(directory, 'agent.sqlite');
}
