/** Whether `path` is `directory` or lies below it; both absolute and without `.`, `..` and links. Pure. */
export function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`);
}
