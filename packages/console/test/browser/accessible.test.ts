/** For everybody: nothing serious for axe on any view, in both themes and on a phone; what-if answers. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { beforeAll, expect, it } from 'vitest';
import { useRig } from './rig.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const fleet = useRig();

beforeAll(async () => {
  const { store } = fleet.rig;
  const author = { by: 'ana', reason: 'carrier maintenance' };
  await store.clear(['a-closed-one', 'another'], author);
  await store.override('forced', { mode: 'forced-open', ...author, forMs: 60_000 });
  await store.override('off', { mode: 'disabled', ...author });
  await store.policy('another', { failureThreshold: 5, resetTimeout: 30_000 }, author);
  const [base] = await store.load(['a-closed-one'], () => ({ bucketMs: 6_000, buckets: 10 }));
  if (!base) throw new Error('the circuit was just written');
  const atMs = store.now() ?? 0;
  await store.transition(base, {
    ...base,
    state: 'open',
    epoch: { number: base.epoch.number + 1, id: 'trip' },
    openUntilMs: atMs + 60_000,
    transition: {
      from: 'closed',
      to: 'open',
      atMs,
      reason: 'failures',
      by: 'caller-1',
      calls: 9,
      failures: 7,
    },
  });
});

/** What axe finds serious or worse, as sentences. */
async function findings(page: Page): Promise<string[]> {
  // Evaluated by the debugger: the page's policy lets no foreign script in.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{ violations: Violation[] }>(
    "axe.run(document, { resultTypes: ['violations'] })",
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ help, nodes }) => `${help}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
}

interface Violation {
  readonly impact: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}

const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true };
it.concurrent.each([
  ['light', {}],
  ['dark', PHONE],
] as const)('board, details, dialog and what-if, %s %o', async (colorScheme, size) => {
  const page = await fleet.rig.page('', { colorScheme, ...size });
  await page.locator('.tile').nth(3).waitFor();
  expect(await findings(page)).toEqual([]);
  // Nothing hangs out of a narrow window.
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);

  await page.getByRole('link', { name: 'a-closed-one' }).click();
  await page.getByText('Closed → Open').waitFor();
  expect(await findings(page)).toEqual([]);
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);

  await page.getByRole('button', { name: 'Force open …' }).click();
  await page.getByRole('dialog').waitFor();
  expect(await findings(page)).toEqual([]);
  await page.keyboard.press('Escape');

  await page.getByRole('link', { name: 'What if' }).click();
  await page.getByRole('button', { name: 'Simulate' }).waitFor();
  expect(await findings(page)).toEqual([]);
});

it.concurrent('the theme that is chosen holds', async () => {
  const page = await fleet.rig.page('', { colorScheme: 'light' });
  await page.getByRole('button', { name: 'Dark' }).click();
  await page.reload();
  await page.getByRole('button', { name: 'Light' }).waitFor();
  expect(await page.evaluate('getComputedStyle(document.documentElement).colorScheme')).toBe('dark');
});

it.concurrent('a browser that lets the page keep nothing has a page all the same', async () => {
  const page = await fleet.rig.page();
  await page.addInitScript(`
    for (const storage of ['localStorage', 'sessionStorage'])
      Object.defineProperty(window, storage, { get() { throw new DOMException('blocked', 'SecurityError'); } });
  `);
  await page.reload();
  await page.getByRole('link', { name: 'a-closed-one' }).waitFor();
  await page.getByRole('button', { name: /^(Dark|Light)$/ }).click();
  expect(await page.locator('.live-badge').textContent()).toBe('live');
});

it.concurrent('a link to a circuit that is not there: said, and with a way back on a phone', async () => {
  const page = await fleet.rig.page('#/circuit/gone%2Ffor%3Fgood', PHONE);
  await page.getByText('There is no circuit of this name: gone/for?good').waitFor();
  expect(await findings(page)).toEqual([]);
  await page.getByRole('link', { name: 'Close details' }).click();
  await page.getByRole('link', { name: 'a-closed-one' }).click();
  await page.getByRole('heading', { name: 'a-closed-one', level: 2 }).waitFor();
});

it.concurrent('an answer that cannot be drawn leaves words, not a blank page', async () => {
  const page = await fleet.rig.page();
  await page.route('**/v1/circuits', (route) =>
    route.fulfill({
      json: { nowMs: Date.now(), unreadable: [], circuits: [{ name: 'odd', state: 'closed' }] },
    }),
  );
  await page.reload();
  await page.getByRole('heading', { name: 'The switchboard cannot be drawn' }).waitFor();
  await page.getByRole('button', { name: 'Load it anew' }).waitFor();
});

it.concurrent('what-if: a run that is ended stays ended, whatever it says afterwards', async () => {
  const page = await fleet.rig.page('#/circuit/another/what-if');
  await page.evaluate(`
    window.Worker = class { constructor() { window.late = this; } postMessage() {} terminate() {} };
  `);
  await page.getByRole('button', { name: 'Simulate' }).click();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.evaluate("late.onmessage({ data: { kind: 'progress', share: 0.5 } })");
  await page.evaluate('new Promise(requestAnimationFrame)');
  await page.getByRole('button', { name: 'Simulate' }).waitFor();
  expect(await page.getByRole('progressbar').count()).toBe(0);
});

it.concurrent('what-if: begins with the circuit’s own settings, says what is wrong with others, and compares', async () => {
  const page = await fleet.rig.page('#/circuit/another/what-if');
  const own = page.getByRole('row', { name: 'failureThreshold' });
  expect(await own.getByRole('cell').first().textContent()).toBe('5');
  const reset = page.getByRole('textbox', { name: /^resetTimeout/ });
  expect(await reset.inputValue()).toBe('30s');

  await reset.fill('soon');
  await page.getByRole('button', { name: 'Simulate' }).click();
  await page
    .getByRole('alert')
    .getByText(/resetTimeout is 'soon'; allowed: milliseconds or a duration/)
    .waitFor();

  await page.getByRole('spinbutton', { name: 'Processes' }).fill('5');
  await page.getByRole('spinbutton', { name: 'Calls per second' }).fill('50');
  await reset.fill('5s');
  await page.getByRole('button', { name: 'Simulate' }).click();
  const recovery = page.getByRole('row', { name: 'time to recover' });
  await recovery.waitFor({ timeout: 30_000 });
  const [none, now, whatIf] = await recovery.getByRole('cell').allTextContents();
  expect(none).toBe('0.0 s');
  expect(Number.parseFloat(String(whatIf))).toBeLessThan(Number.parseFloat(String(now)));
});
