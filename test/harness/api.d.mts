// Types of api.mjs.
import type { Agent, IncomingHttpHeaders } from 'node:http';
import type { UntilOptions } from './process.mjs';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export function postJson(
  url: string,
  body: unknown,
  headers?: Readonly<Record<string, string>>,
  agent?: Agent | false,
): Promise<Answer>;
export function get(url: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;

/** JSON as it came; the tests look into it by name. */
// biome-ignore lint/suspicious/noExplicitAny: untyped wire data on purpose
export type Json = any;

export class TestScheduler {
  static subscribe(
    masterUrl: string,
    frameworkInfo: Readonly<Record<string, unknown>> & { readonly id?: { readonly value: string } | undefined },
    options?: { readonly subscribe?: Readonly<Record<string, unknown>> | undefined },
  ): Promise<TestScheduler>;
  readonly events: readonly Json[];
  readonly closed: boolean;
  /** Set by benchmarks: takes every further event at once, instead of the list. */
  onEvent: ((event: Json) => void) | undefined;
  /** Set by benchmarks: an http.Agent that keeps the connections of calls. */
  callAgent: Agent | false;
  readonly streamId: string;
  readonly frameworkId: { readonly value: string };
  waitFor(type: string, accept?: (event: Json) => boolean, options?: UntilOptions): Promise<Json>;
  call(body: Readonly<Record<string, unknown>>): Promise<Answer>;
  offers(): Json[];
  /** Takes one offer or several of one agent. */
  launch(offers: Json, taskInfos: readonly Json[], filters?: Json): Promise<Answer>;
  acknowledge(status: Json): Promise<Answer> | undefined;
  runToEnd(taskId: string, options?: UntilOptions): Promise<Json[]>;
  close(): void;
}

export const TERMINAL_STATES: ReadonlySet<string>;
export function scalars(quantities: Readonly<Record<string, number>>): Json[];
/** How much of a scalar some offers hold together. */
export function offered(offers: readonly Json[], name: string): number;
