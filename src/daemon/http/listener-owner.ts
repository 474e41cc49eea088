/**
 * Names the process that holds a TCP port, for the error message of a port in use. Reads /proc only; what cannot be
 * read (another user's process, no /proc) gives undefined, never an error.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ListenerOwner {
  readonly pid: number;
  /** For people: command name and pid. */
  readonly text: string;
}

const TCP_LISTEN = '0A';

export function describeListener(port: number): ListenerOwner | undefined {
  const inodes = new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeningInodes(table, port)));
  if (inodes.size === 0) return undefined;
  for (const entry of listDirectory('/proc')) {
    if (!/^\d+$/.test(entry) || !holdsSocket(entry, inodes)) continue;
    const command = readText(`/proc/${entry}/comm`).trim();
    return { pid: Number(entry), text: `${command === '' ? 'a process' : command} (pid ${entry})` };
  }
  return undefined;
}

/** Column layout of /proc/net/tcp: slot, local address:port in hexadecimal, peer, state, ..., inode as tenth column. */
function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return readText(table)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[3] === TCP_LISTEN && columns[1]?.endsWith(suffix))
    .flatMap((columns) => columns[9] ?? []);
}

function holdsSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  return listDirectory(`/proc/${pid}/fd`).some((fd) => {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      return inode !== undefined && inodes.has(inode);
    } catch {
      return false;
    }
  });
}

function listDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
