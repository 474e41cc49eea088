/**
 * User names to numbers: /etc/passwd and /etc/group first, then the name services through getent and id, since Node
 * offers neither. Answers are kept for a short while, so that a stream of launches does not read files each time.
 */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../base/clock.js';
import { MesoError } from '../base/error.js';
import { runCommand } from './process/run-command.js';

export interface UserIds {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

const KEPT_MS = 5000;
const MAX_KEPT = 1024;
const LOOKUP_TIMEOUT_MS = 5000;
const MAX_ID = 0xffff_fffe;

/** The first line of a passwd file whose name, or number if `user` is one, is `user`. */
export function findPasswdEntry(passwd: string, user: string): { name: string; uid: number; gid: number } | undefined {
  for (const line of passwd.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name !== undefined && uid !== undefined && gid !== undefined && (name === user || uid === user))
      return { name, uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

/** Numbers of the groups that list `name` as a member. */
export function findGroupsOf(group: string, name: string): readonly number[] {
  return group.split('\n').flatMap((line) => {
    const [, , gid, members] = line.split(':');
    return gid !== undefined && members?.split(',').includes(name) === true ? [Number(gid)] : [];
  });
}

export class Users {
  readonly #kept = new Map<string, { readonly ids: UserIds; readonly untilMs: number }>();

  constructor(private readonly clock: Clock) {}

  /** `user`: a name or a number. Throws LAUNCH_FAILED when there is no such user. */
  async resolve(user: string): Promise<UserIds> {
    const nowMs = this.clock.now().monotonicMs;
    const kept = this.#kept.get(user);
    if (kept !== undefined && kept.untilMs > nowMs) return kept.ids;
    const ids = (await findLocally(user)) ?? (await findByServices(user)) ?? findByNumber(user);
    if (ids === undefined)
      throw new MesoError('LAUNCH_FAILED', `the user "${user}" does not exist on this machine`, { details: { user } });
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(user, { ids, untilMs: nowMs + KEPT_MS });
    return ids;
  }
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

async function findLocally(user: string): Promise<UserIds | undefined> {
  const entry = findPasswdEntry(await readText('/etc/passwd'), user);
  if (entry === undefined) return undefined;
  return { uid: entry.uid, gid: entry.gid, groups: findGroupsOf(await readText('/etc/group'), entry.name) };
}

async function findByServices(user: string): Promise<UserIds | undefined> {
  try {
    const passwd = await runCommand('getent', ['passwd', '--', user], { timeoutMs: LOOKUP_TIMEOUT_MS });
    const entry = findPasswdEntry(passwd.stdout, user);
    if (entry === undefined) return undefined;
    const groups = await runCommand('id', ['-G', '--', entry.name], { timeoutMs: LOOKUP_TIMEOUT_MS });
    return { uid: entry.uid, gid: entry.gid, groups: groups.stdout.trim().split(' ').map(Number) };
  } catch {
    return undefined;
  }
}

/** A number needs no entry; its group is then the same number. */
function findByNumber(user: string): UserIds | undefined {
  const id = /^\d{1,10}$/.test(user) ? Number(user) : Number.NaN;
  return id <= MAX_ID ? { uid: id, gid: id, groups: [] } : undefined;
}
