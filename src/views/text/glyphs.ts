/** One character for how bad a thing is, so that it is told without colour (design/ux, section 3, "Colour"). */
import type { Severity } from '../model/rows.js';

const GLYPHS: { readonly [S in Severity]: string } = { bad: '!', unknown: '?', waiting: '~', normal: ' ' };

export function glyphOf(severity: Severity): string {
  return GLYPHS[severity];
}
