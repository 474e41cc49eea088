/** Reads the kernel's mount table (proc(5), /proc/pid/mountinfo). Pure. */

/** Mount points at or below `path`, the innermost and newest first: the order in which they can be lifted. */
export function mountPointsBelow(mountinfo: string, path: string): readonly string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((field) => field !== undefined)
    .map(unescapeOctal)
    .filter((mountPoint) => mountPoint === path || mountPoint.startsWith(`${path}/`))
    .reverse();
}

/** Blanks, tabs, newlines and backslashes are written as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
