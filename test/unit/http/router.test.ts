import { describe, expect, test } from 'vitest';
import { type Route, Router } from '../../../src/daemon/http/router.js';

const route = (): Route => ({ methods: ['GET'], handle: () => undefined });

function routerOf(paths: readonly string[], processNames: readonly string[] = ['master']): Router {
  const router = new Router(processNames);
  for (const path of paths) router.add(path, route());
  return router;
}

describe('longest prefix routing', () => {
  const router = routerOf(['/', '/api/v1', '/api/v1/scheduler', '/state', '/metrics/snapshot', '/slaves']);
  test.each([
    ['/api/v1', '/api/v1'],
    ['/api/v1/', '/api/v1'],
    ['/api/v1/operator', '/api/v1'],
    ['/api/v1/scheduler', '/api/v1/scheduler'],
    ['/api/v1/scheduler/x/y', '/api/v1/scheduler'],
    ['/master/api/v1/scheduler', '/api/v1/scheduler'],
    ['/master/state/', '/state'],
    ['/state//', '/state'],
    ['/slaves/0a1b-S0', '/slaves'],
    ['/', '/'],
    ['/master', '/'],
    ['/master/', '/'],
  ])('%s reaches %s', (path, expected) => {
    expect(router.find(path)?.routePath).toBe(expected);
  });

  test.each(['/nothing', '/api', '/metrics', '/masterful/state', '/master/master/state', '/statex', ''])(
    '%j reaches nothing but the root',
    (path) => {
      expect(router.find(path)?.routePath).toBe(path === '' ? '/' : undefined);
    },
  );

  test("an agent's process name has parentheses", () => {
    const agent = routerOf(['/state'], ['slave(1)']);
    expect(agent.find('/slave(1)/state')?.routePath).toBe('/state');
    expect(agent.find('/slave/state')).toBeUndefined();
  });
});
