// Generates src/wire/gen/*.ts (types and codec tables) from src/wire/proto. `--check` only compares.
// Decides: TypeScript spelling of the wire types. The .proto files decide everything else.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const protoDir = join(root, 'src/wire/proto');
const outDir = join(root, 'src/wire/gen');
const check = process.argv.includes('--check');

const SCALARS = new Set([
  'double',
  'float',
  'int32',
  'uint32',
  'sint32',
  'int64',
  'uint64',
  'sint64',
  'bool',
  'string',
  'bytes',
]);
const TS_SCALAR = {
  bool: 'boolean',
  string: 'string',
  bytes: 'Uint8Array',
  int64: 'Int64',
  uint64: 'Int64',
  sint64: 'Int64',
};

function protoFiles(dir) {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? protoFiles(join(dir, entry.name))
      : entry.name.endsWith('.proto')
        ? [join(dir, entry.name)]
        : [],
  );
}

const reflection = new protobuf.Root();
reflection.resolvePath = (_origin, target) => (target.startsWith('/') ? target : join(protoDir, target));
const files = protoFiles(protoDir).sort();
reflection.loadSync(files, { keepCase: true, alternateCommentMode: true });
reflection.resolveAll();

/** File name (without directory) that a package is written to: `mesos.v1.scheduler` to `scheduler`. */
function moduleOf(packageName) {
  if (packageName === 'mesos.v1') return 'mesos';
  if (packageName === 'google.protobuf') return 'protobuf';
  const parts = packageName.split('.').filter((part) => part !== 'v1' && part !== 'mesos');
  return parts.join('-');
}

function packageOf(node) {
  let at = node;
  while (at.parent && (at instanceof protobuf.Type || at instanceof protobuf.Enum)) at = at.parent;
  return at.fullName.slice(1);
}

const localName = (node) => node.fullName.slice(1 + packageOf(node).length + 1).replaceAll('.', '_');
const aliasOf = (module) => module.replaceAll('-', '_');

function everyNode(namespace, found = []) {
  for (const node of namespace.nestedArray) {
    if (node instanceof protobuf.Type || node instanceof protobuf.Enum) found.push(node);
    if (node instanceof protobuf.Namespace) everyNode(node, found);
  }
  return found;
}

const byModule = new Map();
for (const node of everyNode(reflection)) {
  const module = moduleOf(packageOf(node));
  if (!byModule.has(module)) byModule.set(module, []);
  byModule.get(module).push(node);
}

function reference(node, fromModule, imports) {
  const module = moduleOf(packageOf(node));
  if (module === fromModule) return localName(node);
  imports.add(module);
  return `${aliasOf(module)}.${localName(node)}`;
}

function fieldType(field, fromModule, imports) {
  if (field.resolvedType) return reference(field.resolvedType, fromModule, imports);
  return TS_SCALAR[field.type] ?? 'number';
}

function declaredType(field, fromModule, imports) {
  const base = fieldType(field, fromModule, imports);
  if (field.map) return `{ [key: string]: ${base} }`;
  return field.repeated ? `${base}[]` : base;
}

function comment(node, indent) {
  if (!node.comment) return '';
  const text = node.comment
    .trim()
    .split('\n')
    .map((line) => line.trim());
  return text.length === 1
    ? `${indent}/** ${text[0]} */\n`
    : `${indent}/**\n${text.map((line) => `${indent} * ${line}`).join('\n')}\n${indent} */\n`;
}

function defaultOf(field) {
  const declared = field.options?.default;
  if (declared === undefined) return undefined;
  if (field.resolvedType instanceof protobuf.Enum) return JSON.stringify(declared);
  if (field.type === 'bool') return String(declared);
  if (field.type === 'string') return JSON.stringify(declared);
  return String(declared);
}

function fieldTable(field, fromModule, imports) {
  const label = field.map ? 'map' : field.repeated ? 'repeated' : field.required ? 'required' : 'optional';
  const parts = [`no: ${field.id}`, `name: ${JSON.stringify(field.name)}`, `label: '${label}'`];
  if (field.map) parts.push(`key: '${field.keyType}'`);
  if (field.resolvedType instanceof protobuf.Enum)
    parts.push(`kind: 'enum'`, `enum: ${reference(field.resolvedType, fromModule, imports)}`);
  else if (field.resolvedType)
    parts.push(`kind: 'message'`, `message: ${reference(field.resolvedType, fromModule, imports)}`);
  else if (SCALARS.has(field.type)) parts.push(`kind: 'scalar'`, `scalar: '${field.type}'`);
  else throw new Error(`${field.fullName}: type ${field.type} is not supported`);
  const value = defaultOf(field);
  if (value !== undefined) parts.push(`default: ${value}`);
  if (field.options?.deprecated) parts.push('deprecated: true');
  if (field.partOf && !field.options?.proto3_optional) parts.push(`oneof: ${JSON.stringify(field.partOf.name)}`);
  return `  { ${parts.join(', ')} },`;
}

function renderEnum(node) {
  const name = localName(node);
  const members = Object.entries(node.values);
  const union = members.map(([key]) => `'${key}'`).join(' | ');
  const table = members.map(([key, value]) => `${key}: ${value}`).join(', ');
  // Our extension API grows by new values, which an older reader must survive. Mesos' own enums stay as strict as they are.
  const zero = members.find(([key, value]) => value === 0 && key.startsWith('UNKNOWN'))?.[0];
  const unknown = packageOf(node) === 'mesoctl.api.v1' && zero !== undefined ? `, '${zero}'` : '';
  return `${comment(node, '')}export type ${name} = ${union};\nexport const ${name}: EnumType<${name}> = enumType('${node.fullName.slice(1)}', { ${table} }${unknown});\n`;
}

function renderMessage(node, module, imports) {
  const name = localName(node);
  const fields = [...node.fieldsArray].sort((a, b) => a.id - b.id);
  const body = fields
    .map((field) => {
      const type = declaredType(field, module, imports);
      return `${comment(field, '  ')}  ${field.name}${field.required ? `: ${type}` : `?: ${type} | undefined`};`;
    })
    .join('\n');
  const table = fields.map((field) => fieldTable(field, module, imports)).join('\n');
  const shape =
    fields.length === 0 ? `export type ${name} = Record<never, never>;` : `export interface ${name} {\n${body}\n}`;
  const list = fields.length === 0 ? '() => []' : `() => [\n${table}\n]`;
  return `${comment(node, '')}${shape}\nexport const ${name}: MessageType<${name}> = messageType('${node.fullName.slice(1)}', ${list});\n`;
}

function renderModule(module, nodes) {
  const imports = new Set();
  const body = nodes
    .map((node) => (node instanceof protobuf.Enum ? renderEnum(node) : renderMessage(node, module, imports)))
    .join('\n');
  const types = ['messageType', 'type MessageType'];
  if (nodes.some((node) => node instanceof protobuf.Enum)) types.unshift('enumType', 'type EnumType');
  const lines = [
    `// Generated by tools/gen-wire.mjs from src/wire/proto; do not edit. Package ${packageOf(nodes[0])}.`,
    ...(body.includes('Int64') ? [`import type { Int64 } from '../int64.js';`] : []),
    `import { ${types.join(', ')} } from '../schema.js';`,
    ...[...imports].sort().map((name) => `import * as ${aliasOf(name)} from './${name}.js';`),
  ];
  return `${lines.join('\n')}\n\n${body}`;
}

let stale = 0;
if (!check) {
  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(outDir, { recursive: true });
}
for (const [module, nodes] of byModule) {
  const path = join(outDir, `${module}.ts`);
  const text = renderModule(module, nodes);
  if (!check) writeFileSync(path, text);
  else {
    let present = '';
    try {
      present = readFileSync(path, 'utf8');
    } catch {}
    if (present !== text) {
      stale += 1;
      console.error(`${relative(root, path)} is not what src/wire/proto says: run node tools/gen-wire.mjs`);
    }
  }
}
console.log(
  `wire: ${files.length} proto files, ${[...byModule.values()].flat().length} types${check ? `, ${stale} stale` : ' written'}`,
);
process.exitCode = stale > 0 ? 1 : 0;
