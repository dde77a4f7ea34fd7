/**
 * Run by `long-lived-signal.test.ts` with `--expose-gc`: more than a hundred thousand calls share one signal that lives as long as the
 * process. Prints how much more is held after them, in bytes per call, as JSON.
 */

import axios, { type AxiosAdapter } from 'axios';
import type { Dispatcher } from 'undici';
import { guardedAdapter } from '../../src/axios/index.ts';
import { guardedFetch } from '../../src/fetch/index.ts';
import { compose, deadline, fallback, lastGoodAnswer, retry, timeout } from '../../src/guard/index.ts';
import { MemoryStore, Switchgear } from '../../src/index.ts';
import { guardedDispatch } from '../../src/undici/index.ts';

const { signal } = new AbortController();
const gear = new Switchgear({ store: new MemoryStore() });
const plain = gear.breaker('plain');
const guards = [fallback('none'), lastGoodAnswer(), deadline(() => 60_000), retry(), timeout('1s')] as const;
const guarded = gear.breaker('guarded', { timeout: '1s', guards });

/** As clients do, who never take their listener away. */
const listen = (inner: unknown) => (inner as AbortSignal).addEventListener('abort', () => {});

const send = guardedFetch(plain, async (_, init) => {
  listen(init?.signal);
  return new Response();
});
const http = axios.create({
  adapter: guardedAdapter(plain, (async (config) => {
    listen(config.signal);
    return { status: 200, data: '', headers: {}, config };
  }) as AxiosAdapter),
});
const controller = { abort() {}, pause() {}, resume() {}, aborted: false, paused: false, reason: null };
const dispatch = guardedDispatch(plain)((_, handler) => {
  handler.onRequestStart?.(controller, {});
  handler.onResponseStart?.(controller, 200, {}, '');
  handler.onResponseEnd?.(controller, {});
  return true;
});

/** More calls of what takes less time. */
const KINDS: Record<string, readonly [calls: number, once: () => unknown]> = {
  'a breaker': [40_000, () => plain.execute((call) => listen(call.signal), { signal })],
  'a breaker with guards': [10_000, () => guarded.execute((call) => listen(call.signal), { signal })],
  'guards alone': [10_000, () => compose(...guards).execute((call) => listen(call.signal), { signal })],
  fetch: [20_000, () => send('http://127.0.0.1', { signal })],
  axios: [5_000, () => http.get('http://127.0.0.1', { signal })],
  undici: [
    20_000,
    () => {
      const options = { origin: 'http://127.0.0.1', path: '/', method: 'GET', signal };
      return new Promise<void>((onResponseEnd) =>
        dispatch(options as Dispatcher.DispatchOptions, { onResponseEnd: () => onResponseEnd() }),
      );
    },
  ],
};

const collect = globalThis.gc as () => void;

async function heldBytes(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    collect();
    // Finalizers run between tasks.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().heapUsed;
}

async function call(times: number, once: () => unknown): Promise<void> {
  for (let i = 1; i <= times; i++) {
    await once();
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

const held: Record<string, number> = {};
for (const [kind, [calls, once]] of Object.entries(KINDS)) {
  await call(1_000, once);
  const before = await heldBytes();
  await call(calls, once);
  held[kind] = ((await heldBytes()) - before) / calls;
}
console.log(JSON.stringify(held));
