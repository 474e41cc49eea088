/** Everything of the full screen that is not needed for its first frame, put together. */
import { systemRandom } from '../../base/system/random.js';
import { OperatorClient } from '../../client/operator-client.js';
import type { ClusterModel } from '../../views/model/cluster-model.js';
import { createClusterModel } from '../../views/model/cluster-model.js';
import { createUi } from '../../views/tui/screens/create-ui.js';
import type { Ui } from '../../views/tui/ui.js';
import { ClusterFeed } from './cluster-feed.js';
import type { TopSettings } from './settings.js';
import { Wishes } from './wishes.js';

export interface PartsOptions {
  readonly settings: TopSettings;
  readonly masters: string;
  readonly columns: number;
  readonly rows: number;
  readonly unixMs: () => number;
  /** The model changed, by so many events. */
  readonly onChange: (changes: number) => void;
  /** The screens heard an answer. */
  readonly onAnswer: () => void;
  readonly signal: AbortSignal;
}

export interface Parts {
  readonly model: ClusterModel;
  readonly ui: Ui;
  readonly feed: ClusterFeed;
  readonly wishes: Wishes;
}

/** A cluster without a leader is told from one that is away within this time. */
const LEADER_TIMEOUT_MS = 3_000;

export function createParts(options: PartsOptions): Parts {
  const { settings, masters, columns, rows, unixMs, onChange, onAnswer, signal } = options;
  const client = new OperatorClient({ masters: settings.masters, leaderTimeoutMs: LEADER_TIMEOUT_MS });
  signal.addEventListener('abort', () => client.close(), { once: true });
  const model = createClusterModel();
  const ui = createUi({ model, columns, rows, theme: settings.theme, masters, masterFlag: settings.masterFlag });
  const feed = new ClusterFeed({
    watch: (watching) => client.watchInBatches({}, watching),
    model,
    unixMs,
    random: systemRandom,
    onChange,
  });
  const wishes = new Wishes({
    client,
    model,
    ui,
    unixMs,
    onAnswer,
    reconnect: () => feed.retryNow(),
    directory: process.cwd(),
    signal,
  });
  return { model, ui, feed, wishes };
}
