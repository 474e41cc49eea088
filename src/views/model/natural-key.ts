/**
 * Texts in the order people expect: without regard to case, and numbers by value (`node-9` before `node-10`). The key of a text is
 * made once; plain `<` of two keys is then the order, many times cheaper than a collator (design/ux, section 3, rule 3). Pure.
 */
const ZERO = 48;
const NINE = 57;
/** Longer runs of digits compare as if they had this many: their length must fit below the letters. */
const MAX_DIGITS = 48;
/** What differs only behind this is in order by whatever else decides. */
const MAX_LENGTH = 256;

/** Each run of digits, without leading zeros, behind a character that tells its length. */
export function naturalKey(text: string): string {
  const lower = (text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH) : text).toLowerCase();
  const codes: number[] = [];
  let hasDigits = false;
  for (let at = 0; at < lower.length; ) {
    const code = lower.charCodeAt(at);
    if (isDigit(code)) {
      hasDigits = true;
      at = pushDigits(lower, at, codes);
    } else {
      codes.push(code);
      at++;
    }
  }
  return hasDigits ? String.fromCharCode(...codes) : lower;
}

/** Returns where the digits end. */
function pushDigits(text: string, from: number, codes: number[]): number {
  let end = from + 1;
  while (end < text.length && isDigit(text.charCodeAt(end))) end++;
  let at = from;
  while (at < end - 1 && text.charCodeAt(at) === ZERO) at++;
  codes.push(ZERO + Math.min(MAX_DIGITS, end - at));
  while (at < end) codes.push(text.charCodeAt(at++));
  return end;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}
