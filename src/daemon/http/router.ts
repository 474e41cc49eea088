/**
 * Finds the route of a path in the manner of libprocess: trailing components are cut off until one matches, because
 * clients rely on it (`POST /api/v1/operator` reaches `/api/v1`, `POST /slaves/<id>` reaches `/slaves`). An optional
 * process name in front (`/master`, `/slave(1)`) changes nothing. `/` matches only itself. Source: spec page 13, 13.1.
 */
import { assert } from '../../base/assert.js';
import type { Exchange } from './exchange.js';

/** What happens at one path. GET stands for HEAD as well. */
export interface Route {
  readonly methods: readonly ('GET' | 'POST' | 'PUT' | 'DELETE')[];
  /** Answers the exchange, at once or later. A throw or rejection is answered 500 and logged. */
  handle(exchange: Exchange): void | Promise<void>;
  /**
   * `first` (default): a wrong method is answered 405 before `handle`. `handler`: `handle` sees every method and calls
   * `exchange.refuseMethod` itself, for routes whose order of checks puts something before the method.
   */
  readonly methodCheck?: 'first' | 'handler' | undefined;
}

export interface FoundRoute {
  readonly route: Route;
  /** The path the route was added under. */
  readonly routePath: string;
}

export class Router {
  readonly #routes = new Map<string, Route>();
  readonly #processNames: readonly string[];

  /** `processNames`: first components that may be left out, without slashes, for example `master` or `slave(1)`. */
  constructor(processNames: readonly string[]) {
    this.#processNames = processNames.map((name) => `/${name}`);
  }

  /** Adds a route under an absolute path without trailing slash; each path once. */
  add(path: string, route: Route): this {
    assert(path.startsWith('/') && (path === '/' || !path.endsWith('/')), `a route path is absolute: ${path}`);
    assert(!this.#routes.has(path), `one route per path: ${path}`);
    this.#routes.set(path, route);
    return this;
  }

  /** `path`: percent-decoded, without query. */
  find(path: string): FoundRoute | undefined {
    let rest = withoutTrailingSlashes(this.#withoutProcessName(path));
    if (rest === '') rest = '/';
    for (;;) {
      const route = this.#routes.get(rest);
      if (route !== undefined) return { route, routePath: rest };
      const cut = rest.lastIndexOf('/');
      if (cut <= 0) return undefined;
      rest = withoutTrailingSlashes(rest.slice(0, cut));
    }
  }

  /** All paths, sorted. */
  paths(): readonly string[] {
    return [...this.#routes.keys()].sort();
  }

  #withoutProcessName(path: string): string {
    for (const name of this.#processNames)
      if (path === name || path.startsWith(`${name}/`)) return path.slice(name.length);
    return path;
  }
}

function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === '/') end--;
  return path.slice(0, end);
}
