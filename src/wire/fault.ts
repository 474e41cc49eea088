/**
 * How the decoders give up: thrown inside src/wire only and turned into a Rejection at its border (codec.ts, json.ts). Throwing keeps
 * result checks out of the inner loops; each message on the way out adds its part of the path.
 */
export class WireFault extends Error {
  override readonly name = 'WireFault';
  /** Where in the message, outermost first, such as `accept.offer_ids[2].value`; empty for the message itself. */
  path = '';

  /** This fault, seen from one level further out. */
  inside(step: string): this {
    if (this.path === '') this.path = step;
    else this.path = this.path.startsWith('[') ? `${step}${this.path}` : `${step}.${this.path}`;
    return this;
  }

  get text(): string {
    return this.path === '' ? this.message : `${this.path}: ${this.message}`;
  }
}

/** Part of untrusted text that may appear in a message: short, and on one line. */
export function excerpt(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  return JSON.stringify(short);
}
