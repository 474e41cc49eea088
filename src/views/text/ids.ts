/**
 * Ids as people read them. Those that one master gave out share a prefix of 36 characters; what tells them apart is the end
 * (design/ux, section 2, "Ids"): `9d4b…f0ca-S9` is printed as `S9`, as `f0ca-S9` where two masters' ids stand together.
 */
const GENERATED = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{8}([0-9a-f]{4}))-([SO]?\d+)$/;

/** The last part of an id that a master gave out; any other id whole. */
export function shortId(id: string): string {
  return GENERATED.exec(id)?.[3] ?? id;
}

/** Writes ids short, and longer where `ids` come from more than one master. O(ids), once. */
export function shortIdWriter(ids: Iterable<string>): (id: string) => string {
  const prefixes = new Set<string>();
  for (const id of ids) {
    const prefix = GENERATED.exec(id)?.[1];
    if (prefix !== undefined) prefixes.add(prefix);
    if (prefixes.size > 1) return shortIdWithGeneration;
  }
  return shortId;
}

function shortIdWithGeneration(id: string): string {
  const match = GENERATED.exec(id);
  return match === null ? id : `${match[2]}-${match[3]}`;
}
