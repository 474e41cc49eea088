/** The tour of `mesoctl top` as a person takes it: in tmux, on a real cluster, from open to quit, with everything that goes wrong. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestScheduler } from '../harness/api.mjs';
import { type Cluster, startCluster } from '../harness/cluster.mjs';
import { mesoctlPath, until } from '../harness/process.mjs';

const run = promisify(execFile);
const hasTmux = isInstalled();
if (!hasTmux) console.log('skipped: the tour of mesoctl top needs tmux (apt-get install tmux)');

function isInstalled(): boolean {
  try {
    execFileSync('tmux', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** One tmux server of our own with one window. */
class Tmux {
  readonly #socket: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.#socket = join(directory, 'tmux.socket');
  }

  async start(): Promise<void> {
    const size = ['-x', '80', '-y', '24'];
    await this.#tmux('-f', '/dev/null', 'new-session', '-d', ...size, "env 'PS1=prompt> ' bash --norc --noprofile -i");
    await this.#tmux('set-option', '-g', 'window-size', 'manual');
    await this.#tmux('resize-window', '-x', '80', '-y', '24');
  }

  keys(...keys: readonly string[]): Promise<unknown> {
    return this.#tmux('send-keys', ...keys);
  }

  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', text);
  }

  resize(columns: number, rows: number): Promise<unknown> {
    return this.#tmux('resize-window', '-x', String(columns), '-y', String(rows));
  }

  async screen(): Promise<string> {
    return (await this.#tmux('capture-pane', '-p')).stdout;
  }

  sees(what: string, fits: (screen: string) => boolean, deadlineMs = 60_000): Promise<string> {
    return until(
      what,
      async () => {
        const screen = await this.screen();
        return fits(screen) ? screen : undefined;
      },
      { deadlineMs, pollMs: 100, explain: () => this.screen() },
    );
  }

  seesText(text: string): Promise<string> {
    return this.sees(`"${text}"`, (screen) => screen.includes(text));
  }

  async stop(): Promise<void> {
    await this.#tmux('kill-server').catch(() => undefined);
  }

  #tmux(...args: readonly string[]): Promise<{ readonly stdout: string }> {
    const env = { ...cleanEnvironment(), TERM: 'xterm-256color', LANG: 'C.UTF-8' };
    return run('tmux', ['-u', '-S', this.#socket, ...args], { env, cwd: this.#directory });
  }
}

function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(MESOS_|MESOCTL_|INK_|NODE_ENV$|NODE_OPTIONS$|CI$|NO_COLOR$|FORCE_COLOR$|DEV$|VITEST|TMUX)/.test(name),
  );
  return Object.fromEntries(kept);
}

function task(name: string, command: string): unknown {
  const scalar = (resource: string, value: number) => ({ name: resource, type: 'SCALAR', scalar: { value } });
  return {
    name,
    task_id: { value: name },
    resources: [scalar('cpus', 0.1), scalar('mem', 32)],
    command: { value: command },
  };
}

describe.skipIf(!hasTmux)('the tour of mesoctl top', () => {
  let cluster: Cluster;
  let scheduler: TestScheduler;
  let tmux: Tmux;

  beforeAll(async () => {
    cluster = await startCluster({ agents: 1 });
    scheduler = await TestScheduler.subscribe(cluster.master.url, {
      user: 'root',
      name: 'shop',
      roles: ['web'],
      failover_timeout: 600,
      capabilities: [{ type: 'MULTI_ROLE' }],
    });
    const offer = await scheduler.waitFor('OFFERS');
    await scheduler.launch(offer.offers.offers[0], [
      task('web.1', 'i=0; while :; do i=$((i+1)); echo "cart $i priced"; sleep 0.2; done'),
      task('web.2', 'sleep 1000'),
      task('etl.1', 'echo out of luck >&2; exit 3'),
    ]);
    tmux = new Tmux(cluster.scratchDir);
    await tmux.start();
  });

  afterAll(async () => {
    await tmux?.stop();
    scheduler?.close();
    await cluster?.stop();
  });

  it('opens, filters, drills down, reads a log, kills, resizes, outlives the master, quits', async () => {
    const dir = cluster.scratchDir;
    await tmux.seesText('prompt>');
    const command = `${process.execPath} ${mesoctlPath} top --master ${cluster.master.address}`;
    await tmux.type(
      `seq 50; stty -g > ${dir}/before; ${command}; echo "status $?"; stty -g > ${dir}/after; echo all done`,
    );
    await tmux.keys('Enter');

    // Open: the overview, and what failed.
    await tmux.sees('the overview', (screen) => screen.includes('[1]Overview') && screen.includes('* live'));
    await tmux.sees('its tasks', (screen) => /TASKS .*running 2/.test(screen));
    await tmux.seesText('etl.1');

    // Filter.
    await tmux.keys('5');
    await tmux.seesText('[5]Tasks');
    await tmux.type('/web.2');
    await tmux.sees('one task', (screen) => screen.includes('web.2') && !screen.includes('web.1 '));
    await tmux.keys('Enter');
    await tmux.keys('Escape');
    await tmux.sees('all tasks', (screen) => screen.includes('web.1 ') && screen.includes('etl.1'));

    // Drill down: why did it fail, what did it say.
    await tmux.keys('g');
    await tmux.sees('the failed task first', (screen) => /^!>etl\.1/m.test(screen));
    await tmux.keys('Enter');
    await tmux.sees('its facts', (screen) => screen.includes('> etl.1') && /FAILED/.test(screen));
    await tmux.seesText('out of luck');
    await tmux.keys('Escape');
    await tmux.seesText('[5]Tasks');

    // A log that grows.
    await tmux.type('/web.1');
    await tmux.keys('Enter');
    await tmux.sees('the task', (screen) => /^.>web\.1/m.test(screen));
    await tmux.keys('l');
    const shown = await tmux.sees('its log', (screen) => /cart \d+ priced/.test(screen));
    const last = Number([...shown.matchAll(/cart (\d+) priced/g)].at(-1)?.[1]);
    await tmux.seesText(`cart ${last + 5} priced`);
    await tmux.keys('Escape');
    await tmux.seesText('[5]Tasks');

    // Resize, small, large and back.
    for (const [columns, rows] of [
      [120, 40],
      [40, 10],
      [200, 60],
      [80, 24],
    ] as const) {
      await tmux.resize(columns, rows);
      await tmux.sees(`a frame at ${columns}x${rows}`, (screen) => {
        const lines = screen.split('\n');
        return lines.length >= rows && lines[0]?.trimEnd().length === columns && lines[rows - 1]?.trim() !== '';
      });
    }

    // The master dies and comes back: no key, same row.
    await cluster.master.kill();
    await tmux.seesText('? stale');
    await cluster.master.restart();
    await tmux.seesText('* live');
    await tmux.sees('the same row', (screen) => /^.>web\.1 .*RUNNING/m.test(screen));

    // Kill, with a question.
    await tmux.keys('x');
    await tmux.sees('a question', (screen) => /\[y\/N\]/i.test(screen));
    await tmux.keys('y');
    await tmux.sees('the end of the task', (screen) => /web\.1 .*KILLED/.test(screen));

    // Quit: the shell's screen is back, history included, the settings are as before.
    await tmux.keys('q');
    const after = await tmux.seesText('all done');
    expect(after).toContain('status 0');
    expect(after).toMatch(/^50$/m);
    expect(readFileSync(join(dir, 'after'), 'utf8')).toBe(readFileSync(join(dir, 'before'), 'utf8'));
  }, 300_000);
});
