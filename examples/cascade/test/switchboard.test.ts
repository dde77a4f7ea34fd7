/** The last act: when a browser opens, and what the command line refuses. The page and its lever: packages/console/test/browser. */

import { expect, it } from 'vitest';
import { parseOptions } from '../src/options.ts';
import { openerAt } from '../src/switchboard/open-browser.ts';

it.each([
  ['linux', true, { DISPLAY: ':0' }, 'xdg-open'],
  ['linux', true, { WAYLAND_DISPLAY: 'wayland-0' }, 'xdg-open'],
  ['darwin', true, {}, 'open'],
  ['linux', true, {}, undefined],
  ['linux', false, { DISPLAY: ':0' }, undefined],
  ['darwin', true, { CI: 'true' }, undefined],
  ['darwin', true, { SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' }, undefined],
])('%s, terminal: %s, %o: %s', (platform, isTTY, env, opener) => {
  expect(openerAt({ platform, isTTY, env })).toBe(opener);
});

it('--switchboard is for somebody who watches', () => {
  expect(parseOptions(['--switchboard'])).toMatchObject({ switchboard: true });
  expect(() => parseOptions(['--switchboard', '--once'])).toThrow(/--once and --json show none/);
  expect(() => parseOptions(['--switchboard', '--json'])).toThrow(/--once and --json show none/);
});
