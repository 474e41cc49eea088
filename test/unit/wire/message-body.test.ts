import { describe, expect, it } from 'vitest';
import { isRejection } from '../../../src/base/rejection.js';
import * as mesos from '../../../src/wire/gen/mesos.js';
import { decodeMessage, encodeMessage } from '../../../src/wire/message-body.js';

describe('a message body', () => {
  it.each(['json', 'protobuf'] as const)('in %s comes back', (format) => {
    const message = { value: 'grüße' };
    expect(decodeMessage(format, mesos.TaskID, Buffer.from(encodeMessage(format, mesos.TaskID, message)))).toEqual(
      message,
    );
  });

  it('is refused when its JSON is not UTF-8', () => {
    const value = decodeMessage('json', mesos.TaskID, Buffer.from('{"value":"\xff"}', 'latin1'));
    expect(isRejection(value) && value.message).toContain('not valid UTF-8');
  });
});
