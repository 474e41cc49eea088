// House rules that no linter knows: unfinished marks, focused tests, file length, missing opening comment, DESIGN.md
// per source folder, no download addresses in the lock file.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const MAX_LINES = 600;
const problems = [];

function walk(dir) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name === 'gen' ? [] : walk(path);
    return [path];
  });
}

const RULES = [
  { in: /^src\//, pattern: /\b(TODO|FIXME|XXX|HACK|not implemented|unimplemented yet)\b/i, say: 'unfinished mark' },
  { in: /^test\//, pattern: /\b(it|test|describe)\.only\(|\bdebugger;/, say: 'focused test or debugger' },
  {
    in: /^(src|test|docs|tools|bin|examples|man)\//,
    pattern: /(^|[^A-Za-z0-9_.])\/(work|farm)\//,
    say: 'path of one machine',
  },
];

const files = ['src', 'test', 'docs', 'tools', 'bin', 'examples', 'man'].flatMap((dir) => walk(join(root, dir)));
for (const path of files) {
  const name = relative(root, path);
  if (!/\.(ts|tsx|mjs|js|c|h|md|proto|sh|go)$/.test(name) || name === 'tools/tidy.mjs') continue;
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n');
  for (const rule of RULES) {
    if (!rule.in.test(name)) continue;
    lines.forEach((line, index) => {
      if (rule.pattern.test(line)) problems.push(`${name}:${index + 1}: ${rule.say}`);
    });
  }
  if (/^src\/.*\.(ts|tsx|c)$/.test(name) && lines.length > MAX_LINES)
    problems.push(`${name}: ${lines.length} lines, more than ${MAX_LINES}: split it`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  if (/[\x00-\x08\x0b-\x1f]/.test(text)) problems.push(`${name}: control character`);
}

for (const room of readdirSync(join(root, 'src'), { withFileTypes: true }))
  if (
    room.isDirectory() &&
    !existsSync(join(root, 'src', room.name, 'DESIGN.md')) &&
    walk(join(root, 'src', room.name)).length > 0
  )
    problems.push(`src/${room.name}: no DESIGN.md`);

if (
  existsSync(join(root, 'package-lock.json')) &&
  /"resolved": *"https?:/.test(readFileSync(join(root, 'package-lock.json'), 'utf8'))
)
  problems.push(
    'package-lock.json holds download addresses: keep omit-lockfile-registry-resolved=true in .npmrc and install again',
  );

for (const problem of problems) console.error(problem);
console.log(`tidy: ${files.length} files, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
