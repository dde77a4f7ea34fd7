/** vitest's global set-up: one Chromium for all tests in a browser. If it does not come up, the run fails. */

import { chromium } from 'playwright-core';
import type { TestProject } from 'vitest/node';
import { installChromium, installRedis } from '../../../../scripts/services.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the tests reach their browser. */
    browserEndpoint: string;
  }
}

/** In a container there is no sandbox to be had; the rest keeps it off the network. */
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  // One after the other: a package manager has a lock.
  const executablePath = await installChromium();
  await installRedis();
  const server = await chromium.launchServer({ executablePath, args: CHROMIUM_FLAGS, host: '127.0.0.1' });
  project.provide('browserEndpoint', server.wsEndpoint());
  return () => server.close();
}
