/** Processes tell the server of their calls: the page shows what was admitted and rejected, and by whom that is known. */

import { expect, it } from 'vitest';
import { useRig } from './rig.ts';

const fleet = useRig();

it('failure rate, admitted and rejected calls as a real process tells them, and that nobody tells of others', async () => {
  const { rig } = fleet;
  const name = '<img src=x onerror="window.hacked=1">';
  for (const each of [name, 'silent'])
    await rig.store.clear([each], { by: 'test', reason: 'so that it is there' });
  const seen = await rig.caller(name, { tells: true });
  await rig.caller('silent');
  const page = await rig.page();
  await page.getByRole('link', { name }).click();
  const detail = page.getByRole('region', { name });
  await detail
    .getByText(/As told by 1 process\. Calls of processes that do not tell are not in it/)
    .waitFor();
  await detail.getByText(/[1-9][\d,]* admitted, [\d,]+ rejected/).waitFor();
  rig.broken = true;
  await detail.getByText(/ admitted, [1-9][\d,]* rejected; [1-9][\d,]* of those admitted failed/).waitFor();
  const label = await detail.getByRole('img', { name: /^Failure rate/ }).getAttribute('aria-label');
  const { admitted, rejected } = await seen();
  const digits = (label ?? '').replace(/(\d),(\d)/g, '$1$2');
  const [, told, turnedAway] = /(\d+) admitted, (\d+) rejected/.exec(digits) ?? [];
  // What the page knows runs some seconds late: never more than there were.
  expect(Number(told)).toBeLessThanOrEqual(admitted);
  expect(Number(turnedAway)).toBeLessThanOrEqual(rejected);
  expect(await page.evaluate('window.hacked')).toBeUndefined();

  await page.getByRole('link', { name: 'silent' }).click();
  await page.getByText('How many calls were admitted or rejected is not known here').waitFor();
});
