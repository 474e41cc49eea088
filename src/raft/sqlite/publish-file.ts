/** Gives a finished, durable file its name: all of it appears there, or nothing, and never in the place of another file. */
import { closeSync, fsyncSync, linkSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { MesoError } from '../../base/error.js';
import { fileError } from './log-error.js';

/** Throws REFUSED when something has that name, DISK or NOT_ALLOWED; `part` is gone in any case. */
export function publishFile(part: string, path: string): void {
  try {
    linkSync(part, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new MesoError('REFUSED', `${path} is there already`, { suggestions: ['choose another file name'] });
    throw fileError(path, error);
  } finally {
    rmSync(part, { force: true });
  }
  syncDirectory(dirname(path));
}

export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
