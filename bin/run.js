#!/usr/bin/env node
if (process.argv[2] === '__complete') {
  // Between two keystrokes there is no time to load the command framework.
  const { completeMain } = await import('../dist/cli/completion/main.js');
  await completeMain(process.argv.slice(3));
}
const { main } = await import('../dist/cli/main.js');
await main(import.meta.url);
