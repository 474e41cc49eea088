/**
 * Which resources an operator's --resources value names. A name counts even with the value zero: it switches detection
 * of that resource off (spec page 05, section 5.4). Pure.
 */
import { type Rejection, reject } from '../../base/rejection.js';

/** Takes the text form ("cpus:2;mem(role):512") or a JSON array of Resource. */
export function listedResourceNames(flagText: string): ReadonlySet<string> | Rejection {
  const text = flagText.trim();
  return text.startsWith('[') ? namesOfJson(text) : namesOfText(text);
}

function namesOfText(text: string): ReadonlySet<string> {
  const names = text
    .split(';')
    .map((entry) => /^[^(:]*/.exec(entry)?.[0].replaceAll(' ', '') ?? '')
    .filter((name) => name !== '');
  return new Set(names);
}

function namesOfJson(text: string): ReadonlySet<string> | Rejection {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return reject('malformed', 'the value of --resources begins like JSON but cannot be read as JSON');
  }
  if (!Array.isArray(parsed)) return reject('invalid', 'the value of --resources must be a JSON array of resources');
  return new Set(parsed.map(nameOf).filter((name) => name !== undefined));
}

function nameOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null || !('name' in item)) return undefined;
  return typeof item.name === 'string' ? item.name : undefined;
}
