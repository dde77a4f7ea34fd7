/**
 * What the store costs: the store calls of a few ordinary loads, counted on the built library with a clock moved by hand,
 * times the public prices of DynamoDB. `node scripts/cost.mjs` prints the table of the README.
 */

import { fileURLToPath } from 'node:url';
import { MemoryStore, Switchgear } from 'switchgear';
import { FakeClock, FaultyStore } from 'switchgear/testing';

/** US dollars per million request units: on demand, standard table class, us-east-1, as published since November 2024. */
const USD_PER_MILLION = { readUnits: 0.125, writeUnits: 0.625 };
/** An eventually consistent read of an item of up to 4 KB, there or not. */
const UNITS_PER_READ = 0.5;

/** Calls that are counted, then scaled to a million. */
const CALLS = 100_000;
const OUTAGE = { processes: 100, minutes: 10 };

export async function costTable() {
  const rows = [];
  for (const [perSecond, words] of [
    [100, '100 times a second'],
    [10, '10 times a second'],
    [1, 'once a second'],
    [1 / 60, 'once a minute: the most that it can be'],
  ])
    rows.push(row(`1 000 000 healthy calls, each process calling ${words}`, await steady(1_000 / perSecond)));
  rows.push(
    row(
      '1 000 000 calls of which 1 in 100 fails, each process calling 10 times a second',
      await steady(100, 100),
    ),
  );
  const { processes, minutes } = OUTAGE;
  rows.push(
    row(
      `an outage of ${minutes} minutes from the first failure until closed again, ${processes} processes calling once a second each`,
      await outage(),
    ),
  );
  return [
    '| What happens | Reads | Read units | Write units | US dollars |',
    '|---|--:|--:|--:|--:|',
    ...rows,
  ].join('\n');
}

/** One process that calls every `everyMs`; every `failing`th call fails. Scaled to a million calls. */
async function steady(everyMs, failing = Number.POSITIVE_INFINITY) {
  const clock = new FakeClock();
  const { store, breaker } = processOn(new MemoryStore({ clock }), clock);
  for (let call = 1; call <= CALLS; call++) {
    await breaker.execute(() => (call % failing === 0 ? Promise.reject(refused()) : call)).catch(() => {});
    clock.jump(everyMs);
  }
  return scaled(store.calls, 1_000_000 / CALLS);
}

/** A fleet of which each process calls once a second; the dependency takes 400 ms to fail, then comes back. */
async function outage() {
  const clock = new FakeClock();
  const memory = new MemoryStore({ clock });
  const fleet = Array.from({ length: OUTAGE.processes }, () => processOn(memory, clock));
  const up = { since: Number.POSITIVE_INFINITY };
  const dependency = async () => {
    await new Promise((resolve) => clock.setTimer(resolve, 400));
    if (clock.now() < up.since) throw refused();
  };
  for (const { gear } of fleet) await gear.warm();
  up.since = clock.now() + OUTAGE.minutes * 60_000;
  const before = total(fleet);
  const closed = async () => {
    const [record] = await memory.load(['payments'], () => ({ bucketMs: 6_000, buckets: 10 }));
    return clock.now() > up.since && record.state === 'closed';
  };
  while (!(await closed()))
    for (let tenth = 0; tenth < 10; tenth++) {
      for (let i = tenth; i < fleet.length; i += 10) fleet[i].breaker.execute(dependency).catch(() => {});
      await clock.advance(100);
    }
  const after = total(fleet);
  return Object.fromEntries(Object.entries(after).map(([verb, n]) => [verb, n - before[verb]]));
}

function processOn(memory, clock) {
  const store = new FaultyStore(memory);
  // Chance at 0 gives the shortest periods between reads and the shortest open times: the most that a process can cost.
  const gear = new Switchgear({ store, clock, random: () => 0 });
  return { store, gear, breaker: gear.breaker('payments', { maxConcurrent: false }) };
}

function total(fleet) {
  const verbs = Object.keys(fleet[0].store.calls);
  return Object.fromEntries(
    verbs.map((verb) => [verb, fleet.reduce((sum, { store }) => sum + store.calls[verb], 0)]),
  );
}

function scaled(calls, factor) {
  return Object.fromEntries(Object.entries(calls).map(([verb, n]) => [verb, n * factor]));
}

function row(what, { load, history, report, settle, lease, transition }) {
  const reads = load + history;
  const readUnits = reads * UNITS_PER_READ;
  // A transition files the one before it first. A refused write costs as much as one that took effect.
  const writeUnits = report + settle + lease + 2 * transition;
  const usd = (readUnits * USD_PER_MILLION.readUnits + writeUnits * USD_PER_MILLION.writeUnits) / 1_000_000;
  return `| ${what} | ${whole(reads)} | ${whole(readUnits)} | ${whole(writeUnits)} | ${usd.toFixed(4)} |`;
}

function whole(n) {
  return Math.round(n).toLocaleString('en-US').replaceAll(',', ' ');
}

function refused() {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await costTable());
