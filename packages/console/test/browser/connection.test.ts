/** The page says when it is not live, comes back by itself, and asks for a token where the server wants one. */

import { bearerTokens } from '@switchgear/cli/control-api';
import { expect, it } from 'vitest';
import { useRig } from './rig.ts';

const fleet = useRig();

it('a lost connection is said with its time, and its return brings what was missed', async () => {
  const { rig } = fleet;
  await rig.store.clear(['payments'], { by: 'test', reason: 'so that it is there' });
  const page = await rig.page();
  const tile = page.locator('.tile', { hasText: 'payments' });
  await tile.waitFor();
  await rig.stopServing();
  await page
    .getByRole('alert')
    .getByText(/^Not live: /)
    .waitFor();
  await page.getByText(/What you see is from \d\d:\d\d:\d\d, \d+ s ago\. Trying again/).waitFor();
  expect(await page.locator('.live-badge').textContent()).toBe('not live');

  await rig.store.override('payments', {
    mode: 'forced-open',
    by: 'ana',
    reason: 'done elsewhere meanwhile',
  });
  await rig.serve();
  await page.getByRole('button', { name: 'Try now' }).click();
  await tile.getByText('ana: done elsewhere meanwhile').waitFor();
  expect(await page.locator('.live-badge').textContent()).toBe('live');
  expect(await page.getByText(/^Not live/).count()).toBe(0);
});

it('without a token it shows nothing but the question for one; the token is in no address and not kept on disk', async () => {
  const { rig } = fleet;
  await rig.store.clear(['payments'], { by: 'test', reason: 'so that it is there' });
  await rig.stopServing();
  const viewer = 'a-viewer-of-this-test';
  await rig.serve({ auth: bearerTokens({ viewer }) });
  const page = await rig.page();
  const token = page.getByLabel('Token');
  await token.fill('not-the-right-one-at-all');
  await page.getByRole('button', { name: 'Unlock' }).click();
  await page.getByRole('heading', { name: 'This switchboard is locked' }).waitFor();
  expect(await page.locator('.tile').count()).toBe(0);

  await token.fill(viewer);
  await page.getByRole('button', { name: 'Unlock' }).click();
  await page.getByRole('link', { name: 'payments' }).click();
  expect(page.url()).not.toContain(viewer);
  expect(await page.evaluate('JSON.stringify({ ...localStorage })')).not.toContain(viewer);

  await page.getByRole('button', { name: 'Reset …' }).click();
  await page.getByLabel('Who are you?').fill('eve');
  await page.getByLabel(/^Why\?/).fill('to see whether I may');
  await page.getByRole('button', { name: 'Reset it' }).click();
  await page.getByText(/^Not done: .*viewer/).waitFor();
});

it('a server that cannot read its store is no live page either', async () => {
  const { rig } = fleet;
  await rig.stopServing();
  await rig.serve();
  const page = await rig.page();
  await page.clock.install();
  // The page's clocks are the test's from its beginning: one that is exchanged under way is one that was set.
  await page.reload();
  await page.locator('.tile').first().waitFor();
  expect(await page.locator('.live-badge').textContent()).toBe('live');
  await rig.stopStore();
  // No reading for ten seconds, of which nobody has to wait for one.
  await page.clock.fastForward(12_000);
  await page.getByRole('alert').getByText('Not live: the server cannot read the store.').waitFor();
  await page.getByText(/What you see is from \d\d:\d\d:\d\d, 1\d s ago/).waitFor();
  // Silent for longer still: it tries a new connection, and hears why it cannot be.
  await page.clock.fastForward(45_000);
  await page
    .getByRole('alert')
    // Which of the store's errors it is depends on what the client was doing.
    .getByText(/^Not live: .*(store|not connected)/)
    .waitFor();
  await page.getByRole('button', { name: 'Try now' }).waitFor();
});
