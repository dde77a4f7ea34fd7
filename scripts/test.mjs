// `npm test`: gets ready, then every gate in turn; the first that fails ends it.
// Arguments go to vitest: `npm test -- packages/switchgear/test/laws` runs the tests of that folder alone.

import { build, install, runTool } from './install.mjs';

const chosen = process.argv.slice(2);

await install();
await build();
if (chosen.length === 0) {
  const cruise = ['--config', '.dependency-cruiser.mjs', 'packages', 'examples', 'bench'];
  // At the same time: the first takes as long on one core as the others together.
  await Promise.all([
    runTool('typescript/bin/tsc', ['-p', 'tsconfig.test.json']),
    // The console's apart: the browser's types are not Node's.
    runTool('typescript/bin/tsc', ['--noEmit', '-p', 'packages/console/test']),
    runTool('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']),
    runTool('dependency-cruiser/bin/dependency-cruise.mjs', cruise),
  ]);
}
await runTool('vitest/vitest.mjs', ['run', ...chosen]);
