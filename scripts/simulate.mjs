// `npm run simulate -- …` and `npm run soak -- …`: the fleet in virtual time.

import { build, install } from './install.mjs';

const [command, ...args] = process.argv.slice(2);

await install();
await build();
const { simulate, soak, UsageError } = await import('../packages/simulator/dist/cli/index.js');
try {
  if (command === 'soak') process.exitCode = await soak(args);
  else await simulate(args);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
