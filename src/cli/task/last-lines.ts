/** The last lines of a log without reading all of it: from further and further before its end, until there are enough. */
import { type FileSource, LogFollower } from '../../client/log-follower.js';

export interface LastLines {
  readonly data: readonly Uint8Array[];
  /** Goes on right after them. */
  readonly follower: LogFollower;
}

const FIRST_BYTES = 64 * 1024;
const GROWTH = 8;
const LINE_END = 0x0a;
/** A writer that is faster than we are does not keep us. */
const MAX_STEPS = 4_096;

/** `lines`: 0 gives none. What follows the last line end counts as a line. */
export async function lastLines(source: FileSource, name: string, lines: number): Promise<LastLines> {
  for (let lastBytes = lines === 0 ? 0 : FIRST_BYTES; ; lastBytes *= GROWTH) {
    const follower = new LogFollower(source, name, { lastBytes });
    const data = await readToEnd(follower);
    const bytes = data.reduce((sum, part) => sum + part.length, 0);
    const start = lines === 0 ? { part: data.length, offset: 0 } : startOfLastLines(data, lines);
    if (start !== undefined) return { data: from(data, start), follower };
    if (bytes < lastBytes) return { data, follower };
  }
}

async function readToEnd(follower: LogFollower): Promise<readonly Uint8Array[]> {
  const data: Uint8Array[] = [];
  for (let i = 0; i < MAX_STEPS; i++) {
    const step = await follower.step();
    data.push(...step.data);
    if (step.isAtEnd) break;
  }
  return data;
}

/** Where the last `lines` lines begin; undefined: there are not that many. */
function startOfLastLines(
  data: readonly Uint8Array[],
  lines: number,
): { readonly part: number; readonly offset: number } | undefined {
  let ends = 0;
  for (let part = data.length - 1; part >= 0; part--) {
    const bytes = data[part] ?? new Uint8Array();
    for (let at = bytes.length - 1; at >= 0; at--) {
      if (bytes[at] !== LINE_END) continue;
      const isVeryLast = part === data.length - 1 && at === bytes.length - 1;
      if (isVeryLast) continue;
      ends++;
      if (ends === lines) return { part, offset: at + 1 };
    }
  }
  return undefined;
}

function from(
  data: readonly Uint8Array[],
  { part, offset }: { readonly part: number; readonly offset: number },
): readonly Uint8Array[] {
  const first = data[part]?.subarray(offset);
  return [...(first === undefined || first.length === 0 ? [] : [first]), ...data.slice(part + 1)];
}
