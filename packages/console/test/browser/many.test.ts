/** A thousand circuits: what is in the page grows with the window, not with the fleet, and the keyboard reaches all of them. */

import { expect, it } from 'vitest';
import { eventually, useRig } from './rig.ts';

const fleet = useRig();
const MANY = 1_000;
const nameOf = (i: number) => `service-${String(i).padStart(4, '0')}`;

it('a thousand circuits: few elements, news and scrolling without long pauses, every circuit within reach', async () => {
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

  // From here on each pause of the page's only thread is written down.
  await page.evaluate(`
    window.pauses = [];
    new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) pauses.push(duration); })
      .observe({ type: 'longtask' });
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
  const pauses = await page.evaluate<number[]>('pauses');
  // Drawing a thousand tiles at once takes one pause of a second and more; a busy machine makes short ones longer.
  expect(pauses.filter((ms) => ms > 400)).toEqual([]);
  expect(pauses.length).toBeLessThan(frames / 2);

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
  const focused = () => page.evaluate<string>("document.activeElement?.id ?? ''");
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
