/** Two failures, 30 seconds, one probe, and no card charged twice. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

test('the program does as its README says', { timeout: 30_000 }, async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN]);
  expect(stderr).toBe('');
  expect(stdout).toBe(`\
A declined card is an answer, not a failure:
  card-1: HTTP 201
  expired-card: HTTP 402
  expired-card: HTTP 402
  expired-card: HTTP 402
Two failures are enough; who comes later is not kept waiting:
  card-2: HTTP 503
  circuit: closed to open (failures)
  card-3: HTTP 503
  card-4: not charged, ask again in 30 s
  card-5: not charged, ask again in 30 s
30 s later one charge probes; the provider is still down, the next wait is twice as long:
  circuit: open to half-open (probe-started)
  circuit: half-open to open (probe-failed)
  card-6: HTTP 503
  card-7: not charged, ask again in 60 s
Another 60 s later it is back:
  circuit: open to half-open (probe-started)
  circuit: half-open to closed (recovered)
  card-8: HTTP 201
  card-9: HTTP 201
the provider was asked 9 times and charged 3 cards
`);
});
