/** One line of text under edit: by grapheme, so that what is seen as one character is one. A paste is text. Pure. */
import { sanitize } from '../../text/width.js';
import type { Key } from '../ui.js';
import { type Span, span } from './paint.js';

/** Nobody types more; a paste may be anything. */
const MOST_CHARACTERS = 500;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

export class LineEditor {
  private characters: string[] = [];
  private at = 0;

  constructor(text = '') {
    this.set(text);
  }

  get text(): string {
    return this.characters.join('');
  }

  set(text: string): void {
    this.characters = split(text);
    this.at = this.characters.length;
  }

  /** False: not a key of an editor. */
  handleKey(key: Key): boolean {
    if (key.kind === 'text') return this.insert(key.text);
    if (key.kind === 'ctrl') return this.control(key.letter);
    switch (key.name) {
      case 'backspace':
        if (this.at > 0) this.characters.splice(--this.at, 1);
        return true;
      case 'delete':
        this.characters.splice(this.at, 1);
        return true;
      case 'left':
        this.at = Math.max(0, this.at - 1);
        return true;
      case 'right':
        this.at = Math.min(this.characters.length, this.at + 1);
        return true;
      case 'home':
        this.at = 0;
        return true;
      case 'end':
        this.at = this.characters.length;
        return true;
      default:
        return false;
    }
  }

  /** The text with a block where the next character goes. */
  spans(): readonly Span[] {
    return [
      span(this.characters.slice(0, this.at).join('')),
      span(this.characters[this.at] ?? ' ', 'reverse'),
      span(this.characters.slice(this.at + 1).join('')),
    ];
  }

  private insert(text: string): true {
    const added = split(text).slice(0, Math.max(0, MOST_CHARACTERS - this.characters.length));
    this.characters.splice(this.at, 0, ...added);
    this.at += added.length;
    return true;
  }

  private control(letter: string): boolean {
    switch (letter) {
      case 'a':
        this.at = 0;
        return true;
      case 'e':
        this.at = this.characters.length;
        return true;
      case 'u':
        this.characters.splice(0, this.at);
        this.at = 0;
        return true;
      case 'k':
        this.characters.splice(this.at);
        return true;
      case 'w':
        return this.dropWord();
      default:
        return false;
    }
  }

  private dropWord(): true {
    let from = this.at;
    while (from > 0 && this.characters[from - 1] === ' ') from--;
    while (from > 0 && this.characters[from - 1] !== ' ') from--;
    this.characters.splice(from, this.at - from);
    this.at = from;
    return true;
  }
}

function split(text: string): string[] {
  return Array.from(graphemes.segment(sanitize(text)), ({ segment }) => segment);
}
