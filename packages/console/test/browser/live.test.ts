/** What an on-call engineer sees of an outage, on a real store with a real process, as it happens. */

import type { CircuitRecord } from 'switchgear';
import { expect, it } from 'vitest';
import { eventually, useRig } from './rig.ts';

const fleet = useRig();

it.concurrent('a trip and the recovery, live, with the reason and who saw it', async () => {
  const { rig } = fleet;
  // Without a failure nothing is ever written; somebody's reset is.
  await rig.store.clear(['payments'], { by: 'test', reason: 'so that it is there' });
  await rig.caller('payments');
  const page = await rig.page();
  const tile = page.locator('.tile', { hasText: 'payments' });
  await tile.getByText('Closed', { exact: true }).waitFor();
  rig.broken = true;
  await tile.getByText('Open', { exact: true }).waitFor();
  await tile.getByText('HTTP 503').waitFor();
  expect(await page.title()).toBe('(1 open) Switchboard');

  await tile.getByRole('link').click();
  const detail = page.getByRole('region', { name: 'payments' });
  // By now a probe may have failed: how it began stands in the timeline.
  await detail.getByText(/with HTTP 503\. Seen by caller-\d+\./).waitFor();
  const timeline = detail.getByRole('region', { name: 'Timeline' }).getByRole('listitem');
  await timeline
    .getByText(/^Too many calls failed: \d+ of \d+ calls, the last with HTTP 503\.$/)
    .first()
    .waitFor();
  await detail.getByText(/Probes in \d s|Due to probe|is probing/).waitFor();
  expect(page.url()).toMatch(/#\/circuit\/payments$/);

  rig.broken = false;
  await tile.getByText('Closed', { exact: true }).waitFor();
  await timeline.first().getByText('Half-open → Closed').waitFor();
  expect(await timeline.first().textContent()).toMatch(/Enough probes succeeded\..*by caller-/);
  expect(await detail.getByRole('img', { name: /^Failure rate/ }).getAttribute('aria-label')).toMatch(
    /\d+ of \d+ reported calls failed/,
  );
  await eventually(
    () => page.title(),
    (title) => title === 'Switchboard',
  );
});

it.concurrent('stray errors of several processes: counted, and said why they open nothing', async () => {
  const { rig } = fleet;
  const [base] = await rig.store.load(['ledger'], () => ({ bucketMs: 6_000, buckets: 10 }));
  const slot = Math.floor((rig.store.now() ?? Number.NaN) / 6_000);
  await rig.store.report(base as CircuitRecord, {
    [slot]: { calls: 40, failures: 12, slow: 0, isolated: 11, isolatedSlow: 0, votes: 0 },
  });
  const page = await rig.page();
  const tile = page.locator('.tile', { hasText: 'ledger' });
  const gist = tile.getByText('12 of 40 failed (30 %), 11 isolated');
  expect(await gist.getAttribute('title')).toContain('Isolated is a process’s first');
  await tile.getByRole('link').click();
  await page
    .getByRole('region', { name: 'ledger' })
    .getByText(
      /Isolated is a process’s first .* the fleet’s ratio is judged without it: 1 of 29 failed \(3 %\)\.$/,
    )
    .waitFor();
});

it.concurrent('a name that would be markup is text, on the board, in its details, in the dialog, in its address', async () => {
  const { rig } = fleet;
  const name = '<img src=x onerror="window.hacked=1">/../%41?#';
  await rig.store.override(name, {
    mode: 'forced-open',
    by: '<b>eve</b>',
    reason: '<script>window.hacked=1</script>',
  });
  const page = await rig.page();
  await page.getByRole('link', { name }).click();
  const detail = page.getByRole('region', { name });
  await detail.getByText('“<script>window.hacked=1</script>”').first().waitFor();
  await detail.getByRole('button', { name: 'Release …' }).click();
  await page.getByRole('dialog').getByText('Ends what <b>eve</b> did').waitFor();
  await page.reload();
  await page.getByRole('heading', { name, level: 2 }).waitFor();
  expect(await page.locator('#app img, #app script, #app b:has-text("eve") b').count()).toBe(0);
  expect(await page.evaluate('window.hacked')).toBeUndefined();
});
