/** Shows a page to a person, if one sits here. */

import { spawn } from 'node:child_process';

export interface Seat {
  readonly platform: string;
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The program that opens a page on this desktop; `undefined` where nobody sits at one: CI, a pipe, somebody far away. */
export function openerAt({ platform, isTTY, env }: Seat): string | undefined {
  if (!isTTY || env.CI || env.SSH_CONNECTION) return undefined;
  if (platform === 'darwin') return 'open';
  if (platform === 'win32') return 'explorer';
  return env.DISPLAY || env.WAYLAND_DISPLAY ? 'xdg-open' : undefined;
}

export function openBrowser(url: string): void {
  const { platform, env } = process;
  const opener = openerAt({ platform, env, isTTY: process.stdout.isTTY === true });
  if (!opener) return;
  const browser = spawn(opener, [url], { stdio: 'ignore', detached: true });
  // The address is printed too: whoever has no opener has a hand.
  browser.on('error', () => {});
  browser.unref();
}
