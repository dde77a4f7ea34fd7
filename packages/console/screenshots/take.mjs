/** Takes the pictures of docs/images: board, details and what-if, light and dark, and the board on a phone. */

import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { createControlApi } from '@switchgear/cli/control-api';
import { chromium } from 'playwright-core';
import { installChromium } from '../../../scripts/services.mjs';
import { badNight } from './scene.mjs';

const FOLDER = fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const DESKTOP = { viewport: { width: 1200, height: 720 } };
const PHONE = { viewport: { width: 390, height: 780 }, deviceScaleFactor: 1 };

export async function takeScreenshots() {
  const { api } = await badNight(createControlApi);
  const server = serve({ fetch: api.app.fetch, hostname: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}/`;
  const browser = await chromium.launch({
    executablePath: await installChromium(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  await mkdir(FOLDER, { recursive: true });
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({
      ...DESKTOP,
      colorScheme,
      timezoneId: 'UTC',
      reducedMotion: 'reduce',
    });
    const page = await context.newPage();
    const take = (name) => page.screenshot({ path: `${FOLDER}switchboard-${name}-${colorScheme}.png` });
    await page.goto(url);
    await page.locator('.tile').first().waitFor();
    await take('board');
    await page.getByRole('link', { name: 'payments' }).click();
    await page.getByText('Closed → Open').first().waitFor();
    // High enough for both charts and the timeline.
    await page.setViewportSize({ width: 1200, height: 1180 });
    await take('detail');
    await page.getByRole('link', { name: 'What if' }).click();
    await page.getByRole('textbox', { name: /^resetTimeout/ }).fill('5s');
    await page.getByRole('button', { name: 'Simulate' }).click();
    await page
      .getByRole('heading', { name: 'What became of the same calls' })
      .scrollIntoViewIfNeeded({ timeout: 60_000 });
    // High enough for the question and its answer.
    await page.setViewportSize({ width: 1200, height: 1480 });
    await page.locator('.detail').evaluate((detail) => detail.scrollTo(0, 0));
    await page.locator('.detail').screenshot({ path: `${FOLDER}switchboard-what-if-${colorScheme}.png` });
    await context.close();
  }
  const phone = await browser.newContext({
    ...PHONE,
    colorScheme: 'dark',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  });
  const page = await phone.newPage();
  await page.goto(url);
  await page.locator('.tile').first().waitFor();
  await page.screenshot({ path: `${FOLDER}switchboard-phone-dark.png` });
  await browser.close();
  await api.close();
  server.close();
  server.closeAllConnections();
}
