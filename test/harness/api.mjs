// A scheduler of a few lines for tests: plain JSON over node:http, no code of the project, so that a bug in a codec
// cannot hide itself. Collects every event; `waitFor` looks at those already there first. Types in api.d.mts.
import { request } from 'node:http';
import { until } from './process.mjs';

/** POSTs JSON and resolves with {status, headers, text}. */
export function postJson(url, body, headers = {}, agent = false) {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  return send(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, agent }, payload);
}

/** GETs and resolves with {status, headers, text}. */
export function get(url, headers = {}) {
  return send(url, { method: 'GET', headers }, undefined);
}

function send(url, options, payload) {
  return new Promise((resolve, reject) => {
    const call = request(url, { agent: false, ...options, timeout: 30_000 }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode,
          headers: response.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    call.on('timeout', () => call.destroy(new Error(`no answer from ${url} within 30 s`)));
    call.on('error', reject);
    call.end(payload);
  });
}

/** One subscribed framework. */
export class TestScheduler {
  events = [];
  closed = false;
  /** Set by benchmarks: takes every further event at once, instead of the list. */
  onEvent;
  /** Set by benchmarks: an http.Agent that keeps the connections of calls. */
  callAgent = false;
  #call;
  #url;
  #pending = Buffer.alloc(0);

  /** Subscribes and resolves after SUBSCRIBED. `frameworkInfo` needs user and name at least. */
  static async subscribe(masterUrl, frameworkInfo, options = {}) {
    const scheduler = new TestScheduler();
    await scheduler.#open(`${masterUrl}/api/v1/scheduler`, frameworkInfo, options);
    return scheduler;
  }

  #open(url, frameworkInfo, options) {
    this.#url = url;
    const body = {
      type: 'SUBSCRIBE',
      ...(frameworkInfo.id === undefined ? {} : { framework_id: frameworkInfo.id }),
      subscribe: { framework_info: frameworkInfo, ...options.subscribe },
    };
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', accept: 'application/json' };
      this.#call = request(url, { method: 'POST', headers, agent: false }, (response) => {
        if (response.statusCode !== 200) {
          let text = '';
          response.on('data', (chunk) => {
            text += chunk;
          });
          response.on('end', () => reject(new Error(`SUBSCRIBE: ${response.statusCode} ${text}`)));
          return;
        }
        this.streamId = response.headers['mesos-stream-id'];
        response.on('data', (chunk) => this.#read(chunk));
        response.on('close', () => {
          this.closed = true;
        });
        response.on('error', () => undefined);
        resolve(
          this.waitFor('SUBSCRIBED').then((event) => {
            this.frameworkId = event.subscribed.framework_id;
          }),
        );
      });
      this.#call.on('error', reject);
      this.#call.end(JSON.stringify(body));
    });
  }

  #read(chunk) {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const newline = this.#pending.indexOf(10);
      if (newline < 0) return;
      const bytes = Number(this.#pending.subarray(0, newline).toString('latin1'));
      if (this.#pending.length < newline + 1 + bytes) return;
      const event = JSON.parse(this.#pending.subarray(newline + 1, newline + 1 + bytes).toString('utf8'));
      if (this.onEvent === undefined) this.events.push(event);
      else this.onEvent(event);
      this.#pending = this.#pending.subarray(newline + 1 + bytes);
    }
  }

  /** The first event of that type, past or future, for which `accept` is true. */
  waitFor(type, accept = () => true, options = {}) {
    return until(`event ${type}`, () => this.events.find((event) => event.type === type && accept(event)), {
      explain: () => `events: ${this.events.map((event) => event.type).join(' ')}`,
      ...options,
    });
  }

  /** Sends a call with this framework's id and stream id. */
  call(body) {
    const headers = { 'mesos-stream-id': this.streamId };
    return postJson(this.#url, { framework_id: this.frameworkId, ...body }, headers, this.callAgent);
  }

  /** Every offer that was made and not rescinded. */
  offers() {
    const rescinded = new Set(
      this.events.filter((event) => event.type === 'RESCIND').map((event) => event.rescind.offer_id.value),
    );
    return this.events
      .filter((event) => event.type === 'OFFERS')
      .flatMap((event) => event.offers.offers)
      .filter((offer) => !rescinded.has(offer.id.value));
  }

  /** Launches tasks on one offer or on several of one agent; agent_id is filled in. */
  launch(offers, taskInfos, filters = {}) {
    const taken = [offers].flat();
    const tasks = taskInfos.map((task) => ({ agent_id: taken[0].agent_id, ...task }));
    const operations = [{ type: 'LAUNCH', launch: { task_infos: tasks } }];
    return this.call({ type: 'ACCEPT', accept: { offer_ids: taken.map((offer) => offer.id), operations, filters } });
  }

  acknowledge(status) {
    if (status.uuid === undefined) return undefined;
    const { agent_id, task_id, uuid } = status;
    return this.call({ type: 'ACKNOWLEDGE', acknowledge: { agent_id, task_id, uuid } });
  }

  /** Waits for the first terminal status of a task, acknowledging everything on the way; resolves with all statuses. */
  async runToEnd(taskId, options = {}) {
    let seen = 0;
    const statuses = [];
    await until(
      `task ${taskId} ends`,
      async () => {
        for (; seen < this.events.length; seen++) {
          const status = this.events[seen].update?.status;
          if (status === undefined || status.task_id.value !== taskId) continue;
          statuses.push(status);
          await this.acknowledge(status);
        }
        return statuses.some((status) => TERMINAL_STATES.has(status.state));
      },
      { deadlineMs: 60_000, explain: () => JSON.stringify(statuses), ...options },
    );
    return statuses;
  }

  /** Ends the stream from this side; the framework stays for its failover timeout. */
  close() {
    this.#call.destroy();
  }
}

/** States after which nothing follows. */
export const TERMINAL_STATES = new Set([
  'TASK_FINISHED',
  'TASK_FAILED',
  'TASK_KILLED',
  'TASK_ERROR',
  'TASK_LOST',
  'TASK_DROPPED',
  'TASK_GONE',
  'TASK_GONE_BY_OPERATOR',
]);

/** cpus and mem as a list of Resource. */
export function scalars(quantities) {
  return Object.entries(quantities).map(([name, value]) => ({ name, type: 'SCALAR', scalar: { value } }));
}

/** How much of a scalar some offers hold together. */
export function offered(offers, name) {
  const resources = offers.flatMap((offer) => offer.resources).filter((resource) => resource.name === name);
  return resources.reduce((sum, resource) => sum + resource.scalar.value, 0);
}
