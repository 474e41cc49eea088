/**
 * Names of users and groups for listings, from /etc/passwd and /etc/group. Asks no name service: a listing must not wait
 * for a network. (Who a task runs as is decided elsewhere, with the name services.)
 */
import { readFile } from 'node:fs/promises';

export class AccountNames {
  readonly #users: ReadonlyMap<number, string>;
  readonly #groups: ReadonlyMap<number, string>;

  /** Takes the texts of the two files; lines that make no sense are passed over. */
  constructor(passwd: string, group: string) {
    this.#users = namesByNumber(passwd);
    this.#groups = namesByNumber(group);
  }

  static async read(): Promise<AccountNames> {
    const [passwd, group] = await Promise.all(
      ['/etc/passwd', '/etc/group'].map((path) => readFile(path, 'utf8').catch(() => '')),
    );
    return new AccountNames(passwd ?? '', group ?? '');
  }

  /** The number as text when it has no name. */
  userName(uid: number): string {
    return this.#users.get(uid) ?? String(uid);
  }

  groupName(gid: number): string {
    return this.#groups.get(gid) ?? String(gid);
  }
}

/** Both files have the name first and the number third; the first line of a number wins. */
function namesByNumber(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , id] = line.split(':');
    if (name === undefined || name === '' || id === undefined || !/^\d+$/.test(id)) continue;
    if (!names.has(Number(id))) names.set(Number(id), name);
  }
  return names;
}
