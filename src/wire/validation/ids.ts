/**
 * Which strings may be ids of frameworks, tasks, executors, agents, operations and containers. Ids become file names and paths, so nothing that
 * could leave a directory or break a line passes. Source: spec pages 01 (SUBSCRIBE) and 03 (3.3, ContainerID rules).
 */
import { type Rejection, reject } from '../../base/rejection.js';
import { excerpt } from '../fault.js';
import type * as mesos from '../gen/mesos.js';

/** NAME_MAX of Linux file systems, in bytes. */
const MAX_ID_BYTES = 255;
/** Leaves room for what the agent adds to the name of a container. */
const MAX_CONTAINER_ID_CHARS = 242;
/** The agent has at most a task container in an executor container in a debug session; far above that is an attack. */
const MAX_CONTAINER_NESTING = 32;
// Control characters and path separators.
const FORBIDDEN = /[\p{Cc}/\\]/u;

/** `what` names the id in the message, such as `task_id`. */
export function validateId(id: string, what: string): Rejection | undefined {
  const complaint = idComplaint(id);
  return complaint === undefined ? undefined : reject('invalid', `${what} is not a valid id: ${complaint}`);
}

/** A container id and its parents: the rules of all ids, no dots and no blanks, 242 characters. */
export function validateContainerId(id: mesos.ContainerID, what: string): Rejection | undefined {
  let at: mesos.ContainerID | undefined = id;
  for (let level = 0; at !== undefined; level += 1, at = at.parent) {
    if (level === MAX_CONTAINER_NESTING)
      return reject('invalid', `${what} is nested more than ${MAX_CONTAINER_NESTING} levels deep`);
    const complaint = idComplaint(at.value) ?? containerComplaint(at.value);
    if (complaint !== undefined) return reject('invalid', `${what} is not a valid container id: ${complaint}`);
  }
  return undefined;
}

function idComplaint(id: string): string | undefined {
  if (id === '') return 'it is empty';
  if (Buffer.byteLength(id) > MAX_ID_BYTES) return `it is longer than ${MAX_ID_BYTES} bytes`;
  if (id === '.' || id === '..') return `${excerpt(id)} is not allowed`;
  return FORBIDDEN.test(id) ? `${excerpt(id)} contains a slash, a backslash or a control character` : undefined;
}

function containerComplaint(id: string): string | undefined {
  if (id.length > MAX_CONTAINER_ID_CHARS) return `it is longer than ${MAX_CONTAINER_ID_CHARS} characters`;
  return /[. ]/.test(id) ? `${excerpt(id)} contains a dot or a blank` : undefined;
}
