import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { Breaker } from '../../src/breaker.ts';
import { type FailedAnswer, guardedFetch } from '../../src/fetch/index.ts';
import { compose, retry } from '../../src/guard/index.ts';
import { type Client, caught, clientCases, rig } from './cases.ts';

function client(url: string, breaker?: Breaker): Client {
  const send = breaker ? guardedFetch(breaker) : fetch;
  return {
    async send(signal) {
      const response = await send(url, signal ? { signal } : {});
      await response.arrayBuffer();
      return response.status;
    },
    close: () => {},
  };
}

describe('guardedFetch', () => {
  clientCases(client, { aborts: true, readsBody: false });

  const r = rig();

  test('the answer is the one that fetch gave, its body unread', async () => {
    const answers: Response[] = [];
    const { breaker } = r.breaker();
    const send = guardedFetch(breaker, async (input, init) => {
      const response = await fetch(input, init);
      answers.push(response);
      return response;
    });
    for (const health of ['well', 'unavailable'] as const) {
      r.server.health = health;
      const response = await send(r.server.url);
      expect(response).toBe(answers.at(-1));
      expect(response.bodyUsed).toBe(false);
      expect(await response.json()).toBeTypeOf('object');
    }
  });

  test('takes what fetch takes: a Request, its body and its signal', async () => {
    const { breaker } = r.breaker();
    const send = guardedFetch(breaker);
    const response = await send(new Request(r.server.url, { method: 'POST', body: 'order' }));
    expect(response.status).toBe(200);
    expect(r.server.requests).toEqual(['order']);
    const aborted = new Request(r.server.url, { signal: AbortSignal.abort('gone') });
    expect(await caught(send(aborted))).toBe('gone');
    expect((await send(aborted, { signal: null })).status).toBe(200);
    expect((await Reflect.apply(send, undefined, [r.server.url, null])).status).toBe(200);
  });

  test('L6 the caller’s abort reaches a body that is under way', async () => {
    const { breaker } = r.breaker({ timeout: '2s' });
    const controller = new AbortController();
    const stream = new Response(new ReadableStream());
    let inner: AbortSignal | undefined;
    const send = guardedFetch(breaker, async (_, init) => {
      inner = init?.signal ?? undefined;
      return stream;
    });
    await send(r.server.url, { signal: controller.signal });
    expect(inner?.aborted).toBe(false);
    controller.abort('enough');
    expect(inner?.reason).toBe('enough');
  });

  test('a caller’s signal that lives on holds nothing of the calls that are over', async () => {
    const { breaker } = r.breaker();
    const controller = new AbortController();
    const signals: WeakRef<AbortSignal>[] = [];
    const send = guardedFetch(breaker, async (_, init) => {
      const signal = init?.signal as AbortSignal;
      // As fetch does.
      signal.addEventListener('abort', () => {});
      signals.push(new WeakRef(signal));
      return new Response('done');
    });
    for (let i = 0; i < 100; i++) await send(r.server.url, { signal: controller.signal });
    await until(() => signals.every((signal) => signal.deref() === undefined));
    expect(controller.signal.aborted).toBe(false);
  });

  test('L6 the caller’s abort ends a body however long ago its head came', async () => {
    const { breaker } = r.breaker({ timeout: '2s' });
    r.server.health = 'endless';
    const controller = new AbortController();
    const response = await guardedFetch(breaker)(r.server.url, { signal: controller.signal });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    const rest = caught(reader.read());
    const other = new WeakRef({});
    await until(() => other.deref() === undefined);
    controller.abort(new Error('enough'));
    expect(await rest).toMatchObject({ message: 'enough' });
  });

  test('the timeout is for the head: a long body is nobody’s failure', async () => {
    const { breaker, clock } = r.breaker({ timeout: '2s' });
    let inner: AbortSignal | undefined;
    const send = guardedFetch(breaker, async (_, init) => {
      inner = init?.signal ?? undefined;
      return new Response('long');
    });
    await send(r.server.url);
    await clock.advance(10_000);
    expect(inner?.aborted).toBe(false);
    expect(breaker.state.evidence.failures).toBe(0);
  });

  test('a circuit for each host', async () => {
    const { gear } = r.breaker();
    const send = guardedFetch((url) => gear.breaker(url.host, { failureThreshold: 1 }));
    r.server.health = 'unavailable';
    await send(r.server.url);
    const { host, port } = new URL(r.server.url);
    expect(await caught(send(`${r.server.url}/other`))).toMatchObject({
      code: 'CIRCUIT_OPEN',
      circuit: host,
    });
    r.server.health = 'well';
    expect((await send(`http://localhost:${port}`)).status).toBe(200);
    expect(await caught(send('no address'))).toBeInstanceOf(TypeError);
  });

  test('with a retry inside, a 503 is asked again, and is one failure', async () => {
    const { breaker } = r.breaker();
    const cancelled: boolean[] = [];
    const send = guardedFetch(
      compose(breaker, retry({ attempts: 3, minDelay: 1, maxDelay: '100s', random: () => 0, clock: soon })),
      async (input, init) => {
        const response = await fetch(input, init);
        const cancel = response.body?.cancel.bind(response.body);
        if (response.body && cancel)
          response.body.cancel = (reason) => {
            cancelled.push(true);
            return cancel(reason);
          };
        return response;
      },
    );
    r.server.health = 'unavailable';
    const response = await send(r.server.url);
    expect([response.status, await response.json()]).toEqual([503, { message: 'later' }]);
    expect(r.server.requests.length).toBe(3);
    expect(cancelled.length).toBe(2);
    expect(breaker.state.evidence.failures).toBe(1);
  });

  test('a repeated answer whose body broke off, or is being read, ends no process', async () => {
    const { breaker } = r.breaker();
    const unhandled: unknown[] = [];
    const hear = (error: unknown) => unhandled.push(error);
    process.on('unhandledRejection', hear);
    const broken = () => new ReadableStream({ start: (body) => body.error(new TypeError('terminated')) });
    const isRetryable = (error: unknown) => {
      const { response } = error as FailedAnswer<Response>;
      void response.text().catch(() => {});
      return true;
    };
    for (const guard of [
      retry({ random: () => 0, clock: soon }),
      retry({ isRetryable, random: () => 0, clock: soon }),
    ]) {
      const send = guardedFetch(compose(breaker, guard), async () => new Response(broken(), { status: 503 }));
      expect((await send(r.server.url)).status).toBe(503);
    }
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', hear);
    expect(unhandled).toEqual([]);
  });

  test('a body that can be read once is sent once, and the caller has its answer without a wait', async () => {
    const { breaker, clock } = r.breaker();
    const send = guardedFetch(compose(breaker, retry({ maxDelay: '100s', clock })));
    r.server.health = 'unavailable';
    const once = new Request(r.server.url, { method: 'POST', body: 'order' });
    const response = await send(once);
    expect([response.status, await response.json()]).toEqual([503, { message: 'later' }]);
    const init = { method: 'POST', body: new Blob(['stream']).stream(), duplex: 'half' } as const;
    expect((await send(r.server.url, init)).status).toBe(503);
    expect(r.server.requests).toEqual(['order', 'stream']);
  });

  test('an answer that isBreakable exempts is an answer', async () => {
    const { breaker } = r.breaker({ failureThreshold: 1, isBreakable: () => false });
    const send = guardedFetch(breaker);
    r.server.health = 'unavailable';
    expect([(await send(r.server.url)).status, (await send(r.server.url)).status]).toEqual([503, 503]);
  });
});

/** Collects garbage until it holds. */
async function until(holds: () => boolean): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  do {
    // What was looked at stays until the next task.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  } while (!holds());
}

/** Time stands still, and every wait is over at once. */
const soon = {
  now: () => Date.UTC(2026, 9, 21),
  setTimer(run: () => void) {
    const handle = setImmediate(run);
    return { cancel: () => clearImmediate(handle) };
  },
};
