/**
 * Which representation a request has and which one its answer gets. Decides the 400, 415 and 406 of content negotiation; never looks at
 * bodies. Request types are compared exactly, answers carry no parameters: clients compare with equality (spec 01 1.1, 03 3.3, 13.2).
 * Mesos prefers JSON whenever it is acceptable: a q-value only says whether a type is acceptable (q=0: it is not).
 */
import { Rejection, reject } from '../base/rejection.js';

/** How a message is written. */
export type MessageFormat = 'json' | 'protobuf';

export const APPLICATION_JSON = 'application/json';
export const APPLICATION_PROTOBUF = 'application/x-protobuf';
export const APPLICATION_RECORDIO = 'application/recordio';

/** The exact Content-Type of a body in this format. */
export const CONTENT_TYPE_OF: Readonly<Record<MessageFormat, string>> = {
  json: APPLICATION_JSON,
  protobuf: APPLICATION_PROTOBUF,
};

/** A header as Node gives it: several of one name are joined by commas, or a list. */
export type HeaderValue = string | readonly string[] | undefined;

/** What a request's body is. */
export interface RequestMedia {
  readonly format: MessageFormat;
  /** The body is a RecordIO stream of messages in `format`. */
  readonly isStream: boolean;
}

/** What a streaming answer is; `messageContentType` is the header Message-Content-Type, when there must be one. */
export interface ResponseMedia {
  readonly format: MessageFormat;
  readonly contentType: string;
  readonly messageContentType: string | undefined;
}

/** Format of the body of a scheduler, executor, master or extension call: 400 without Content-Type, 415 for another type. */
export function parseContentType(contentType: HeaderValue): MessageFormat | Rejection {
  const type = single(contentType);
  if (type === undefined) return reject('malformed', "Expecting 'Content-Type' to be present");
  return (
    formatOf(type) ??
    reject('unsupported-media-type', `Expecting 'Content-Type' of ${APPLICATION_JSON} or ${APPLICATION_PROTOBUF}`)
  );
}

/** Format of the answer: JSON if acceptable, else protobuf, else 406. No Accept header accepts everything. */
export function negotiateFormat(accept: HeaderValue): MessageFormat | Rejection {
  return (
    acceptedFormat(accept) ??
    reject('not-acceptable', `Expecting 'Accept' to allow ${APPLICATION_JSON} or ${APPLICATION_PROTOBUF}`)
  );
}

/**
 * The same for the agent, whose requests may also be RecordIO streams: those name the format in Message-Content-Type (400 without it),
 * and only those may carry that header (else 415).
 */
export function parseAgentContentType(headers: {
  readonly contentType: HeaderValue;
  readonly messageContentType: HeaderValue;
}): RequestMedia | Rejection {
  const message = single(headers.messageContentType);
  if (single(headers.contentType) !== APPLICATION_RECORDIO) {
    const format = parseContentType(headers.contentType);
    if (format instanceof Rejection) return format;
    if (message === undefined) return { format, isStream: false };
    return reject('unsupported-media-type', "Not expecting 'Message-Content-Type' on a request that is not a stream");
  }
  if (message === undefined)
    return reject('malformed', "Expecting 'Message-Content-Type' to be present on a streaming request");
  const format = formatOf(message);
  if (format !== undefined) return { format, isStream: true };
  return reject(
    'unsupported-media-type',
    `Expecting 'Message-Content-Type' of ${APPLICATION_JSON} or ${APPLICATION_PROTOBUF}`,
  );
}

/**
 * Answer of an agent call: JSON, protobuf or RecordIO, in this order of preference; with RecordIO the format comes from Message-Accept,
 * which is refused (406) otherwise. The body of a streaming call is framed as RecordIO whatever this says (spec 00, 9).
 */
export function negotiateAgentResponse(headers: {
  readonly accept: HeaderValue;
  readonly messageAccept: HeaderValue;
}): ResponseMedia | Rejection {
  const format = acceptedFormat(headers.accept);
  if (format !== undefined) {
    if (single(headers.messageAccept) === undefined) {
      return { format, contentType: CONTENT_TYPE_OF[format], messageContentType: undefined };
    }
    return reject('not-acceptable', "Not expecting 'Message-Accept' unless only a stream is accepted");
  }
  if (!isAccepted(headers.accept, APPLICATION_RECORDIO)) {
    const types = `${APPLICATION_JSON}, ${APPLICATION_PROTOBUF} or ${APPLICATION_RECORDIO}`;
    return reject('not-acceptable', `Expecting 'Accept' to allow ${types}`);
  }
  const message = acceptedFormat(headers.messageAccept);
  if (message === undefined) {
    return reject(
      'not-acceptable',
      `Expecting 'Message-Accept' to allow ${APPLICATION_JSON} or ${APPLICATION_PROTOBUF}`,
    );
  }
  return { format: message, contentType: APPLICATION_RECORDIO, messageContentType: CONTENT_TYPE_OF[message] };
}

/** Whether an Accept header allows `mediaType` (lower case, no parameters). The most specific range decides, as in HTTP. */
export function isAccepted(accept: HeaderValue, mediaType: string): boolean {
  const text = single(accept);
  if (text === undefined) return true;
  let best = 0;
  let isAllowed = false;
  for (const item of text.split(',')) {
    const [range = '', ...parameters] = item.split(';');
    const rank = specificity(range.trim().toLowerCase(), mediaType);
    if (rank === 0 || rank < best) continue;
    const allows = !parameters.some(isZeroQuality);
    isAllowed = rank === best ? isAllowed || allows : allows;
    best = rank;
  }
  return isAllowed;
}

/** 3: the very type, 2: its family, 1: anything, 0: no match. */
function specificity(range: string, mediaType: string): number {
  if (range === mediaType) return 3;
  if (range === `${mediaType.slice(0, mediaType.indexOf('/'))}/*`) return 2;
  return range === '*/*' || range === '*' ? 1 : 0;
}

function isZeroQuality(parameter: string): boolean {
  return /^\s*q\s*=\s*0(?:\.0*)?\s*$/i.test(parameter);
}

function acceptedFormat(accept: HeaderValue): MessageFormat | undefined {
  if (isAccepted(accept, APPLICATION_JSON)) return 'json';
  return isAccepted(accept, APPLICATION_PROTOBUF) ? 'protobuf' : undefined;
}

function formatOf(contentType: string): MessageFormat | undefined {
  if (contentType === APPLICATION_JSON) return 'json';
  return contentType === APPLICATION_PROTOBUF ? 'protobuf' : undefined;
}

/** One text; a header that is present but blank counts as absent. */
function single(value: HeaderValue): string | undefined {
  const text = typeof value === 'string' || value === undefined ? value : value.join(',');
  return text === undefined || text.trim() === '' ? undefined : text;
}
