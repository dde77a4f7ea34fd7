// `npm run simulate -- …` and `npm run soak -- …`: the fleet in virtual time.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, install } from './install.mjs';

const [command, ...args] = process.argv.slice(2);
/** What long runs have found so far: `npm run simulate -- --acceptance hours` adds to it. */
const HOURS = fileURLToPath(new URL('../docs/simulator-hours.json', import.meta.url));
const tell = (line) => console.error(line);

await install();
await build();
const { acceptance, runHours, runSimulate, runSoak, speed, talliesIn } = await import(
  '@switchgear/simulator/cli'
);
if (command === 'soak') process.exitCode = await runSoak(args);
else if (args[0] === '--speed') await speed((line) => console.log(line));
else if (args[0] !== '--acceptance') process.exitCode = await runSimulate(args);
else if (args[1] === 'hours') await runHours(HOURS, tell);
else {
  const page = await acceptance(tell, () => talliesIn(HOURS));
  writeFileSync(new URL('../docs/simulator-results.md', import.meta.url), page);
}
