/**
 * Cores with one bug each, made by changing one line of the real sources: the simulator must find every one of them. The
 * sources themselves know nothing of this. A line that is not there (any more) is an error, so no bug can silently vanish.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import type { createBootstrap } from '../../src/raft/core/bootstrap/bootstrap.js';
import type { createRaftCore } from '../../src/raft/core/raft-core.js';
import type { ClusterOptions } from './cluster.js';

export interface PlantedBug {
  readonly name: string;
  /** In src/raft/core, with the text that is replaced; undefined: the bug is in how the core is driven. */
  readonly change?: { readonly file: string; readonly from: string; readonly to: string } | undefined;
  readonly options?: Partial<ClusterOptions> | undefined;
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'a vote is not persisted',
    change: {
      file: 'node.ts',
      from: 'hardState: { term, vote, commit },',
      to: 'hardState: { term, vote: undefined, commit },',
    },
  },
  {
    name: 'an entry of an older term is committed by counting copies',
    change: {
      file: 'leader.ts',
      from: 'if (index <= node.commit || node.log.termAt(index) !== node.term) return;',
      to: 'if (index <= node.commit) return;',
    },
  },
  { name: 'a suffix is acknowledged before it is durable', options: { acknowledgesEarly: true } },
  {
    name: 'a deposed leader serves a read',
    change: {
      file: 'leader-reads.ts',
      from: 'if (isReady && holdsLease(node, leader)) {',
      to: 'if (isReady) {',
    },
  },
  {
    name: 'joint consensus is skipped',
    change: {
      file: 'membership.ts',
      from: 'const made = sameVoters ? next : joined(current, next);',
      to: 'const made = sameVoters || next !== current ? next : joined(current, next);',
    },
  },
  {
    name: 'a wiped member votes',
    options: { wipedKeepsId: true },
    change: {
      file: 'bootstrap/bootstrap.ts',
      from: "if (this.#standing.kind === 'promised') {\n      const { clusterId, configuration } = this.#standing;\n      if",
      to: "if (this.#standing.kind === 'empty') {\n      this.#keepMember(found.clusterId, found.configuration);\n      return;\n    }\n    if (this.#standing.kind === 'promised') {\n      const { clusterId, configuration } = this.#standing;\n      if",
    },
  },
  {
    name: 'a cluster is bootstrapped from a majority of wiped members',
    change: {
      file: 'bootstrap/bootstrap.ts',
      from: 'known.length === others.length &&\n      others.every(({ name }) => this.#peers.named(name).length === 1) &&',
      to: 'known.length + 1 > peers.length / 2 &&',
    },
  },
  {
    name: 'a promise is answered before it is durable',
    change: {
      file: 'bootstrap/bootstrap.ts',
      from: "this.#effects.push({ type: 'persist', kind: 'keep-standing', standing, configuration });",
      to: "this.#effects.push({ type: 'persist', kind: 'keep-standing', standing, configuration });\n    if (keeping.answer !== undefined) this.#send(keeping.answer.to, keeping.answer.message);",
    },
  },
  {
    name: 'votes go to logs that lack what is committed',
    change: {
      file: 'follower.ts',
      from: 'const isGranted = isFree && node.log.isUpToDate(lastIndex, lastTerm);',
      to: 'const isGranted = isFree && lastTerm >= 0 && lastIndex >= 0;',
    },
  },
  {
    name: 'a leader counts its own log before it is durable, alone',
    change: {
      file: 'leader.ts',
      from: 'id === node.id ? node.log.stable : (leader.progress.get(id)?.match ?? 0),',
      to: 'id === node.id || node.configuration.voters.length < 4 ? node.log.lastIndex : (leader.progress.get(id)?.match ?? 0),',
    },
  },
  {
    name: 'a new leader answers reads before it has committed anything',
    change: {
      file: 'leader-reads.ts',
      from: 'const isReady = node.commit >= leader.firstIndex;',
      to: 'const isReady = node.commit >= 0 * leader.firstIndex;',
    },
  },
  {
    name: 'a lease survives a closed connection that is no loss',
    change: {
      file: 'raft-core.ts',
      from: "if (id !== node.leader || node.reads === 'lease') return;",
      to: 'if (id !== node.leader) return;',
    },
  },
];

/** The factory of a core with that bug; `remove` deletes what was written for it. */
export async function plant(change: NonNullable<PlantedBug['change']>): Promise<{
  readonly createCore: typeof createRaftCore;
  readonly createBootstrap: typeof createBootstrap;
  remove(): void;
}> {
  const root = join(dirname(fileURLToPath(import.meta.url)), '../../src');
  const target = mkdtempSync(join(tmpdir(), 'mesoctl-planted-'));
  writeFileSync(join(target, 'package.json'), '{"type":"module"}');
  let isChanged = false;
  for (const folder of ['base', 'raft/core', 'raft/core/bootstrap']) {
    mkdirSync(join(target, folder), { recursive: true });
    for (const name of readdirSync(join(root, folder))) {
      if (!name.endsWith('.ts')) continue;
      let source = readFileSync(join(root, folder, name), 'utf8');
      if (join(folder, name) === join('raft/core', change.file)) {
        if (source.split(change.from).length !== 2) throw new Error(`${name} does not hold once: ${change.from}`);
        source = source.replace(change.from, change.to);
        isChanged = true;
      }
      const { outputText } = ts.transpileModule(source, {
        compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
      });
      writeFileSync(join(target, folder, name.replace(/\.ts$/, '.js')), outputText);
    }
  }
  if (!isChanged) throw new Error(`there is no ${change.file}`);
  const load = async (file: string): Promise<unknown> => import(pathToFileURL(join(target, file)).href);
  const core = (await load('raft/core/raft-core.js')) as { readonly createRaftCore: typeof createRaftCore };
  const bootstrap = (await load('raft/core/bootstrap/bootstrap.js')) as {
    readonly createBootstrap: typeof createBootstrap;
  };
  const remove = () => rmSync(target, { recursive: true, force: true });
  return { createCore: core.createRaftCore, createBootstrap: bootstrap.createBootstrap, remove };
}
