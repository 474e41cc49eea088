import { describe, expect, it } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import {
  CONTENT_TYPE_OF,
  isAccepted,
  negotiateAgentResponse,
  negotiateFormat,
  parseAgentContentType,
  parseContentType,
} from '../../../src/wire/media-type.js';

const JSON_TYPE = 'application/json';
const PROTOBUF = 'application/x-protobuf';
const RECORDIO = 'application/recordio';
const code = (value: unknown): unknown => (isRejection(value) ? value.code : value);

describe('parseContentType', () => {
  it.each([
    [JSON_TYPE, 'json'],
    [PROTOBUF, 'protobuf'],
    [undefined, 'malformed'],
    ['', 'malformed'],
    ['application/json; charset=utf-8', 'unsupported-media-type'],
    ['Application/JSON', 'unsupported-media-type'],
    ['application/json,application/json', 'unsupported-media-type'],
    ['text/plain', 'unsupported-media-type'],
    [RECORDIO, 'unsupported-media-type'],
  ])('%s gives %s', (header, expected) => {
    expect(code(parseContentType(header))).toBe(expected);
  });
});

describe('negotiateFormat', () => {
  it.each([
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['application/*', 'json'],
    [JSON_TYPE, 'json'],
    [PROTOBUF, 'protobuf'],
    [`${PROTOBUF}, ${PROTOBUF}`, 'protobuf'],
    [[PROTOBUF, PROTOBUF], 'protobuf'],
    [`${PROTOBUF}, ${JSON_TYPE}`, 'json'],
    [`${PROTOBUF}, ${JSON_TYPE};q=0.1`, 'json'],
    [`${JSON_TYPE};q=0, */*`, 'protobuf'],
    [`${JSON_TYPE};q=0.000, ${PROTOBUF};q=0.5`, 'protobuf'],
    ['application/*;q=0, application/json', 'json'],
    ['APPLICATION/JSON', 'json'],
    ['application/json; charset=utf-8', 'json'],
    ['text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2', 'json'],
    ['text/html', 'not-acceptable'],
    ['*/*;q=0', 'not-acceptable'],
    [RECORDIO, 'not-acceptable'],
    [',;,', 'not-acceptable'],
  ])('%j gives %s', (header, expected) => {
    expect(code(negotiateFormat(header))).toBe(expected);
  });
});

describe('parseAgentContentType', () => {
  const parse = (contentType?: string, messageContentType?: string): unknown =>
    code(parseAgentContentType({ contentType, messageContentType }));

  it('reads calls and streams', () => {
    expect(parse(JSON_TYPE)).toEqual({ format: 'json', isStream: false });
    expect(parse(RECORDIO, PROTOBUF)).toEqual({ format: 'protobuf', isStream: true });
    expect(parse(RECORDIO, JSON_TYPE)).toEqual({ format: 'json', isStream: true });
  });

  it('refuses what does not fit together', () => {
    expect(parse()).toBe('malformed');
    expect(parse(RECORDIO)).toBe('malformed');
    expect(parse(RECORDIO, RECORDIO)).toBe('unsupported-media-type');
    expect(parse(JSON_TYPE, JSON_TYPE)).toBe('unsupported-media-type');
    expect(parse('text/plain')).toBe('unsupported-media-type');
  });
});

describe('negotiateAgentResponse', () => {
  const negotiate = (accept?: string, messageAccept?: string): unknown =>
    code(negotiateAgentResponse({ accept, messageAccept }));

  it('prefers JSON, then protobuf, then RecordIO', () => {
    expect(negotiate('*/*')).toEqual({ format: 'json', contentType: JSON_TYPE, messageContentType: undefined });
    expect(negotiate(`${RECORDIO}, ${PROTOBUF}`)).toEqual({
      format: 'protobuf',
      contentType: PROTOBUF,
      messageContentType: undefined,
    });
    expect(negotiate(RECORDIO)).toEqual({ format: 'json', contentType: RECORDIO, messageContentType: JSON_TYPE });
    expect(negotiate(RECORDIO, PROTOBUF)).toEqual({
      format: 'protobuf',
      contentType: RECORDIO,
      messageContentType: PROTOBUF,
    });
  });

  it('refuses what does not fit together', () => {
    expect(negotiate('text/plain')).toBe('not-acceptable');
    expect(negotiate(RECORDIO, 'text/plain')).toBe('not-acceptable');
    expect(negotiate(JSON_TYPE, JSON_TYPE)).toBe('not-acceptable');
  });
});

describe('answers', () => {
  it('carry no parameters', () => {
    expect(CONTENT_TYPE_OF).toEqual({ json: 'application/json', protobuf: 'application/x-protobuf' });
  });

  it('are matched by the most specific range', () => {
    expect(isAccepted('*/*, application/json;q=0', JSON_TYPE)).toBe(false);
    expect(isAccepted('application/json;q=0, application/json', JSON_TYPE)).toBe(true);
  });
});
