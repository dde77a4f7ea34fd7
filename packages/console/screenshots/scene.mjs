/**
 * A bad night for the pictures: the library itself in three processes' worth of breakers, on a clock that stands still until
 * it is moved. The same night each time.
 */

import { MemoryStore, Switchgear } from 'switchgear';
import { Operator } from 'switchgear/operate';
import { FakeClock } from 'switchgear/testing';

const START_MS = Date.UTC(2026, 10, 21, 2, 58, 7, 250);
const NIGHT_MS = 300_000;
const TICK_MS = 250;
const PROCESSES = ['orders-6f9c', 'orders-b41e', 'checkout-27d0'];

const HEALTHY = [
  'address-check',
  'audit-log',
  'billing-export',
  'carrier-rates',
  'catalogue',
  'coupons',
  'customer-profile',
  'feature-flags',
  'geo-ip',
  'image-resizer',
  'ledger',
  'loyalty',
  'mailer',
  'newsletter',
  'notifications',
  'pdf-render',
  'pricing',
  'recommendations',
  'refunds',
  'reviews',
  'session-store',
  'sms-gateway',
  'stock-feed',
  'tracking',
  'warehouse',
  'webhooks',
];

const refused = () => Object.assign(new Error('no route'), { code: 'ECONNREFUSED' });
const answered = (status) => Object.assign(new Error('failed'), { name: `HTTP ${status}`, status });
const hanging = () => new Promise(() => {});

/** Nobody is perfect: a circuit's first failure is what brings it onto the board. */
const stray = (_at, chance) => (chance < 0.004 ? answered(504) : undefined);

/** What a call meets with at a second of the night: nothing, an error to throw, or a promise to wait for. */
const TROUBLE = {
  payments: (at, chance) => (at > 284 || chance < (at > 276 ? 0.2 : 0.008) ? answered(503) : undefined),
  'fraud-score': (at) => (at > 270 ? hanging() : at > 130 ? refused() : undefined),
  search: (at) => (at > 200 && at < 252 ? answered(502) : undefined),
  pricing: (at, chance) => (chance < 0.02 && at > 60 ? answered(500) : undefined),
  mailer: (at, chance) => (chance < 0.03 && at > 200 ? answered(429) : undefined),
  shipping: (at) => (at > 90 && at < 150 ? refused() : undefined),
};
const OPTIONS = {
  'fraud-score': { resetTimeout: '20s', maxResetTimeout: '20s' },
  search: { rampDuration: '1m', resetTimeout: '20s', maxResetTimeout: '20s' },
  payments: { resetTimeout: '30s' },
};

/** @returns the store as it is at the end of the night, its clock, and what a server has to know of it. */
export async function badNight(createControlApi) {
  const clock = new FakeClock(START_MS);
  const random = luck(7);
  const store = new MemoryStore({ clock });
  let ids = 0;
  const gears = PROCESSES.map(
    (processId) =>
      new Switchgear({
        store,
        clock,
        random,
        processId,
        newId: () => `id-${ids++}`,
        defaults: { failureRatio: 0.1, minCalls: 10 },
      }),
  );
  const names = [...HEALTHY, 'payments', 'fraud-score', 'search', 'shipping', 'fx-rates', 'tax'].sort();
  const load = {};
  const api = createControlApi({
    store,
    clock,
    audit: () => {},
    samples: () => {
      const sample = structuredClone(load);
      for (const counts of Object.values(load))
        Object.assign(counts, { admitted: 0, rejected: 0, failed: 0 });
      return sample;
    },
  });
  const operator = new Operator({ store });
  const acts = {
    150: () =>
      operator.setStates({
        shipping: { mode: 'forced-open', by: 'ana', reason: 'carrier moves to its new API', forMs: '40m' },
      }),
    190: () =>
      operator.setStates({
        tax: { mode: 'forced-closed', by: 'bo', reason: 'one broken canary, see INC-2207', forMs: '1h' },
      }),
    220: () =>
      operator.setStates({
        'fx-rates': { mode: 'disabled', by: 'ana', reason: 'rates are cached until Monday' },
      }),
    240: () =>
      operator.setPolicy(
        'payments',
        { failureThreshold: 5, resetTimeout: '30s' },
        { by: 'bo', reason: 'fewer false alarms' },
      ),
  };
  // Somebody listens all the while: the server samples each second.
  const listener = new AbortController();
  const stream = await api.app.request('/v1/events', {
    headers: { host: 'localhost' },
    signal: listener.signal,
  });
  void drain(stream.body);

  for (let elapsedMs = 0; elapsedMs < NIGHT_MS; elapsedMs += TICK_MS) {
    const at = elapsedMs / 1_000;
    await acts[at]?.();
    for (const [i, name] of names.entries()) {
      const gear = gears[Math.floor(random() * gears.length)];
      for (let calls = 1 + (i % 3); calls > 0; calls--)
        void call(gear.breaker(name, OPTIONS[name] ?? {}), name, at);
    }
    await clock.advance(TICK_MS);
  }
  listener.abort();
  return { api, clock };

  async function call(breaker, name, at) {
    load[name] ??= { admitted: 0, rejected: 0, failed: 0, processes: gears.length };
    const counts = load[name];
    let made = false;
    await breaker
      .execute(async () => {
        made = true;
        counts.admitted++;
        const trouble = (TROUBLE[name] ?? stray)(at, random());
        if (trouble instanceof Error) throw trouble;
        await trouble;
      })
      .catch(() => {
        if (made) counts.failed++;
      });
    if (!made) counts.rejected++;
  }
}

async function drain(body) {
  const reader = body.getReader();
  while (!(await reader.read().catch(() => ({ done: true }))).done);
}

/** Chance that repeats itself (mulberry32). */
function luck(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
