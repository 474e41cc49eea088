import { describe, expect, test } from 'vitest';
import { createHostGuard } from '../../../src/daemon/http/host-guard.js';

describe('host guard', () => {
  const guard = createHostGuard(['Master-1.example.org', 'box']);
  test.each([
    '127.0.0.1',
    '127.0.0.1:5050',
    '10.1.2.3:80',
    '[::1]',
    '[::1]:5050',
    'localhost',
    'LOCALHOST:5050',
    'localhost.:5050',
    'master-1.example.org:5050',
    'BOX',
  ])('lets %s through', (header) => {
    expect(guard.allows(header)).toBe(true);
  });

  test.each([
    'evil.example',
    'evil.example:5050',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'notbox',
    'box:port',
    '[evil.example]',
    '',
    'a b',
    'box:1:2',
  ])('refuses %j', (header) => {
    expect(guard.allows(header)).toBe(false);
  });

  test('a request of HTTP/1.0 need not have one', () => {
    expect(guard.allows(undefined)).toBe(true);
  });
});
