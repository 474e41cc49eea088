/**
 * `mesoctl top --plain`: for people who listen to their terminal, or whose terminal knows no cursor. Prints the totals, then
 * a sentence for each change worth knowing, for ever; nothing is ever repainted. Ends on Ctrl-C.
 */
import { systemClock } from '../../base/system/clock.js';
import { systemRandom } from '../../base/system/random.js';
import { formatAddress } from '../../client/address.js';
import { pause } from '../../client/back-off.js';
import { OperatorClient } from '../../client/operator-client.js';
import { createClusterModel } from '../../views/model/cluster-model.js';
import { changeSentences, heardAll, NOTHING_HEARD } from '../../views/plain/change-sentences.js';
import { totalsSentences } from '../../views/plain/totals-sentences.js';
import { Interrupts, SIGPIPE_NUMBER } from '../interrupts.js';
import { ClusterFeed } from './cluster-feed.js';
import type { TopSettings } from './settings.js';

/** Nobody hears faster. */
const SAY_EVERY_MS = 2_000;

/** Resolves with the exit status. */
export async function runPlain(settings: TopSettings): Promise<number> {
  const interrupts = new Interrupts(1);
  const over = interrupts.stage(0);
  process.stdout.on('error', () => interrupts.raise(SIGPIPE_NUMBER));
  const client = new OperatorClient({ masters: settings.masters });
  const model = createClusterModel();
  const feed = new ClusterFeed({
    watch: (watching) => client.watchInBatches({}, watching),
    model,
    unixMs,
    random: systemRandom,
    onChange: () => undefined,
  });
  try {
    say([`connecting to ${settings.masters.map(formatAddress).join(',')}`]);
    // Both end when they are told to; the first only fails if there is a fault.
    await Promise.race([feed.run(over), narrate()]);
  } finally {
    interrupts.close();
    client.close();
  }
  return 128 + (interrupts.first?.signal ?? 0);

  async function narrate(): Promise<void> {
    let heard = NOTHING_HEARD;
    let hasTotals = false;
    while (!over.aborted) {
      model.tick(unixMs());
      if (!hasTotals && model.connection.kind === 'live') {
        say(totalsSentences(model, unixMs()));
        hasTotals = true;
        heard = heardAll(model);
      } else {
        const sentences = changeSentences(model, heard, unixMs());
        say(sentences.lines);
        heard = sentences.heard;
      }
      await pause(hasTotals ? SAY_EVERY_MS : SAY_EVERY_MS / 10, over);
    }
  }
}

function say(lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
}

function unixMs(): number {
  return systemClock.now().unixMs;
}
