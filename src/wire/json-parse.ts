/**
 * Text to plain values, exact above 2^53. `JSON.parse` does the work unless the text holds a run of 16 digits or one of the bare words
 * Infinity and NaN that Mesos writes; then the parser below does, which returns a bigint for an integer that a double cannot hold.
 * Both accept the same grammar apart from that. Throws WireFault on anything that is not JSON. Linear time; nesting is bounded.
 */
import { excerpt, WireFault } from './fault.js';
import { canonicalInt64 } from './int64.js';

/** Nesting accepted in parts that no schema describes. */
const MAX_DEPTH = 200;
/** Longer integers fit no wire type: their exact value does not matter. */
const MAX_EXACT_DIGITS = 40;
/** A fraction of 16 digits is no reason: JSON.parse reads doubles correctly. */
const NEEDS_OWN_PARSER = /(?<![.\d])\d{16}|Infinity|NaN/;
const NUMBER = /-?(?:Infinity|(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?)|NaN/y;
const STRING_END = /["\\]/g;

/** The value of a JSON text: objects, arrays, strings, numbers, booleans, null, and bigint for integers beyond 2^53. */
export function parseJson(text: string): unknown {
  if (NEEDS_OWN_PARSER.test(text)) return new ExactParser(text).parse();
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new WireFault(`${error instanceof SyntaxError ? oneLine(error.message) : 'cannot be parsed'}`);
  }
}

/** The engine quotes the input: keep that short and on one line. */
function oneLine(message: string): string {
  return message.replace(/\s+/g, ' ').slice(0, 120);
}

/** The number that `text` holds as a whole, or undefined. Blanks around it are allowed. */
export function parseNumberText(text: string): number | bigint | undefined {
  const trimmed = text.trim();
  NUMBER.lastIndex = 0;
  const match = NUMBER.exec(trimmed);
  if (match === null || match[0].length !== trimmed.length || trimmed === 'NaN') return undefined;
  return numberOf(match);
}

function numberOf(match: RegExpExecArray): number | bigint {
  const [text, fraction, exponent] = match;
  const isExact =
    fraction === undefined && exponent === undefined && text.length >= 16 && text.length <= MAX_EXACT_DIGITS;
  return isExact ? canonicalInt64(BigInt(text)) : Number(text);
}

class ExactParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): unknown {
    const value = this.#value();
    this.#blank();
    if (this.#at < this.#text.length) throw this.#unexpected();
    return value;
  }

  #value(): unknown {
    this.#blank();
    switch (this.#text.charCodeAt(this.#at)) {
      case 0x7b: // {
        return this.#nested(() => this.#object());
      case 0x5b: // [
        return this.#nested(() => this.#array());
      case 0x22: // "
        return this.#string();
      case 0x74: // t
        return this.#word('true', true);
      case 0x66: // f
        return this.#word('false', false);
      case 0x6e: // n
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #nested<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new WireFault(`nested more than ${MAX_DEPTH} levels deep`);
    this.#at += 1;
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #object(): Record<string, unknown> {
    const object = Object.create(null) as Record<string, unknown>;
    if (this.#take(0x7d)) return object;
    do {
      this.#blank();
      if (this.#text.charCodeAt(this.#at) !== 0x22) throw this.#unexpected();
      const key = this.#string();
      this.#blank();
      if (!this.#take(0x3a)) throw this.#unexpected();
      object[key] = this.#value();
    } while (this.#take(0x2c));
    if (!this.#take(0x7d)) throw this.#unexpected();
    return object;
  }

  #array(): unknown[] {
    const array: unknown[] = [];
    if (this.#take(0x5d)) return array;
    do {
      array.push(this.#value());
    } while (this.#take(0x2c));
    if (!this.#take(0x5d)) throw this.#unexpected();
    return array;
  }

  /** Finds the closing quote and leaves escapes to JSON.parse, which knows them all. */
  #string(): string {
    const from = this.#at;
    STRING_END.lastIndex = from + 1;
    for (;;) {
      const match = STRING_END.exec(this.#text);
      if (match === null) throw new WireFault('a string has no end');
      if (match[0] === '"') break;
      STRING_END.lastIndex = match.index + 2;
    }
    this.#at = STRING_END.lastIndex;
    try {
      return JSON.parse(this.#text.slice(from, this.#at)) as string;
    } catch {
      throw new WireFault(`bad string at position ${from}`);
    }
  }

  #number(): number | bigint {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) throw this.#unexpected();
    this.#at = NUMBER.lastIndex;
    return numberOf(match);
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected();
    this.#at += word.length;
    return value;
  }

  /** Steps over `code`, after blanks, if it comes next. */
  #take(code: number): boolean {
    this.#blank();
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at += 1;
    return true;
  }

  #blank(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #unexpected(): WireFault {
    if (this.#at >= this.#text.length) return new WireFault('unexpected end');
    return new WireFault(`unexpected ${excerpt(this.#text.slice(this.#at, this.#at + 1))} at position ${this.#at}`);
  }
}
