/**
 * The language of the golden scripts about resources: one command a line. RESOURCES: see ../resource-words.ts; TEXT is as given.
 *
 *   parse TEXT [default-role=ROLE]   attributes TEXT   value TEXT   as an agent's flags are read
 *   well-formed JSON                 of one Resource, or what is wrong with it
 *   add A B   subtract A B   contains A B   quantity NAME A   shrink A to SCALARS
 *   allocatable A to ROLE   role NAME (as JSON)
 *   formats A                        in each of the three formats
 *   apply OPERATION to A             what an agent has afterwards; see ../master/operator-words.ts
 *   detect [TEXT] [cpus=N] [mem=MB] [disk=MB] [default-role=ROLE] [file=NAME]
 *   file NAME TEXT                   a file that --resources may name
 *   task-sees A                      where a task has the volumes among its resources
 *   volume make|destroy|write ROLE ID [path=DISK|mount=DISK]     tree      directories below the work directory and the disks
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../../src/base/error.js';
import { seededRandom } from '../../../src/base/random.js';
import { isRejection, type Rejection } from '../../../src/base/rejection.js';
import { ScalarNames } from '../../../src/offers/allocator/quantities.js';
import { shrinkScalars } from '../../../src/offers/allocator/shrink.js';
import { formatAttributeValue, parseAttributes } from '../../../src/offers/resources/attributes.js';
import { applyOperation } from '../../../src/offers/resources/operations.js';
import { Resources } from '../../../src/offers/resources/resources.js';
import { toEndpointFormat, toPreRefinement, validateResources } from '../../../src/offers/resources/validation.js';
import { parseValue } from '../../../src/offers/resources/value-text.js';
import { detectResources } from '../../../src/runtime/fingerprint/detect-resources.js';
import { type Volume, type VolumePlace, volumeUsesOf } from '../../../src/runtime/volumes/volume.js';
import { VolumeDirectories } from '../../../src/runtime/volumes/volume-directories.js';
import type * as mesos from '../../../src/wire/gen/mesos.js';
import { validateRole } from '../../../src/wire/validation/roles.js';
import { silentLogger } from '../../unit/http/fixture.js';
import { conversionOf } from '../master/operator-words.js';
import { amountsOf, isNamed, resourcesOf, splitLine, splitNamed, wireOf } from '../resource-words.js';

const MIB = 1024 ** 2;

type Named = ReadonlyMap<string, string>;

export class Script {
  readonly #scratch = mkdtempSync(join(tmpdir(), 'mesoctl-golden-'));
  readonly #volumes: VolumeDirectories;

  constructor() {
    mkdirSync(join(this.#scratch, 'workdir'));
    this.#volumes = new VolumeDirectories({
      workDir: join(this.#scratch, 'workdir'),
      logger: silentLogger,
      // Only root could mount something; what is no mount point is `unmounted`.
      isMountPoint: (path) => Promise.resolve(!path.endsWith('unmounted')),
    });
  }

  close(): void {
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  async run(line: string): Promise<readonly string[]> {
    const [verb = '', ...words] = splitLine(line);
    const raw = line.slice(verb.length).trim();
    const named = new Map(words.filter(isNamed).map(splitNamed));
    const plain = words.filter((word) => !isNamed(word));
    return (
      read(verb, raw, named) ??
      calculate(verb, plain) ??
      this.#file(verb, raw) ??
      (await this.#detect(verb, plain, named)) ??
      (await this.#keep(verb, plain, named))
    );
  }

  #file(verb: string, raw: string): string[] | undefined {
    if (verb !== 'file') return undefined;
    const space = raw.indexOf(' ');
    writeFileSync(join(this.#scratch, raw.slice(0, space)), raw.slice(space + 1));
    return [];
  }

  async #detect(verb: string, [first]: readonly string[], named: Named): Promise<string[] | undefined> {
    if (verb !== 'detect') return undefined;
    const figure = (name: string, unit: number) => (named.has(name) ? Number(named.get(name)) * unit : undefined);
    const file = named.get('file');
    const found = await detectResources({
      flagText: file === undefined ? first : pathToFileURL(join(this.#scratch, file)).href,
      defaultRole: named.get('default-role') ?? '*',
      workDir: this.#scratch,
      capacity: {
        onlineCpus: figure('cpus', 1),
        memTotalBytes: figure('mem', MIB),
        workDirDiskBytes: figure('disk', MIB),
      },
    });
    return [this.#hidden(outcome(found))];
  }

  async #keep(verb: string, words: readonly string[], named: Named): Promise<readonly string[]> {
    if (verb === 'tree') return treeOf(this.#scratch, '');
    if (verb !== 'volume') throw new Error(`unknown command ${verb}`);
    const [what, role = '', id = ''] = words;
    const volume: Volume = { role, id, place: this.#placeOf(named) };
    const key = `${what} ${role} ${id}`.replaceAll(/[ /]/g, '-');
    try {
      if (what === 'make') await this.#volumes.change({ key, create: [volume], destroy: [] });
      else if (what === 'destroy') await this.#volumes.change({ key, create: [], destroy: [volume] });
      else if (what === 'write') writeFileSync(join(this.#volumes.path(volume), 'data'), 'x');
      else throw new Error(`unknown command volume ${what}`);
      return [];
    } catch (error) {
      return [this.#hidden(messageOf(error))];
    }
  }

  #placeOf(named: Named): VolumePlace {
    for (const kind of ['path', 'mount'] as const) {
      const disk = named.get(kind);
      if (disk === undefined) continue;
      const root = join(this.#scratch, disk);
      mkdirSync(root, { recursive: true });
      return { kind, root };
    }
    return { kind: 'root' };
  }

  /** Where the files lie is another place at each run. */
  #hidden(text: string): string {
    return text.replaceAll(this.#scratch, '');
  }
}

function read(verb: string, raw: string, named: Named): string[] | undefined {
  switch (verb) {
    case 'parse':
      return [outcome(Resources.parse(raw.replace(/ ?default-role=\S+$/, ''), named.get('default-role')))];
    case 'attributes': {
      const parsed = parseAttributes(raw.replaceAll('\\n', '\n'));
      if (isRejection(parsed)) return [outcome(parsed)];
      return parsed.map((attribute) => `${attribute.name} is ${attribute.type} ${formatAttributeValue(attribute)}`);
    }
    case 'value': {
      const value = parseValue(raw);
      if (isRejection(value)) return [outcome(value)];
      return [`${value.type} ${formatAttributeValue({ name: '', ...value })}`];
    }
    case 'well-formed':
      return [validateResources([JSON.parse(raw)])?.message ?? 'well formed'];
    case 'role':
      return [validateRole(JSON.parse(raw))?.message ?? 'a role'];
    default:
      return undefined;
  }
}

function calculate(verb: string, words: readonly string[]): string[] | undefined {
  const [first = '', second = '', third = ''] = words;
  switch (verb) {
    case 'add':
      return [String(resourcesOf(first).add(resourcesOf(second)))];
    case 'subtract':
      return [String(resourcesOf(first).subtract(resourcesOf(second)))];
    case 'contains':
      return [resourcesOf(first).contains(resourcesOf(second)) ? 'yes' : 'no'];
    case 'quantity':
      return [String(resourcesOf(second).quantities().get(first) ?? 0)];
    case 'shrink': {
      const names = new ScalarNames(new Set());
      const target = new Float64Array(8);
      for (const [name, amount] of amountsOf(third)) target[names.indexOf(name)] = amount * 1000;
      return [String(shrinkScalars(resourcesOf(first), target, names, seededRandom(1)))];
    }
    case 'allocatable':
      return [String(resourcesOf(first).allocatableTo(third))];
    case 'formats':
      return formatsOf(resourcesOf(first).toWire());
    case 'task-sees': {
      const uses = volumeUsesOf(wireOf(first));
      if (isRejection(uses)) return [uses.message];
      return uses.map(({ volume, containerPath, readOnly, shared }) =>
        [
          `${containerPath} is ${volume.id} of ${volume.role}`,
          ...(readOnly ? ['read only'] : []),
          ...(shared ? ['shared'] : []),
        ].join(', '),
      );
    }
    case 'apply':
      return [outcome(applyOperation(resourcesOf(third), conversionOf(first)))];
    default:
      return undefined;
  }
}

function formatsOf(post: readonly mesos.Resource[]): string[] {
  const formats = { pre: toPreRefinement(post), post, endpoint: toEndpointFormat(post) };
  return Object.entries(formats).flatMap(([format, resources]) =>
    resources.map(
      ({ role, reservation, reservations }) => `${format}: ${JSON.stringify({ role, reservation, reservations })}`,
    ),
  );
}

function outcome(result: Resources | Rejection): string {
  return isRejection(result) ? `${result.code}: ${result.message}` : String(result);
}

function treeOf(root: string, below: string): string[] {
  return readdirSync(join(root, below), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${below}/${entry.name}`;
      const inside = entry.isDirectory() ? treeOf(root, path) : [];
      return inside.length === 0 ? [path] : inside;
    });
}
