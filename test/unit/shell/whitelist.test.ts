import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readWhitelist, type Whitelist, watchWhitelist } from '../../../src/daemon/master/whitelist.js';
import { silentLogger } from '../http/fixture.js';

let scratch: string;
let stop: (() => void) | undefined;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'mesoctl-whitelist-'));
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  stop?.();
  vi.useRealTimers();
  rmSync(scratch, { recursive: true, force: true });
});

/** Everything that the watch has said and logged. */
function watched(): { readonly path: string; readonly seen: Whitelist[]; readonly warnings: unknown[] } {
  const path = join(scratch, 'whitelist');
  writeFileSync(path, 'a\n');
  const seen: Whitelist[] = [];
  const warnings: unknown[] = [];
  const logger = { ...silentLogger, warn: (...args: unknown[]) => warnings.push(args) };
  stop = watchWhitelist({ path, initial: readWhitelist(path), logger, onChange: (next) => seen.push(next) });
  return { path, seen, warnings };
}

test('the file of the whitelist is read again every five seconds', async () => {
  const { path, seen } = watched();
  writeFileSync(path, 'a\nb\n');
  vi.advanceTimersByTime(5_000);
  await vi.waitFor(() => expect(seen).toEqual([new Set(['a', 'b'])]), { timeout: 20_000 });
  writeFileSync(path, '*\n');
  vi.advanceTimersByTime(5_000);
  await vi.waitFor(() => expect(seen).toEqual([new Set(['a', 'b']), null]), { timeout: 20_000 });
});

test('a file that cannot be read keeps the last list, and is read again when it is back', async () => {
  const { path, seen, warnings } = watched();
  unlinkSync(path);
  vi.advanceTimersByTime(5_000);
  await vi.waitFor(() => expect(warnings).toHaveLength(1), { timeout: 20_000 });
  expect(seen).toEqual([]);
  writeFileSync(path, '');
  vi.advanceTimersByTime(5_000);
  await vi.waitFor(() => expect(seen).toEqual([new Set()]), { timeout: 20_000 });
});
