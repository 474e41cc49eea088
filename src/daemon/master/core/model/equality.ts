/**
 * Whether two messages say the same: field by field, absent and undefined alike, bytes by content, lists in order.
 */
export function sameMessage(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Uint8Array || b instanceof Uint8Array) return sameBytes(a, b);
  if (Array.isArray(a) || Array.isArray(b)) return sameList(a, b);
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const key of keys) if (!sameMessage(field(a, key), field(b, key))) return false;
  return true;
}

function field(message: object, key: string): unknown {
  const value: unknown = Object.hasOwn(message, key) ? (message as Record<string, unknown>)[key] : undefined;
  return Array.isArray(value) && value.length === 0 ? undefined : value;
}

function sameList(a: unknown, b: unknown): boolean {
  return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameMessage(item, b[i]));
}

export function sameBytes(a: unknown, b: unknown): boolean {
  return (
    a instanceof Uint8Array && b instanceof Uint8Array && a.length === b.length && a.every((byte, i) => byte === b[i])
  );
}
