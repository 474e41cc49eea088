import { describe, expect, it } from 'vitest';
import { MesoError } from '../../../src/base/error.js';
import { seededRandom } from '../../../src/base/random.js';
import { ClusterFeed, reasonOf } from '../../../src/cli/top/cluster-feed.js';
import type { Disconnected } from '../../../src/client/subscription.js';
import type { ClusterModel } from '../../../src/views/model/cluster-model.js';
import type * as api from '../../../src/wire/gen/mesoctl-api.js';
import { until } from '../../harness/process.mjs';

type Said = api.Event | Disconnected | readonly api.Event[] | MesoError;

const event = (type: api.Event_Type): api.Event => ({ type, time: 1 });
const lost = (text: string) => new MesoError('CONNECTION_LOST', text);

/** Subscriptions that go as told; the last one stays open. */
function open(subscriptions: readonly (readonly Said[])[]) {
  const log: string[] = [];
  const waits: number[] = [];
  let next = 0;
  const model = {
    apply: ({ type }: api.Event) => log.push(type),
    disconnected: ({ reason, retryAtUnixMs }: { reason: string; retryAtUnixMs: number }, nowUnixMs: number) => {
      log.push(`lost: ${reason}`);
      waits.push(retryAtUnixMs - nowUnixMs);
    },
  } as unknown as ClusterModel;
  async function* watch(signal: AbortSignal): AsyncGenerator<readonly (api.Event | Disconnected)[], void> {
    log.push('subscribe');
    for (const said of subscriptions[next++] ?? []) {
      if (said instanceof MesoError) throw said;
      yield Array.isArray(said) ? said : [said as api.Event | Disconnected];
    }
    if (next >= subscriptions.length) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }
  let changes = 0;
  const feed = new ClusterFeed({
    watch,
    model,
    unixMs: () => 1000,
    random: seededRandom(1),
    onChange: (count) => {
      changes += count;
    },
  });
  const over = new AbortController();
  const running = feed.run(over.signal);
  const logged = (count: number) =>
    until(`${count} entries`, () => log.length >= count, { explain: () => log.join(', ') });
  const stop = async () => {
    over.abort();
    await running;
  };
  return { log, waits, feed, logged, stop, running, changes: () => changes };
}

describe('ClusterFeed', () => {
  it('applies events, tells the model of a loss and comes back, at once when asked to', async () => {
    const session = open([
      [event('SUBSCRIBED'), event('SNAPSHOT_END'), { type: 'DISCONNECTED', error: lost('m1 closed'), retryInMs: 5 }],
      [event('SUBSCRIBED')],
    ]);
    await session.logged(4);
    expect(session.log).toEqual(['subscribe', 'SUBSCRIBED', 'SNAPSHOT_END', 'lost: m1 closed']);
    expect(session.changes()).toBe(3);
    session.feed.retryNow();
    await session.logged(6);
    expect(session.log.slice(4)).toEqual(['subscribe', 'SUBSCRIBED']);
    await session.stop();
  });

  it('applies a batch in its order and says once that the model changed', async () => {
    const session = open([[[event('SUBSCRIBED'), event('SNAPSHOT'), event('SNAPSHOT_END')], lost('m1 closed')]]);
    await session.logged(5);
    expect(session.log).toEqual(['subscribe', 'SUBSCRIBED', 'SNAPSHOT', 'SNAPSHOT_END', 'lost: m1 closed']);
    expect(session.changes()).toBe(4);
    await session.stop();
  });

  it('goes on for ever without a master, waiting longer each time, 30 s at most', async () => {
    const session = open([...Array.from({ length: 12 }, () => [lost('refused')]), [event('SUBSCRIBED')]]);
    for (let i = 1; i <= 12; i++) {
      await session.logged(2 * i);
      session.feed.retryNow();
    }
    await session.logged(26);
    await session.stop();
    expect(session.waits[0]).toBeGreaterThanOrEqual(1000);
    expect(session.waits[0]).toBeLessThanOrEqual(2000);
    for (const wait of session.waits) expect(wait).toBeLessThanOrEqual(30_000);
    expect(session.waits.at(-1)).toBeGreaterThanOrEqual(15_000);
  });

  it('takes an end of the stream for a loss', async () => {
    const session = open([[event('SUBSCRIBED')], []]);
    await session.logged(3);
    expect(session.log[2]).toBe('lost: the event stream ended');
    await session.stop();
  });

  it('passes on what is a fault of the program', async () => {
    const feed = new ClusterFeed({
      watch: () => {
        throw new TypeError('a fault');
      },
      model: {} as ClusterModel,
      unixMs: () => 0,
      random: seededRandom(1),
      onChange: () => undefined,
    });
    await expect(feed.run(new AbortController().signal)).rejects.toThrow('a fault');
  });

  it('says in few words who does not answer', () => {
    const tried = [
      { address: 'm1:5050', reason: 'refused' },
      { address: 'm2:5050', reason: 'timeout' },
    ];
    expect(reasonOf(new MesoError('NO_MASTER', 'long', { details: { tried } }))).toBe(
      'm1:5050 refused, m2:5050 timeout',
    );
    expect(reasonOf(new MesoError('NO_LEADER', 'long', { details: { tried } }))).toBe('no leader');
    expect(reasonOf(lost('m1:5050 closed the connection'))).toBe('m1:5050 closed the connection');
  });
});
