/** What the page is tested on: a real store, real processes that use it, the real control API, a page of a real browser. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import { type ControlApiOptions, createControlApi } from '@switchgear/cli/control-api';
import { Redis } from 'ioredis';
import { type Browser, chromium, type Page } from 'playwright-core';
import { RedisStore } from 'switchgear/redis';
import { afterAll, beforeAll, expect, inject } from 'vitest';
import { startRedis } from '../../../../scripts/services.mjs';

const BUILT = fileURLToPath(new URL('../../../cli/dist/console', import.meta.url));
const CALLER = fileURLToPath(new URL('caller.mjs', import.meta.url));

/** What a process did since it was last asked. */
export interface Seen {
  readonly admitted: number;
  readonly rejected: number;
}

export class Rig {
  /** Whether the dependency answers 503. */
  broken = false;
  /** For good. */
  readonly stopStore: () => Promise<void>;
  readonly #browser: Browser;
  readonly #redisPort: number;
  readonly #ends: (() => unknown)[] = [];
  readonly #dependency: Server;
  #server: { readonly url: string; stop(): Promise<void> } | undefined;
  #store: RedisStore | undefined;

  private constructor(browser: Browser, redisPort: number, stopStore: () => Promise<void>) {
    this.#browser = browser;
    this.#redisPort = redisPort;
    this.stopStore = stopStore;
    this.#dependency = createServer((_, response) => response.writeHead(this.broken ? 503 : 200).end());
  }

  static async start(): Promise<Rig> {
    const [browser, redis] = await Promise.all([chromium.connect(inject('browserEndpoint')), startRedis()]);
    const rig = new Rig(browser, redis.port, redis.stop);
    rig.#ends.push(() => redis.stop());
    rig.#dependency.listen(0, '127.0.0.1');
    await once(rig.#dependency, 'listening');
    return rig;
  }

  /** The store, as an operator's own program has it. */
  get store(): RedisStore {
    this.#store ??= this.connect();
    return this.#store;
  }

  connect(): RedisStore {
    const client = new Redis(this.#redisPort, '127.0.0.1');
    // A store that is stopped is part of a test.
    client.on('error', () => {});
    this.#ends.unshift(() => client.disconnect());
    return new RedisStore({ client });
  }

  /** Serves the console and its API; again on the same port, once it was stopped. */
  async serve(options: Partial<ControlApiOptions> = {}): Promise<void> {
    const before = this.#server && Number(new URL(this.#server.url).port);
    const { app, close } = createControlApi({
      store: this.store,
      console: BUILT,
      audit: () => {},
      ...options,
    });
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: before ?? 0 }) as Server;
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    this.#server = {
      url: `http://127.0.0.1:${port}/`,
      stop: async () => {
        await close();
        server.close();
        server.closeAllConnections();
        await once(server, 'close').catch(() => {});
      },
    };
  }

  async stopServing(): Promise<void> {
    await this.#server?.stop();
  }

  /** A process that calls the dependency fifty times in a second, through `circuit`, and tells the server so where it `tells`. */
  async caller(circuit: string, { tells = false } = {}): Promise<() => Promise<Seen>> {
    const { port } = this.#dependency.address() as AddressInfo;
    const child: ChildProcess = fork(
      CALLER,
      [
        String(this.#redisPort),
        `http://127.0.0.1:${port}/`,
        circuit,
        ...(tells && this.#server ? [this.#server.url] : []),
      ],
      {
        execArgv: [],
      },
    );
    this.#ends.unshift(() => child.kill('SIGKILL'));
    await once(child, 'message');
    return async () => {
      child.send('seen?');
      const [seen] = await once(child, 'message');
      return seen as Seen;
    };
  }

  /** A tab of an operator's own, at `hash`. What the page's policy forbids, or throws, fails the test. */
  async page(hash = '', options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    this.#ends.unshift(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on('pageerror', (error) => this.#complaints.push(String(error)));
    page.on('console', (message) => {
      if (/Content Security Policy|Uncaught/.test(message.text())) this.#complaints.push(message.text());
    });
    await page.goto(`${this.#server?.url}${hash}`);
    return page;
  }

  readonly #complaints: string[] = [];

  async stop(): Promise<void> {
    for (const end of this.#ends.splice(0, this.#ends.length - 1)) await end();
    await this.stopServing();
    this.#dependency.close();
    this.#dependency.closeAllConnections();
    for (const end of this.#ends) await end();
    await this.#browser.close();
    expect(this.#complaints).toEqual([]);
  }
}

/** One rig for the tests of a file. */
export function useRig(): { readonly rig: Rig } {
  const holder = {} as { rig: Rig };
  beforeAll(async () => {
    holder.rig = await Rig.start();
    await holder.rig.serve();
  });
  afterAll(() => holder.rig.stop());
  return holder;
}

/** Waits until `holds`; what it was at the end stands in the failure. */
export async function eventually<T>(
  look: () => Promise<T> | T,
  holds: (value: T) => boolean,
  withinMs = 20_000,
): Promise<T> {
  const untilMs = Date.now() + withinMs;
  for (;;) {
    const value = await look();
    if (holds(value)) return value;
    if (Date.now() > untilMs) expect.fail(`never came true; last: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
