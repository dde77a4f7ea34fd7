/** `npm start`'s last act, as a user has it: the page on the running demo, the lever, and nothing left behind. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { expect, inject, it, onTestFinished } from 'vitest';
import { eventually } from './rig.ts';

const DEMO = fileURLToPath(new URL('../../../../examples/cascade/dist/main.js', import.meta.url));

/** Processes whose parent is `pid`. */
function childrenOf(pid: number): string[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent]) => parent === String(pid))
    .map(([child]) => child as string);
}

async function addressOf(demo: ChildProcess): Promise<string> {
  let out = '';
  demo.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  demo.stderr?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  await eventually(
    () => out,
    (text) => /switchboard: \S+/.test(text),
    30_000,
  );
  return String(/switchboard: (\S+)/.exec(out)?.[1]);
}

it('the lever breaks and mends the ledger, the board follows, Ctrl-C ends everything', async () => {
  const demo = spawn(process.execPath, [DEMO, '--switchboard', '--processes', '2', '--rps', '120'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void demo.kill('SIGKILL'));
  const [url, browser] = await Promise.all([addressOf(demo), chromium.connect(inject('browserEndpoint'))]);
  expect(new URL(url).hostname).toBe('127.0.0.1');
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(url);

  const tile = page.locator('.tile', { hasText: 'ledger' });
  await tile.getByText('Closed', { exact: true }).waitFor();
  await tile.getByRole('link').click();
  const lever = page.getByRole('group', { name: 'The demo’s ledger' });
  await lever.getByRole('button', { name: 'Dead' }).click();
  await tile.getByText('Open', { exact: true }).waitFor();
  await page
    .getByText(/[1-9]\d* admitted, [1-9]\d* rejected/)
    .first()
    .waitFor();
  await lever.getByRole('button', { name: 'Healthy' }).click();
  await tile.getByText('Closed', { exact: true }).waitFor();
  expect(await lever.getByRole('button', { pressed: true }).textContent()).toBe('Healthy');

  const children = childrenOf(Number(demo.pid));
  expect(children.length).toBeGreaterThanOrEqual(8);
  const ended = once(demo, 'exit');
  demo.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  const alive = (pid: string) => {
    try {
      return process.kill(Number(pid), 0);
    } catch {
      return false;
    }
  };
  await eventually(
    () => children.filter(alive),
    (left) => left.length === 0,
  );
});
