// `npm run simulate -- …` and `npm run soak -- …`: the fleet in virtual time.

import { writeFileSync } from 'node:fs';
import { build, install } from './install.mjs';

const [command, ...args] = process.argv.slice(2);

await install();
await build();
const { acceptance, runSimulate, runSoak } = await import('@switchgear/simulator/cli');
if (command === 'soak') process.exitCode = await runSoak(args);
else if (args[0] === '--acceptance') {
  const page = await acceptance((line) => console.error(line));
  writeFileSync(new URL('../docs/simulator-results.md', import.meta.url), page);
} else process.exitCode = await runSimulate(args);
