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
  const seen = await rig.caller('ledger');
  await rig.store.override('ledger', { mode: 'release', by: 'test', reason: 'so that it is there' });
  await rig.store.clear(['ledger'], { by: 'test', reason: 'so that it is there' });
  const page = await rig.page();

  const force = await openDialog(page, 'ledger', 'Force open');
  await force.getByText('every call to ledger is rejected at once').waitFor();
  await force.getByText(/^It ends at .*Then one probe call decides/).waitFor();
  const confirm = force.getByRole('button', { name: 'Force it open' });
  expect(await confirm.isDisabled()).toBe(true);
  await force.getByLabel('Who are you?').fill('Zoë');
  await force.getByLabel(/^Why\?/).fill('provider maintenance');
  await force.getByLabel('1 hour').check();
  await confirm.click();
  await page.getByText(/^Done: ledger is forced open until/).waitFor();
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
  await page.getByRole('region', { name: 'Timeline' }).getByText('Half-open → Closed').first().waitFor();
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

it('a refused act says why, and leaves the words where they are', async () => {
  const { rig } = fleet;
  await rig.store.clear(['refunds'], { by: 'test', reason: 'so that it is there' });
  const page = await rig.page();
  const dialog = await openDialog(page, 'refunds', 'Reset');
  await dialog.getByLabel('Who are you?').fill('ana');
  await dialog.getByLabel(/^Why\?/).fill('fresh start');
  await rig.stopServing();
  await dialog.getByRole('button', { name: 'Reset it' }).click();
  await dialog.getByText('Not done: the server cannot be reached').waitFor();
  await dialog.getByText(/^This page is not live/).waitFor();
  expect(await dialog.getByLabel(/^Why\?/).inputValue()).toBe('fresh start');
  await rig.serve();
  await dialog.getByRole('button', { name: 'Reset it' }).click();
  await page.getByText(/^Done: refunds is closed/).waitFor();
});
