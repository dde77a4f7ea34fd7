// `npm test`: gets ready, then every gate in turn; the first that fails ends it.
// Arguments go to vitest: `npm test -- packages/switchgear/test/laws` runs the tests of that folder alone.

import { build, install, runTool } from './install.mjs';

const chosen = process.argv.slice(2);

await install();
await build();
if (chosen.length === 0) {
  // The console's apart: the browser's types are not Node's.
  for (const project of ['tsconfig.test.json', 'packages/console/test'])
    await runTool('typescript/bin/tsc', ['--noEmit', '-p', project]);
  await runTool('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']);
  await runTool('dependency-cruiser/bin/dependency-cruise.mjs', [
    '--config',
    '.dependency-cruiser.mjs',
    'packages',
    'examples',
    'bench',
  ]);
}
await runTool('vitest/vitest.mjs', ['run', ...chosen]);
