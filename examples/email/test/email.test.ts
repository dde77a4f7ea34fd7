/** Every mail arrives, and no provider is asked more than it can bear. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

test('the program does as its README says', { timeout: 30_000 }, async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN]);
  expect(stderr).toBe('');
  expect(stdout).toBe(`\
All are well:
  mail 1 by ses
  mail 2 by ses
  (ses: closed, sendgrid: closed, mailgun: closed)
ses answers 503, sendgrid breaks connections:
  mail 3 by mailgun
  mail 4 by mailgun
  mail 5 by mailgun
  mail 6 by mailgun
  (ses: open, sendgrid: open, mailgun: closed)
ses is back; its circuit finds out with one mail:
  mail 7 by ses
  mail 8 by ses
  (ses: closed, sendgrid: open, mailgun: closed)
ses was asked 6 times and delivered 4
sendgrid was asked 2 times and delivered 0
mailgun was asked 4 times and delivered 4
8 mails sent, 8 delivered
`);
});
