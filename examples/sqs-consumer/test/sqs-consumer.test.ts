/** While the carrier is down nothing is lost, nothing is shipped twice, and hardly anybody asks it. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

test('the program does as its README says', { timeout: 30_000 }, async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN]);
  expect(stderr).toBe('');
  expect(stdout).toBe(`\
All is well:
  order-1: shipped
  order-2: shipped
  to-the-moon: the carrier answers 422
The carrier is down. After three failures nothing is tried any more, and everything stays in the queue:
  order-3: the carrier answers 503
  order-4: the carrier answers 503
  circuit: closed to open (failures)
  order-5: the carrier answers 503
  order-6: not tried, the circuit is open
  order-7: not tried, the circuit is open
  order-8: not tried, the circuit is open
A minute later all come again; one of them probes:
  circuit: open to half-open (probe-started)
  circuit: half-open to open (probe-failed)
  to-the-moon: the carrier answers 503
  order-3: not tried, the circuit is open
  order-4: not tried, the circuit is open
  order-5: not tried, the circuit is open
  order-6: not tried, the circuit is open
  order-7: not tried, the circuit is open
  order-8: not tried, the circuit is open
Another minute later the carrier is back:
  circuit: open to half-open (probe-started)
  to-the-moon: the carrier answers 422
  order-3: shipped
  circuit: half-open to closed (recovered)
  order-4: shipped
  order-5: shipped
  order-6: shipped
  order-7: shipped
  order-8: shipped
What the carrier refuses is no outage, and ends among the dead letters:
  to-the-moon: the carrier answers 422
  to-the-moon: the carrier answers 422
shipped 8 orders with 16 calls; dead letters: to-the-moon
`);
});
