/** What is true of every client that calls through a breaker, against a real server. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Breaker } from '../../src/breaker.ts';
import { Operator } from '../../src/operate/index.ts';
import type { BreakerOptions } from '../../src/options.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Switchgear } from '../../src/switchgear.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { DependencyServer } from './dependency-server.ts';

export interface Client {
  /** One request; resolves with the status of the answer, whether the client throws it or returns it. */
  send(signal?: AbortSignal): Promise<number>;
  close(): Promise<void> | void;
}

/** Makes a client for an address; without a breaker, as it is without this library. */
export type MakeClient = (url: string, breaker?: Breaker) => Client;

export interface Traits {
  /** What a refused connection is called. */
  readonly refusal?: string;
  /** Whether a plugin can abort a request that is under way. */
  readonly aborts: boolean;
  /** Whether it has read the body when the call ends. */
  readonly readsBody: boolean;
}

export const caught = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error);

/** A breaker on a clock that stands still, and a server. Ends with the test. */
export function rig() {
  let server: DependencyServer;
  const clients: Client[] = [];
  beforeEach(async () => {
    server = await DependencyServer.start();
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    await server.die();
  });
  return {
    get server() {
      return server;
    },
    breaker(options: BreakerOptions = {}) {
      const clock = new FakeClock();
      const store = new MemoryStore({ clock });
      const gear = new Switchgear({ store, clock, random: () => 0 });
      const operator = new Operator({ store, by: 'ana' });
      return {
        clock,
        gear,
        operator,
        breaker: gear.breaker('dependency', { failureThreshold: 2, ...options }),
      };
    },
    client(make: MakeClient, breaker?: Breaker): Client {
      const made = make(server.url, breaker);
      clients.push(made);
      return made;
    },
  };
}

export function clientCases(make: MakeClient, { aborts, readsBody, refusal = 'ECONNREFUSED' }: Traits): void {
  const r = rig();

  test('well: answers pass, nothing is counted against it', async () => {
    const { breaker } = r.breaker();
    const client = r.client(make, breaker);
    expect(await client.send()).toBe(200);
    expect(breaker.state).toMatchObject({ state: 'closed', evidence: { failures: 0 } });
  });

  test('503: the caller has its answer, the circuit opens for as long as `Retry-After` asks', async () => {
    const { breaker } = r.breaker();
    const client = r.client(make, breaker);
    r.server.health = 'unavailable';
    expect([await client.send(), await client.send()]).toEqual([503, 503]);
    expect(await caught(client.send())).toMatchObject({ code: 'CIRCUIT_OPEN', lastFailure: 'HTTP 503' });
    expect(breaker.state).toMatchObject({ state: 'open', retryAfterMs: 70_000 });
    expect(r.server.requests.length).toBe(2);
  });

  test('well again: the probe closes the circuit', async () => {
    const { breaker, clock } = r.breaker();
    const client = r.client(make, breaker);
    r.server.health = 'unavailable';
    await client.send();
    await client.send();
    r.server.health = 'well';
    await clock.advance(70_000);
    expect(await client.send()).toBe(200);
    await clock.advance(0);
    expect(breaker.state.state).toBe('closed');
  });

  test('404 is an answer', async () => {
    const { breaker } = r.breaker({ failureThreshold: 1 });
    const client = r.client(make, breaker);
    r.server.health = 'absent';
    expect([await client.send(), await client.send()]).toEqual([404, 404]);
    expect(breaker.state).toMatchObject({ state: 'closed', evidence: { failures: 0 } });
  });

  test(`an answer that breaks off ${readsBody ? 'counts' : 'has been counted when its head came'}`, async () => {
    const { breaker } = r.breaker({ failureThreshold: 1 });
    const client = r.client(make, breaker);
    r.server.health = 'breaking off';
    await caught(client.send());
    expect(breaker.state.state).toBe(readsBody ? 'open' : 'closed');
  });

  test('slow: the call ends at its timeout, and counts', async () => {
    const { breaker, clock } = r.breaker({ timeout: '2s', failureThreshold: 1 });
    const client = r.client(make, breaker);
    r.server.health = 'silent';
    const arrival = r.server.arrival();
    const call = caught(client.send());
    await arrival;
    const gone = r.server.departure();
    await clock.advance(2_000);
    expect(await call).toMatchObject({ code: 'CALL_TIMEOUT' });
    expect(breaker.state).toMatchObject({ state: 'open', transition: { lastFailure: 'TimeoutError' } });
    if (aborts) await gone;
  });

  test('dead: the caller has the error it would have had, and it counts', async () => {
    const { breaker } = r.breaker();
    const [guarded, plain] = [r.client(make, breaker), r.client(make)];
    await r.server.die();
    const [mine, usual] = [await caught(guarded.send()), await caught(plain.send())];
    expect(shapeOf(mine)).toEqual(shapeOf(usual));
    await caught(guarded.send());
    expect(await caught(guarded.send())).toMatchObject({ code: 'CIRCUIT_OPEN', lastFailure: refusal });
  });

  test('L6 the caller’s abort ends the request as it would have, and counts as nothing', async () => {
    const { breaker } = r.breaker({ failureThreshold: 1 });
    r.server.health = 'silent';
    const errors: unknown[] = [];
    for (const client of [r.client(make, breaker), r.client(make)]) {
      const controller = new AbortController();
      const arrival = r.server.arrival();
      const call = caught(client.send(controller.signal));
      await arrival;
      const gone = r.server.departure();
      // Whatever its reason: a caller's own time limit says nothing about the dependency.
      controller.abort(new DOMException('the caller has no more time', 'TimeoutError'));
      errors.push(await call);
      await gone;
    }
    // Not its message: ours is there before the client has put its own into words.
    const [mine, usual] = errors.map(shapeOf);
    expect({ ...mine, message: '' }).toEqual({ ...usual, message: '' });
    expect(breaker.state).toMatchObject({ state: 'closed', evidence: { failures: 0 } });
  });

  if (aborts)
    test('L6 the caller’s abort ends a wait in line', async () => {
      const { breaker } = r.breaker({ maxConcurrent: 1 });
      const client = r.client(make, breaker);
      r.server.health = 'silent';
      const [first, second] = [new AbortController(), new AbortController()];
      const arrival = r.server.arrival();
      const running = caught(client.send(first.signal));
      await arrival;
      const waiting = caught(client.send(second.signal));
      second.abort();
      expect(await waiting).toBeInstanceOf(Error);
      first.abort();
      await running;
      expect(r.server.requests.length).toBe(1);
    });

  test('all requests at once: the bulkhead lets in as many as allowed', async () => {
    const { breaker } = r.breaker({ maxConcurrent: 2, maxQueue: 1 });
    const client = r.client(make, breaker);
    const ended = await Promise.all([1, 2, 3, 4].map(() => caught(client.send())));
    expect(ended.filter((each) => each === 200).length).toBe(3);
    expect(ended[3]).toMatchObject({ code: 'BULKHEAD_FULL' });
  });
}

/** What tells errors of one kind from another. */
function shapeOf(error: unknown) {
  const { name, code, message, cause } = error as Error & { code?: unknown; cause?: { code?: unknown } };
  const port = /:\d{2,5}\b/g;
  return { name, code, message: message.replace(port, ''), cause: cause?.code };
}
