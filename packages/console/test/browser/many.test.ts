/** A thousand circuits: what is in the page grows with the window, not with the fleet, and the keyboard reaches all of them. */

import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { eventually, useRig } from './rig.ts';

const fleet = useRig();
const MANY = 1_000;
const nameOf = (i: number) => `service-${String(i).padStart(4, '0')}`;

/** Where the keyboard is: a circuit's tile, or nothing. */
const focusedIn = (page: Page) => page.evaluate<string>("document.activeElement?.id ?? ''");

it('a thousand circuits: few elements, little drawn at once by scrolling and news, every circuit within reach', async () => {
  const { rig } = fleet;
  const author = { by: 'test', reason: 'one of many' };
  await rig.store.clear(
    Array.from({ length: MANY }, (_, i) => nameOf(i)),
    author,
  );
  const page = await rig.page();
  const all = page.getByRole('button', { name: `All ${new Intl.NumberFormat('en-GB').format(MANY)}` });
  await all.waitFor();
  const elements = () => page.evaluate<number>("document.querySelectorAll('*').length");
  expect(await elements()).toBeLessThan(1_500);

  // From here on it is written down how much is drawn at once: a busy machine makes it slower, not more.
  await page.evaluate(`
    window.drawn = [];
    new MutationObserver((changes) => drawn.push(changes.reduce((sum, { addedNodes }) => sum + addedNodes.length, 0)))
      .observe(document.querySelector('.board'), { childList: true, subtree: true });
  `);
  const frames = await page.evaluate<number>(`(async () => {
    const board = document.querySelector('.board');
    let frames = 0;
    for (; board.scrollTop + board.clientHeight < board.scrollHeight - 1; frames++) {
      board.scrollTop += 400;
      await new Promise(requestAnimationFrame);
    }
    return frames;
  })()`);
  expect(frames).toBeGreaterThan(50);
  expect(await elements()).toBeLessThan(1_500);
  await page.getByRole('link', { name: nameOf(MANY - 1) }).waitFor();

  // A hundred changes in a burst, as when a region goes down.
  await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      rig.store.override(nameOf(i * 10), { mode: 'forced-open', ...author }),
    ),
  );
  await page.getByRole('button', { name: 'By hand 100' }).waitFor();
  const drawn = await page.evaluate<number[]>('drawn');
  expect(drawn.length).toBeGreaterThan(10);
  expect(Math.max(...drawn)).toBeLessThan(200);

  await page.getByRole('searchbox').fill(nameOf(777));
  await page.getByRole('link', { name: nameOf(777) }).waitFor();
  await eventually(
    () => page.locator('.tile').count(),
    (shown) => shown === 1,
  );
});

it('the keyboard alone: search, step, open, back, and a link that shows the same to somebody else', async () => {
  const { rig } = fleet;
  const page = await rig.page();
  await page.locator('.tile').first().waitFor();
  const focused = () => focusedIn(page);
  await page.keyboard.press('/');
  await page.keyboard.type('service-05');
  await page.getByRole('link', { name: nameOf(500) }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('/');
  await page.keyboard.type('service-06');
  await page.keyboard.press('Tab');
  for (let i = 0; i < 3; i++) await page.keyboard.press('j');
  await page.keyboard.press('k');
  await eventually(focused, (id) => id === `circuit ${nameOf(610)}`);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: nameOf(610), level: 2 }).waitFor();
  const address = page.url();
  expect(address).toContain('#/circuit/service-0610?search=service-06');

  const elsewhere = await rig.page(new URL(address).hash);
  await elsewhere.getByRole('heading', { name: nameOf(610), level: 2 }).waitFor();
  expect(await elsewhere.getByRole('searchbox').inputValue()).toBe('service-06');

  await page.keyboard.press('Escape');
  await eventually(
    () => page.locator('.detail').count(),
    (open) => open === 0,
  );
  expect(await focused()).toBe(`circuit ${nameOf(610)}`);
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await eventually(
    () => page.getByRole('searchbox').inputValue(),
    (text) => text === '',
  );
});

it('each step of the keyboard is final: no frame that comes late moves the focus again', async () => {
  const page = await fleet.rig.page();
  await page.locator('.tile').nth(5).waitFor();
  // As on a machine too busy to draw: frames come when the test says so.
  await page.evaluate(`
    window.held = [];
    window.requestAnimationFrame = (draw) => held.push(draw);
    window.frame = () => { for (const draw of held.splice(0)) draw(performance.now()); };
  `);
  const tiles = await page.locator('.tile a').evaluateAll((links) => links.map(({ id }) => id));
  for (const id of tiles.slice(0, 3)) {
    await page.keyboard.press('j');
    await eventually(
      () => focusedIn(page),
      (focused) => focused === id,
    );
    await page.evaluate('frame()');
    expect(await focusedIn(page)).toBe(id);
  }
  await page.evaluate('frame()');
  expect(await focusedIn(page)).toBe(tiles[2]);
});

it('the keyboard goes on from where it is, and comes back to a circuit far outside the view', async () => {
  const far = nameOf(MANY - 2);
  const page = await fleet.rig.page(`#/circuit/${far}`);
  await page.getByRole('heading', { name: far, level: 2 }).waitFor();
  await page.keyboard.press('Escape');
  await eventually(
    () => focusedIn(page),
    (id) => id === `circuit ${far}`,
  );
  await page.keyboard.press('Tab');
  expect(await focusedIn(page)).toBe(`circuit ${nameOf(MANY - 1)}`);
  await page.keyboard.press('k');
  await eventually(
    () => focusedIn(page),
    (id) => id === `circuit ${far}`,
  );
});
