/** What its visitors see, and how often the service is asked, by the program as a user starts it. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

test('the program does as its README says', { timeout: 30_000 }, async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN]);
  expect(stderr).toBe('');
  expect(stdout).toBe(`\
The service is well:
  193.136.1.1 is in Portugal
  200.144.1.1 is in Brazil
  (the service was asked 2 times; the circuit is closed)
It hangs. Three visitors wait 300 ms each, then nobody waits:
  193.136.1.1 is in Portugal
  200.144.1.1 is in Brazil
  196.3.1.1 is in somewhere
  193.136.1.1 is in Portugal
  200.144.1.1 is in Brazil
  196.3.1.1 is in somewhere
  (the service was asked 3 times; the circuit is open)
It is back. The next visitor after the open time is the probe:
  196.3.1.1 is in Mozambique
  196.3.1.1 is in Mozambique
  (the service was asked 2 times; the circuit is closed)
`);
});
