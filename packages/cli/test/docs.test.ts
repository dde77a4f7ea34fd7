import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the generated parts of docs/cli.md and docs/control-api.md are fresh', async () => {
  const script = fileURLToPath(new URL('../../../scripts/cli-docs.mjs', import.meta.url));
  const { stderr } = await promisify(execFile)(process.execPath, [script, '--check']);
  expect(stderr).toBe('');
});
