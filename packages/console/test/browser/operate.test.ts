/** Operators at work: what they do on the page reaches a real process, and they do not step on each other's feet. */

import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { eventually, useRig } from './rig.ts';

const fleet = useRig();

async function openDialog(page: Page, circuit: string, act: string) {
  await page.getByRole('link', { name: circuit }).click();
  await page
    .getByRole('region', { name: circuit })
    .getByRole('button', { name: `${act} …` })
    .click();
  return page.getByRole('dialog', { name: `${act}: ${circuit}` });
}

it.concurrent('forces open and releases by hand: a process stops calling, and calls again after a probe', async () => {
  const { rig } = fleet;
  await rig.store.clear(['ledger'], { by: 'test', reason: 'so that it is there' });
  const seen = await rig.caller('ledger');
  const page = await rig.page('#/circuit/ledger');
  // News that come while a dialog is open hold it back, as they must: those of the reset have come.
  await page
    .getByRole('region', { name: 'ledger' })
    .getByText(/^It was reset\. Seen by test/)
    .first()
    .waitFor();

  const force = await openDialog(page, 'ledger', 'Force open');
  await force.getByText('Every call to ledger is rejected at once, in the whole fleet').waitFor();
  await force.getByText(/^It ends at .*Then one probe call decides/).waitFor();
  const confirm = force.getByRole('button', { name: 'Force it open' });
  expect(await confirm.isDisabled()).toBe(true);
  await force.getByLabel('Who are you?').fill('Zoë');
  await force.getByLabel(/^Why\?/).fill('provider maintenance');
  await force.getByLabel('1 hour').check();
  await confirm.click();
  await page.getByText(/^Done: ledger is forced open until/).waitFor();
  // The button that opened the dialog is gone; who works by keyboard or ear is at the circuit's heading.
  expect(await page.evaluate('document.activeElement.textContent')).toBe('ledger');
  await eventually(seen, ({ admitted, rejected }) => admitted === 0 && rejected > 0);
  const [record] = await rig.store.load(['ledger'], () => ({ bucketMs: 6_000, buckets: 10 }));
  expect(record?.override).toMatchObject({ mode: 'forced-open', by: 'Zoë', reason: 'provider maintenance' });
  expect(Number(record?.override?.untilMs) - Number(record?.override?.atMs)).toBe(3_600_000);

  await page.getByText('Zoë: provider maintenance').waitFor();
  const release = await openDialog(page, 'ledger', 'Release');
  await release.getByText('ledger becomes half-open: one probe call decides').waitFor();
  expect(await release.getByLabel('Who are you?').inputValue()).toBe('Zoë');
  await release.getByLabel(/^Why\?/).fill('maintenance is over');
  await release.getByRole('button', { name: 'Release it' }).click();
  await eventually(seen, ({ admitted, rejected }) => admitted > 0 && rejected === 0);
  const timeline = page.getByRole('region', { name: 'Timeline' });
  await timeline.getByText('Half-open → Closed').first().waitFor();
  // What is over stays told: who forced it, who released it, and why.
  await timeline
    .getByRole('listitem')
    .filter({ hasText: 'Released' })
    .getByText('“maintenance is over”')
    .waitFor();
  await timeline.getByRole('listitem').filter({ hasText: 'Forced open' }).getByText('by Zoë').waitFor();
});

it.concurrent('two operators: the second sees the first one’s act while he reads, and confirms only after he has seen it', async () => {
  const { rig } = fleet;
  await rig.store.clear(['stock'], { by: 'test', reason: 'so that it is there' });
  const [ana, bo] = [await rig.page(), await rig.page()];
  const bosDialog = await openDialog(bo, 'stock', 'Disable');
  await bosDialog.getByLabel('Who are you?').fill('bo');
  await bosDialog.getByLabel(/^Why\?/).fill('false alarms');

  const anasDialog = await openDialog(ana, 'stock', 'Force open');
  await anasDialog.getByLabel('Who are you?').fill('ana');
  await anasDialog.getByLabel(/^Why\?/).fill('the database is on fire');
  await anasDialog.getByRole('button', { name: 'Force it open' }).click();

  await bosDialog.getByText(/^It changed while you were reading: it is forced open now, by ana/).waitFor();
  const confirm = bosDialog.getByRole('button', { name: 'Disable it' });
  expect(await confirm.isDisabled()).toBe(true);
  await bosDialog.getByText('This takes the place of what ana did (forced-open).').waitFor();
  await bosDialog.getByRole('button', { name: 'I have seen it' }).click();
  await confirm.click();
  await bo.getByText(/^Done: stock is disabled/).waitFor();
  await ana.getByText('bo: false alarms').waitFor();
});

it.concurrent('of two who act at the same moment the second is refused: nobody is overruled unseen', async () => {
  const { rig } = fleet;
  await rig.store.clear(['search'], { by: 'test', reason: 'so that it is there' });
  const page = await rig.page();
  await page.route('**/override', async (route) => {
    // On its way, when somebody else's arrives.
    await rig.store.override('search', { mode: 'forced-open', by: 'ana', reason: 'the index is broken' });
    await route.continue();
  });
  const dialog = await openDialog(page, 'search', 'Disable');
  await dialog.getByLabel('Who are you?').fill('bo');
  await dialog.getByLabel(/^Why\?/).fill('false alarms');
  await dialog.getByRole('button', { name: 'Disable it' }).click();
  await dialog.getByText(/^Not done: /).waitFor();
  const [record] = await rig.store.load(['search'], () => ({ bucketMs: 6_000, buckets: 10 }));
  expect(record?.override).toMatchObject({ mode: 'forced-open', by: 'ana' });
});

it.concurrent('a dialog that the way back has closed does not come up again over another circuit', async () => {
  const { rig } = fleet;
  for (const name of ['mails', 'texts'])
    await rig.store.clear([name], { by: 'test', reason: 'so that it is there' });
  const page = await rig.page();
  await openDialog(page, 'mails', 'Force open');
  await page.goBack();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'texts' }).click();
  await page.getByRole('heading', { name: 'texts', level: 2 }).waitFor();
  expect(await page.getByRole('dialog').count()).toBe(0);
  await page.goto(page.url().replace('texts', 'mails'));
  await page.getByRole('heading', { name: 'mails', level: 2 }).waitFor();
  expect(await page.getByRole('dialog').count()).toBe(0);
});

it.concurrent('an override that ends while somebody reads how to release it: nothing is left to release', async () => {
  const { rig } = fleet;
  await rig.store.override('crm', { mode: 'forced-open', by: 'ana', reason: 'upgrade' });
  const page = await rig.page();
  const dialog = await openDialog(page, 'crm', 'Release');
  await dialog.getByText('Ends what ana did').waitFor();
  await rig.store.override('crm', { mode: 'release', by: 'ana', reason: 'done' });
  await dialog.getByText('Nothing is in force any more').waitFor();
  await dialog.getByLabel('Who are you?').fill('bo');
  await dialog.getByLabel(/^Why\?/).fill('it is over');
  await dialog.getByRole('button', { name: 'I have seen it' }).click();
  expect(await dialog.getByRole('button', { name: 'Release it' }).isDisabled()).toBe(true);
});

it.concurrent('what came of an act is told to who has left its dialog meanwhile', async () => {
  const { rig } = fleet;
  await rig.store.clear(['slow'], { by: 'test', reason: 'so that it is there' });
  const page = await rig.page();
  let refuse: () => void = () => {};
  const asked = new Promise<void>((resolve) => {
    void page.route('**/reset', async (route) => {
      resolve();
      await new Promise<void>((answer) => {
        refuse = answer;
      });
      await route.fulfill({ status: 429, json: { status: 429, code: 'SLOW', detail: 'too many changes' } });
    });
  });
  const dialog = await openDialog(page, 'slow', 'Reset');
  await dialog.getByLabel('Who are you?').fill('ana');
  await dialog.getByLabel(/^Why\?/).fill('fresh start');
  await dialog.getByRole('button', { name: 'Reset it' }).click();
  await asked;
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  refuse();
  await page.getByRole('status').getByText('Reset: slow. Not done: too many changes').waitFor();
});

it('a refused act says why, and leaves the words where they are', async () => {
  const { rig } = fleet;
  await rig.store.clear(['refunds'], { by: 'test', reason: 'so that it is there' });
  const page = await rig.page();
  const dialog = await openDialog(page, 'refunds', 'Reset');
  await dialog.getByLabel('Who are you?').fill('ana');
  await dialog.getByLabel(/^Why\?/).fill('fresh start');
  await rig.stopServing();
  await dialog.getByRole('button', { name: 'Reset it' }).click();
  await dialog.getByText('It is not known whether this was done: the server cannot be reached.').waitFor();
  await dialog.getByText(/^This page is not live/).waitFor();
  expect(await dialog.getByLabel(/^Why\?/).inputValue()).toBe('fresh start');
  await rig.serve();
  await dialog.getByRole('button', { name: 'Reset it' }).click();
  await page.getByText(/^Done: refunds is closed/).waitFor();
});

it('the timeline is that of the circuit whose name stands above it, and what could not be read is read again', async () => {
  const { rig } = fleet;
  await rig.store.clear(['east'], { by: 'ana', reason: 'flood in the east' });
  await rig.store.clear(['west'], { by: 'bo', reason: 'fire in the west' });
  const page = await rig.page('#/circuit/east');
  const timeline = page.getByRole('region', { name: 'Timeline' });
  await timeline.getByText(/flood in the east/).waitFor();
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/west/history*', async (route) => {
    await held;
    await route.abort();
  });
  await page.getByRole('link', { name: 'west' }).click();
  await page.getByRole('heading', { name: 'west', level: 2 }).waitFor();
  expect(await timeline.getByText(/flood in the east/).count()).toBe(0);
  release();
  await timeline.getByText('The history could not be read: the server cannot be reached').waitFor();
  await page.unroute('**/west/history*');
  await rig.stopServing();
  await rig.serve();
  await page.getByRole('button', { name: 'Try now' }).click();
  await timeline.getByText(/fire in the west/).waitFor();
});
