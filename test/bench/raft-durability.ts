/**
 * What an acknowledgement is worth (performance row D1): three members under strace, one client, one commit after the other. For
 * each commit the traces must show that the page with its value was written and then synced, on two members at least, before
 * the client had its acknowledgement. Exits with 1 if one was acknowledged earlier. Needs strace.
 * Run: node --import tsx test/bench/raft-durability.ts [COMMITS]
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BenchGroup } from './raft/bench-group.js';
import { printHeader } from './report.js';

const count = Number(process.argv[2] ?? 500);

/** When each commit was first durable on a member: by its number. Unix ms. */
type DurableAt = ReadonlyMap<number, number>;

/**
 * Lines of a thread as strace writes them: `1700000000.123456 pwrite64(20, "...", 4096, 8192) = 4096 <0.000012>`. A commit is
 * durable when the first fdatasync after the write of a page that holds its mark has returned, on the same file.
 */
function durableAt(directory: string, member: string): DurableAt {
  const durable = new Map<number, number>();
  for (const name of readdirSync(directory).filter((one) => one.startsWith(`${member}.`))) {
    let written: { readonly file: string; readonly commit: number }[] = [];
    for (const line of readFileSync(join(directory, name), 'latin1').split('\n')) {
      const write = /^\d+\.\d+ pwrite64\((\d+), (.*)/.exec(line);
      if (write !== null)
        for (const mark of (write[2] ?? '').matchAll(/mark (\d+)\./g))
          written.push({ file: write[1] ?? '', commit: Number(mark[1]) });
      const sync = /^(\d+\.\d+) f(?:data)?sync\((\d+)\) += 0 <(\d+\.\d+)>/.exec(line);
      if (sync === null) continue;
      const endedUnixMs = (Number(sync[1]) + Number(sync[3])) * 1000;
      for (const { file, commit } of written)
        if (file === sync[2] && !durable.has(commit)) durable.set(commit, endedUnixMs);
      written = written.filter(({ file }) => file !== sync[2]);
    }
  }
  return durable;
}

const directory = mkdtempSync(join(tmpdir(), 'mesoctl-trace-'));
const group = new BenchGroup();
try {
  printHeader(`durability of ${count} commits by system-call traces`);
  const trace = ['strace', '-ff', '-ttt', '-T', '-s', '5000', '-e', 'trace=pwrite64,fdatasync,fsync'];
  await group.start((name) => [...trace, '-o', join(directory, name)]);
  const { latenciesMs, begunUnixMs } = await group.run({ clients: 1, bytes: 256, seconds: 300, count, isMarked: true });
  const members = ['m1', 'm2', 'm3'].map((name) => durableAt(directory, name));
  const durableOn = begunUnixMs.map((begun, at) => {
    const acknowledged = begun + (latenciesMs[at] ?? 0);
    return members.filter((durable) => (durable.get(at + 1) ?? Number.POSITIVE_INFINITY) <= acknowledged).length;
  });
  const short = durableOn.filter((members) => members < 2).length;
  const onAll = durableOn.filter((members) => members === 3).length;
  console.log(`commits found in the traces of the members: ${members.map((durable) => durable.size).join(', ')}`);
  console.log(
    `${durableOn.length} commits: ${durableOn.length - short} durable on two members or more when acknowledged (${onAll} on all three), ${short} on fewer`,
  );
  process.exitCode = short > 0 || durableOn.length < count ? 1 : 0;
} finally {
  await group.stop();
  rmSync(directory, { recursive: true, force: true });
}
