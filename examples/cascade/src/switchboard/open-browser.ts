/** Shows a page to a person, if one sits here. */

import { spawn } from 'node:child_process';

/** Opens `url` in the browser of the desktop that this terminal is on; nothing where there is none, or in CI. */
export function openBrowser(url: string): void {
  const { CI, DISPLAY, WAYLAND_DISPLAY } = process.env;
  if (!process.stdout.isTTY || CI) return;
  const opener = { darwin: 'open', win32: 'explorer' }[process.platform as string];
  if (!opener && !DISPLAY && !WAYLAND_DISPLAY) return;
  const browser = spawn(opener ?? 'xdg-open', [url], { stdio: 'ignore', detached: true });
  // The address is printed too: whoever has no opener has a hand.
  browser.on('error', () => {});
  browser.unref();
}
