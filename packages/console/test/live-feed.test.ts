/** The feed against servers that misbehave: time and answers are the test's. */

import type { Circuit } from '@switchgear/cli/control-api';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ControlApi } from '../src/api/control-api.ts';
import { LiveFeed, type LiveStatus } from '../src/api/live-feed.ts';
import { Fleet } from '../src/fleet/fleet.ts';

const NOW = Date.UTC(2026, 10, 21, 3);

/** A server whose answers the test gives, when it likes. */
class Server {
  #asked: {
    readonly path: string;
    readonly answer: (response: Response) => void;
    readonly signal: AbortSignal | undefined;
  }[] = [];

  constructor() {
    vi.stubGlobal(
      'fetch',
      (url: URL, { signal }: { signal?: AbortSignal }) =>
        new Promise<Response>((resolve, reject) => {
          const asked = { path: url.pathname, answer: resolve, signal };
          this.#asked.push(asked);
          signal?.addEventListener('abort', () => {
            this.#asked = this.#asked.filter((each) => each !== asked);
            reject(signal.reason);
          });
        }),
    );
  }

  /** How often it was asked for `path` and has not answered. */
  open(path: string): number {
    return this.#asked.filter((asked) => asked.path === path).length;
  }

  /** Answers the oldest open question for `path`. */
  async answer(path: string, response: Response): Promise<AbortSignal | undefined> {
    expect(this.open(path)).toBeGreaterThan(0);
    const [asked] = this.#asked.splice(
      this.#asked.findIndex((asked) => asked.path === path),
      1,
    );
    asked?.answer(response);
    await settled();
    return asked?.signal;
  }

  /** A stream of events, and the way to send them. */
  async stream(): Promise<(event: string, data: object) => Promise<void>> {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const send = async (event: string, data: object) => {
      writer
        .write(new TextEncoder().encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`))
        .catch(() => {});
      await settled();
    };
    const signal = await this.answer('/v1/events', new Response(readable));
    signal?.addEventListener('abort', () => {
      writer.abort(signal.reason).catch(() => {});
    });
    return send;
  }

  async picture(circuits: readonly Circuit[], nowMs = Date.now()): Promise<void> {
    await this.answer('/v1/circuits', Response.json({ nowMs, circuits, unreadable: [] }));
    await this.answer('/v1/samples', Response.json({ samples: [] }));
  }
}

/** Whatever is under way without a timer is done. */
async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  await new Promise((resolve) => setImmediate(resolve));
  await vi.advanceTimersByTimeAsync(0);
}

const circuit = (state: Circuit['state'], number: number): Circuit => ({
  name: 'payments',
  state,
  sinceMs: NOW,
  retryAfterMs: 0,
  evidence: { calls: 0, failures: 0, slow: 0, isolated: 0 },
  failureRatio: 0,
  epoch: { number, id: `e${number}` },
  versions: { override: 0, policy: 0 },
  leases: [],
});

let fleet: Fleet;
let feed: LiveFeed;
let server: Server;
const lost = () => feed.status as Extract<LiveStatus, { kind: 'lost' }>;

beforeEach(() => {
  vi.useFakeTimers({
    now: NOW,
    toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
  });
  vi.stubGlobal('addEventListener', () => {});
  vi.stubGlobal('removeEventListener', () => {});
  server = new Server();
  fleet = new Fleet();
  feed = new LiveFeed(new ControlApi('http://switchgear.test/'), fleet);
  void feed.run();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('a server that takes the connection and never answers is given up, and tried again', async () => {
  await vi.advanceTimersByTimeAsync(17_000);
  expect(lost()).toMatchObject({ kind: 'lost', why: 'the server does not answer' });
  await vi.advanceTimersByTimeAsync(2_000);
  await server.stream();
  await server.picture([circuit('closed', 1)]);
  expect(feed.status.kind).toBe('live');
});

it('a whole picture that never comes is no live page, however alive the stream is', async () => {
  const send = await server.stream();
  for (let second = 0; second < 17; second++) {
    await send('sample', { atMs: NOW, circuits: {} });
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(lost()).toMatchObject({ kind: 'lost', why: 'the server does not answer' });
});

it('a picture that was asked for before a reset does not stand in for the one after it', async () => {
  const send = await server.stream();
  await send('reset', {});
  expect(server.open('/v1/circuits')).toBe(2);
  await server.picture([circuit('closed', 1)]);
  // This one is told once, before the second picture, which was read before it, arrives.
  await send('circuit', circuit('open', 2));
  await server.picture([circuit('closed', 1)]);
  expect(fleet.circuit('payments')?.state).toBe('open');
});

it('a clock that is set, or a browser that slept, is noticed: everything is read anew', async () => {
  await server.stream();
  await server.picture([circuit('closed', 1)]);
  expect(feed.status.kind).toBe('live');
  vi.setSystemTime(NOW - 3_600_000);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(lost()).toMatchObject({ kind: 'lost', why: 'this browser slept, or its clock was set' });
  await vi.advanceTimersByTimeAsync(2_000);
  await server.stream();
  await server.picture([circuit('closed', 1)], NOW + 5_000);
  expect(Math.abs(fleet.nowMs - NOW - 5_000)).toBeLessThan(1_000);
});

it('says when something else answers in the place of the server', async () => {
  await server.stream();
  await server.answer('/v1/circuits', new Response('<html>Please sign in</html>'));
  expect(lost().why).toBe('something else answers in the place of the server');
});

it('who is locked out sees nothing of before', async () => {
  const send = await server.stream();
  await server.picture([circuit('open', 2)]);
  await send('reset', {});
  await server.answer(
    '/v1/circuits',
    Response.json({ status: 401, code: 'UNAUTHENTICATED', detail: 'a token is needed' }, { status: 401 }),
  );
  expect(feed.status).toEqual({ kind: 'locked', why: 'a token is needed' });
  expect(fleet.size).toBe(0);
});

it('an answer to a change does not undo news that came before it', () => {
  const before = circuit('closed', 1);
  fleet.put(before);
  fleet.put(circuit('open', 3));
  fleet.answer(before, circuit('closed', 2));
  expect(fleet.circuit('payments')?.state).toBe('open');
  const now = fleet.circuit('payments') as Circuit;
  fleet.answer(now, circuit('closed', 4));
  expect(fleet.circuit('payments')?.epoch.number).toBe(4);
});

it('a change that has no answer is given up', async () => {
  const api = new ControlApi('http://switchgear.test/');
  const change = api.reset('payments', 0, 'fresh start').catch((error: Error) => error.name);
  await vi.advanceTimersByTimeAsync(16_000);
  expect(await change).toBe('AbortError');
});
