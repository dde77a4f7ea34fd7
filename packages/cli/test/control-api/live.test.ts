import { StreamingApi } from 'hono/utils/stream';
import { MemoryStore } from 'switchgear';
import { FakeClock, FaultyStore } from 'switchgear/testing';
import { afterEach, expect, test, vi } from 'vitest';
import { EventLog } from '../../src/control-api/live/event-log.ts';
import { SampleSeries } from '../../src/control-api/live/sample-series.ts';
import { rig, trip } from './rig.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function liveRig(options: Parameters<typeof rig>[0] = {}) {
  const all = rig({ live: true, ...options });
  closing.push(all.close);
  return { ...all, listen: (lastEventId?: string) => listen(all, lastEventId) };
}

interface Heard {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

/** A client of the event stream. */
async function listen({ app, clock }: ReturnType<typeof rig>, lastEventId?: string) {
  const response = await app.request('http://localhost/v1/events', {
    headers: { host: 'localhost', ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
  });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  const blocks: string[] = [];
  let rest = '';
  let over = false;
  void (async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const parts = (rest + decoder.decode(value, { stream: true })).split('\n\n');
      rest = parts.pop() ?? '';
      blocks.push(...parts);
    }
    over = true;
  })();
  await clock.advance(0);
  return {
    /** Everything received, after giving what is under way its turn. */
    async heard(): Promise<Heard[]> {
      for (let round = 0; round < 20; round++) await clock.advance(0);
      return blocks.map((block) =>
        Object.fromEntries(block.split('\n').map((line) => line.split(/: ?(.*)/s))),
      );
    },
    over: () => over,
    stop: () => reader.cancel(),
  };
}

const of = (event: string) => (heard: Heard) => heard.event === event;
const dataOf = ({ data = '{}' }: Heard) => JSON.parse(data);

test('a trip and an override are heard of at once where the store pushes', async () => {
  const { listen, store, ask } = liveRig();
  const client = await listen();
  await trip(store, 'payments', 10_000);
  await ask('PUT', '/v1/circuits/payments/override', { mode: 'disabled', reason: 'we know' });
  const circuits = (await client.heard()).filter(of('circuit')).map(dataOf);
  expect(circuits.map(({ name, state }) => [name, state])).toEqual([
    ['payments', 'open'],
    ['payments', 'disabled'],
  ]);
});

test('transitions and acts are told one by one, with who and why, also those that no reading has seen', async () => {
  const { listen, store, ask } = liveRig();
  await store.clear(['payments'], { by: 'test', reason: 'there' });
  const client = await listen();
  await client.heard();
  await trip(store, 'payments', 10_000);
  const policy = '/v1/circuits/payments/policy';
  await ask('PUT', policy, { values: { failureThreshold: 5 }, reason: 'flapping' });
  await ask('DELETE', policy, { reason: 'fixed' });
  const heard = await client.heard();
  expect(heard.filter(of('transition')).map(dataOf)).toMatchObject([
    { name: 'payments', kind: 'transition', transition: { to: 'open', by: 'pod-1', epoch: { number: 2 } } },
  ]);
  expect(heard.filter(of('act')).map(dataOf)).toMatchObject([
    {
      name: 'payments',
      kind: 'act',
      act: { kind: 'policy', values: { failureThreshold: 5 }, by: 'control-api', reason: 'flapping' },
    },
    { name: 'payments', kind: 'act', act: { kind: 'policy', values: {}, reason: 'fixed' } },
  ]);
});

test('without push they are heard of with the next reading', async () => {
  const clock = new FakeClock();
  const inner = new MemoryStore({ clock });
  const silent = new Proxy(inner, {
    get(store, key) {
      if (key === 'subscribe') return undefined;
      const value = Reflect.get(store, key);
      return typeof value === 'function' ? value.bind(store) : value;
    },
  });
  const { listen } = liveRig({ store: silent, clock });
  const client = await listen();
  await trip(inner, 'payments', 10_000);
  expect((await client.heard()).filter(of('circuit'))).toEqual([]);
  await clock.advance(1_000);
  expect((await client.heard()).filter(of('circuit')).map(dataOf)).toMatchObject([{ state: 'open' }]);
});

test('whoever was away reads on behind the last event; whoever missed too much is told so', async () => {
  const { listen, store, clock } = liveRig();
  const client = await listen();
  await trip(store, 'payments', 10_000);
  const before = await client.heard();
  const last = before.at(-1)?.id;
  await client.stop();

  await trip(store, 'ledger', 10_000);
  const back = await listen(last);
  expect((await back.heard()).filter(of('circuit')).map(dataOf)).toMatchObject([{ name: 'ledger' }]);
  await back.stop();

  for (const id of ['00000000-3', 'nonsense', `${last}9999999`]) {
    const stranger = await listen(id);
    expect((await stranger.heard()).map(({ event }) => event)).toContain('reset');
    await stranger.stop();
  }
  await clock.advance(0);
});

test('a client that loses the connection before its first event has an id to come back with', async () => {
  const { listen, store } = liveRig();
  const client = await listen();
  const [first] = await client.heard();
  expect(first?.data).toBeUndefined();
  await client.stop();
  await trip(store, 'payments', 10_000);
  const back = await listen(first?.id);
  expect((await back.heard()).filter(of('circuit')).map(dataOf)).toMatchObject([{ name: 'payments' }]);
});

test('a sample a second: what the fleet reported, and what this process let through', async () => {
  const { listen, store, clock, ask } = liveRig({
    samples: () => ({ payments: { admitted: 7, rejected: 2, failed: 1, processes: 3 } }),
  });
  const client = await listen();
  const [base] = await store.load(['payments'], () => ({ bucketMs: 6_000, buckets: 10 }));
  if (!base) throw new Error('no record');
  const slot = Math.floor(clock.now() / 6_000);
  await store.report(base, {
    [slot]: { calls: 10, failures: 1, slow: 0, isolated: 0, isolatedSlow: 0, votes: 0 },
  });
  await clock.advance(1_000);
  const { record } = await store.report(base, {
    [slot]: { calls: 5, failures: 2, slow: 0, isolated: 0, isolatedSlow: 0, votes: 0 },
  });
  expect(record.evidence[slot]).toMatchObject({ calls: 15 });
  await clock.advance(1_000);
  const samples = (await client.heard()).filter(of('sample')).map(dataOf);
  expect(samples.at(-1)).toEqual({
    atMs: clock.now(),
    circuits: { payments: { calls: 5, failures: 2, admitted: 7, rejected: 2, failed: 1, processes: 3 } },
  });
  const past = (await ask('GET', `/v1/samples?circuit=payments&sinceMs=${clock.now() - 1}`)).json();
  expect(past.samples).toEqual([samples.at(-1)]);
});

test('what a circuit reports that was not there with the sample before is in the sample, a trip too', async () => {
  const { listen, store, clock } = liveRig();
  await trip(store, 'old', 10_000);
  const client = await listen();
  await clock.advance(1_000);
  await trip(store, 'payments', 10_000);
  const [base] = await store.load(['ledger'], () => ({ bucketMs: 6_000, buckets: 10 }));
  if (!base) throw new Error('no record');
  await store.report(base, {
    [Math.floor(clock.now() / 6_000)]: {
      calls: 10,
      failures: 1,
      slow: 0,
      isolated: 0,
      isolatedSlow: 0,
      votes: 0,
    },
  });
  await clock.advance(1_000);
  const samples = (await client.heard()).filter(of('sample')).map(dataOf);
  expect(samples.map(({ circuits }) => circuits).slice(-2)).toEqual([
    {},
    { payments: { calls: 5, failures: 3 }, ledger: { calls: 10, failures: 1 } },
  ]);
});

test('the evidence that tripped a circuit is in the sample although the trip emptied it', async () => {
  const { listen, store, clock } = liveRig();
  const client = await listen();
  await store.override('payments', { mode: 'disabled', by: 'me', reason: 'now it is there' });
  await clock.advance(1_000);
  await trip(store, 'payments', 10_000);
  await clock.advance(1_000);
  const samples = (await client.heard()).filter(of('sample')).map(dataOf);
  expect(samples.at(-1).circuits).toEqual({ payments: { calls: 5, failures: 3 } });
});

test('while the store fails there are no samples, health says so, and all comes back', async () => {
  const clock = new FakeClock();
  const store = new FaultyStore(new MemoryStore({ clock }));
  const { listen, ask } = liveRig({ store, clock });
  const client = await listen();
  await clock.advance(1_000);
  const count = async () => (await client.heard()).filter(of('sample')).length;
  const before = await count();
  expect(before).toBeGreaterThan(0);
  expect((await ask('GET', '/v1/health')).status).toBe(200);
  const heal = store.inject('every', async () => Promise.reject(new Error('down')));
  await clock.advance(5_000);
  expect(await count()).toBe(before);
  expect((await ask('GET', '/v1/health')).status).toBe(503);
  heal();
  await clock.advance(1_000);
  expect(await count()).toBe(before + 1);
  expect((await ask('GET', '/v1/health')).status).toBe(200);
});

test('nobody listens: readings are ten times rarer; a listener ends the pause', async () => {
  const clock = new FakeClock();
  const store = new FaultyStore(new MemoryStore({ clock }));
  const { listen } = liveRig({ store, clock });
  await clock.advance(60_000);
  expect(store.calls.list).toBe(7);
  const client = await listen();
  expect(store.calls.list).toBe(8);
  await clock.advance(5_000);
  expect(store.calls.list).toBe(13);
  await client.stop();
  await clock.advance(20_000);
  expect(store.calls.list).toBeLessThan(18);
});

test('who asks for the head of the stream alone takes no place', async () => {
  const { app, listen } = liveRig();
  const answers = await Promise.all(
    Array.from({ length: 101 }, () =>
      app.request('http://localhost/v1/events', { method: 'HEAD', headers: { host: 'localhost' } }),
    ),
  );
  for (const { status, headers } of answers)
    expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  await listen();
});

test('a stream that lasts for days holds no more than a young one', async () => {
  const watching = vi.spyOn(StreamingApi.prototype, 'onAbort');
  const { clock, listen } = liveRig();
  const { heard } = await listen();
  await clock.advance(30_000);
  expect((await heard()).filter(of('sample')).length).toBeGreaterThan(10);
  expect(watching.mock.calls.length).toBeLessThanOrEqual(1);
  watching.mockRestore();
});

test('a stream ends when the server closes, and leaves nothing behind', async () => {
  const { listen, close, clock } = liveRig();
  const client = await listen();
  await close();
  await client.heard();
  expect(client.over()).toBe(true);
  expect(clock.pending).toBe(0);
});

test('a server that does not watch says so instead of a stream without events', async () => {
  const { ask } = rig({ live: false });
  expect((await ask('GET', '/v1/events')).json()).toMatchObject({ status: 501, code: 'NOT_LIVE' });
});

test('the ring forgets the oldest, and says so rather than skip them', () => {
  const log = new EventLog(3);
  const start = log.latest;
  const sample = (atMs: number) => log.append({ event: 'sample', data: { atMs, circuits: {} } });
  sample(1);
  const first = log.latest;
  for (const atMs of [2, 3, 4]) sample(atMs);
  expect(log.after(start)).toBeUndefined();
  expect(log.after(first)?.map(({ data }) => JSON.parse(data).atMs)).toEqual([2, 3, 4]);
  expect(log.after(log.latest)).toEqual([]);
});

test('the series is bounded in samples and in counts', () => {
  const series = new SampleSeries();
  const circuits = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, at) => [`c${at}`, { calls: 1, failures: 0 }]),
  );
  for (let atMs = 1; atMs <= 300; atMs++) series.add({ atMs, circuits });
  expect(series.since(0)).toHaveLength(100);
  const small = new SampleSeries();
  for (let atMs = 1; atMs <= 2_000; atMs++) small.add({ atMs, circuits: {} });
  expect(small.since(0)[0]?.atMs).toBe(1_101);
});
