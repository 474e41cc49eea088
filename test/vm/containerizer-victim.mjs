// Launches a lasting and a brief container, prints their checkpoints, and waits to be killed. Argument: a directory.
import { openContainerizer, specOf } from './containerizer-cases.mjs';

const [dir] = process.argv.slice(2);
const { containerizer } = await openContainerizer(dir);
await containerizer.recover([]);
const processes = [];
for (const command of ['exec sleep 10000', 'sleep 4; exit 7'])
  processes.push(await containerizer.launch(specOf(dir, command), () => Promise.resolve()));
console.log(JSON.stringify(processes.map((one) => one.checkpoint)));
setInterval(() => undefined, 1000);
