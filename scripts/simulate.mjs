// `npm run simulate -- …` and `npm run soak -- …`: the fleet in virtual time.

import { writeFileSync } from 'node:fs';
import { build, install } from './install.mjs';

const [command, ...args] = process.argv.slice(2);

await install();
await build();
const { acceptance, simulate, soak, UsageError } = await import('../packages/simulator/dist/cli/index.js');
try {
  if (command === 'soak') process.exitCode = await soak(args);
  else if (args[0] === '--acceptance') {
    const page = await acceptance((line) => console.error(line));
    writeFileSync(new URL('../docs/simulator-results.md', import.meta.url), page);
  } else await simulate(args);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
