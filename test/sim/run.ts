/** `npm run test:sim -- --seed N [--seeds COUNT] [--steps STEPS]`. */
import { parseArgs } from 'node:util';
import { Cluster } from './cluster.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    steps: { type: 'string', default: '20000' },
  },
});
const first = Number(values.seed);
const startedMs = performance.now();
let failures = 0;
for (let seed = first; seed < first + Number(values.seeds); seed++) {
  try {
    const report = new Cluster({ seed, steps: Number(values.steps) }).run();
    if (Number(values.seeds) <= 20) console.log(JSON.stringify(report));
  } catch (error) {
    failures++;
    console.log(
      `seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message).slice(0, 1500) : String(error)}`,
    );
    if (failures > 5) break;
  }
}
console.log(`${failures} failures, ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
