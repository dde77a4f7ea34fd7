/** Every comment is judged, and by whom. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

test('the program does as its README says', { timeout: 30_000 }, async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN]);
  expect(stderr).toBe('');
  expect(stdout).toBe(`\
The model is well:
  shown  by model: Lovely pictures!
  shown  by model: What did it cost in money?
  hidden by model: Free money, click here
  (the model was asked 3 time(s); the circuit is closed)
It is slow: each comment waits 300 ms:
  shown  by words: Lovely pictures!
  hidden by words: What did it cost in money?
  hidden by words: Free money, click here
  (the model was asked 3 time(s); the circuit is open)
The circuit is open, nobody waits:
  shown  by words: Lovely pictures!
  hidden by words: What did it cost in money?
  hidden by words: Free money, click here
  (the model was asked 0 time(s); the circuit is open)
It answers 500: one comment probes, the others do not wait:
  shown  by words: Lovely pictures!
  hidden by words: What did it cost in money?
  hidden by words: Free money, click here
  (the model was asked 1 time(s); the circuit is open)
It is well again:
  shown  by model: Lovely pictures!
  shown  by model: What did it cost in money?
  hidden by model: Free money, click here
  (the model was asked 3 time(s); the circuit is closed)
`);
});
