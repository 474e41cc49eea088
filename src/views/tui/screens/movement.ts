/** Keys that move in any list: the same everywhere. */
import type { ListCursor } from './list-cursor.js';
import type { KeyName } from './screen.js';

/** False: not a key of movement. */
export function movement<R>(cursor: ListCursor<R>, key: KeyName, height: number, nowMs: number): boolean {
  const page = Math.max(1, height - 1);
  switch (key) {
    case 'down':
    case 'j':
      cursor.move(1, height, nowMs);
      return true;
    case 'up':
    case 'k':
      cursor.move(-1, height, nowMs);
      return true;
    case 'page-down':
      cursor.move(page, height, nowMs);
      return true;
    case 'page-up':
      cursor.move(-page, height, nowMs);
      return true;
    case 'ctrl-d':
      cursor.move(Math.ceil(page / 2), height, nowMs);
      return true;
    case 'ctrl-u':
      cursor.move(-Math.ceil(page / 2), height, nowMs);
      return true;
    case 'home':
    case 'g':
      cursor.toStart(height, nowMs);
      return true;
    case 'end':
    case 'G':
      cursor.toEnd(height, nowMs);
      return true;
    default:
      return false;
  }
}
