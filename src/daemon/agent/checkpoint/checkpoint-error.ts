/** What goes wrong with a checkpoint file, in words that say what to do. */
import { MesoError, messageOf } from '../../../base/error.js';

/** The MesoError of anything that was thrown while `file` was opened, read or written. */
export function checkpointError(file: string, error: unknown): MesoError {
  if (error instanceof MesoError && error.code === 'WORK_DIR_CORRUPT') return corrupt(file, error.message, error);
  if (error instanceof MesoError) return error;
  const code = (error as { readonly code?: unknown }).code;
  const text = typeof code === 'string' ? code : '';
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(text)) return corrupt(file, messageOf(error), error);
  if (/^(SQLITE_(CANTOPEN|PERM|READONLY)|EACCES|EPERM|EROFS)/.test(text))
    return new MesoError('NOT_ALLOWED', `the checkpoint ${file} cannot be written by this user`, {
      cause: error,
      suggestions: ['run the agent as the owner of its work directory, or choose another --work-dir'],
    });
  return new MesoError('DISK', `the checkpoint ${file} cannot be used: ${messageOf(error)}`, {
    cause: error,
    details: { file, code: text },
  });
}

export function corrupt(file: string, what: string, cause?: unknown): MesoError {
  return new MesoError('WORK_DIR_CORRUPT', `the checkpoint ${file} is damaged: ${what}`, {
    cause,
    details: { file },
    suggestions: [
      `restore ${file} from a backup`,
      `or remove ${file}*: the agent then starts as a new one, and its running tasks are killed and lost`,
    ],
  });
}
