/** Whether two decoded records say the same: a field that is unset and one that is absent are equal. Pure. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && sameItems(a, b);
  return hasAllOf(a as Fields, b as Fields) && hasNoMoreThan(b as Fields, a as Fields);
}

type Fields = Readonly<Record<string, unknown>>;

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!sameValue(a[i], b[i])) return false;
  return true;
}

function hasAllOf(a: Fields, b: Fields): boolean {
  for (const name in b) if (!sameValue(a[name], b[name])) return false;
  return true;
}

function hasNoMoreThan(b: Fields, a: Fields): boolean {
  for (const name in a) if (a[name] !== undefined && b[name] === undefined) return false;
  return true;
}
