/**
 * Names of users and groups from /etc/passwd and /etc/group, both ways. Reads the files, asks no name service: the same
 * answer whatever network the machine has.
 */
import { readFile } from 'node:fs/promises';

export interface Account {
  readonly name: string;
  readonly uid: number;
  /** Primary group. */
  readonly gid: number;
  readonly homeDir: string;
}

export class Accounts {
  readonly #byName: ReadonlyMap<string, Account>;
  readonly #userNames: ReadonlyMap<number, string>;
  readonly #groupNames: ReadonlyMap<number, string>;

  /** Takes the texts of the two files; lines that make no sense are passed over. */
  constructor(passwd: string, group: string) {
    const accounts = passwd.split('\n').flatMap(parseAccount);
    this.#byName = firstWins(accounts.map((account) => [account.name, account]));
    this.#userNames = firstWins(accounts.map((account) => [account.uid, account.name]));
    this.#groupNames = firstWins(group.split('\n').flatMap(parseGroup));
  }

  static async read(etcDir = '/etc'): Promise<Accounts> {
    const [passwd, group] = await Promise.all(
      ['passwd', 'group'].map((name) => readFile(`${etcDir}/${name}`, 'utf8').catch(() => '')),
    );
    return new Accounts(passwd ?? '', group ?? '');
  }

  /** By name, or by number ("1000"; the group is then the account's, or the same number when there is no account). */
  findUser(nameOrNumber: string): Account | undefined {
    const named = this.#byName.get(nameOrNumber);
    if (named !== undefined) return named;
    if (!/^\d{1,10}$/.test(nameOrNumber)) return undefined;
    const uid = Number(nameOrNumber);
    if (uid > 0xffff_fffe) return undefined;
    const name = this.#userNames.get(uid);
    const known = name === undefined ? undefined : this.#byName.get(name);
    return known ?? { name: nameOrNumber, uid, gid: uid, homeDir: '/' };
  }

  /** The number as text when it has no name. */
  userName(uid: number): string {
    return this.#userNames.get(uid) ?? String(uid);
  }

  groupName(gid: number): string {
    return this.#groupNames.get(gid) ?? String(gid);
  }
}

function firstWins<K, V>(entries: readonly (readonly [K, V])[]): ReadonlyMap<K, V> {
  return new Map([...entries].reverse());
}

function parseAccount(line: string): Account[] {
  const [name, , uid, gid, , homeDir] = line.split(':');
  if (name === undefined || name === '' || !isNumber(uid) || !isNumber(gid)) return [];
  return [
    { name, uid: Number(uid), gid: Number(gid), homeDir: homeDir === undefined || homeDir === '' ? '/' : homeDir },
  ];
}

function parseGroup(line: string): (readonly [number, string])[] {
  const [name, , gid] = line.split(':');
  return name === undefined || name === '' || !isNumber(gid) ? [] : [[Number(gid), name]];
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^\d+$/.test(text);
}
