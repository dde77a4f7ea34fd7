import { AsyncResource } from 'node:async_hooks';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compose, fallback, lastGoodAnswer } from '../../src/guard/index.ts';
import { currentInvocation, invocationDeadline, withSwitchgear } from '../../src/lambda/index.ts';
import { switchgear } from '../../src/middy/index.ts';
import { caught, hangs, LambdaFunction, refused } from './function.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Middy has timers of its own: no clock to move for those. */
const NO_TIMEOUT = { timeoutEarlyInMillis: 0 };

const contextOf = (f: LambdaFunction, timeoutMs?: number) => f.context(timeoutMs) as Context;
const tick = async () => new Promise((resolve) => setImmediate(resolve));

/** A handler, and when it has begun: from then on the clock may move. */
function told<E, R>(handler: (event: E) => Promise<R>) {
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const telling = (event: E) => {
    begin();
    return handler(event);
  };
  return { handler: telling, begun };
}

describe('the middleware', () => {
  it('the handler is inside the invocation, and its calls end in time', async () => {
    const f = new LambdaFunction();
    const payments = compose(f.gear.breaker('payments'), invocationDeadline());
    const handler = middy(NO_TIMEOUT)
      .use(switchgear(f.options))
      .before(async () => void (await tick()))
      .handler(async () => {
        const error = (await caught(payments.execute(hangs))) as Error;
        return [currentInvocation()?.requestId, error.name];
      });
    const call = handler({}, contextOf(f));
    await tick();
    await f.clock.advance(2_000);
    expect(await call).toEqual(['request-1', 'TimeoutError']);
    // Middy ran in this test's own context.
    expect(currentInvocation()).toBeUndefined();
    expect(f.store.calls.report).toBe(1);
  });

  it('reads circuits during INIT; the first invocation waits for it', async () => {
    const f = new LambdaFunction();
    await f.tripElsewhere('payments');
    f.store.calls.load = 0;
    const payments = f.gear.breaker('payments');
    const handler = middy(async () => payments.state.state, NO_TIMEOUT).use(switchgear(f.options));
    expect(await handler({}, contextOf(f))).toBe('open');
    expect(f.store.calls.load).toBe(1);
  });

  it('L14 invocations at the same time each have their own', async () => {
    const f = new LambdaFunction();
    const log = vi.spyOn(console, 'error');
    const handler = middy(async (event: { ms: number }) => {
      const before = currentInvocation()?.requestId;
      await f.sleep(event.ms);
      return [before, currentInvocation()?.requestId];
    }, NO_TIMEOUT).use(switchgear(f.options));
    const calls = [30, 10, 20].map((ms) => handler({ ms }, contextOf(f)));
    await tick();
    await f.clock.advance(30);
    expect(await Promise.all(calls)).toEqual([
      ['request-1', 'request-1'],
      ['request-2', 'request-2'],
      ['request-3', 'request-3'],
    ]);
    expect(log).not.toHaveBeenCalled();
  });

  it('waits for the store before the response, after a failure too', async () => {
    const f = new LambdaFunction({}, { awaitReports: false });
    const payments = f.gear.breaker('payments');
    let reported = false;
    f.store.after('report', () => {
      reported = true;
    });
    const handler = middy(
      async (_event: object) => payments.execute(() => Promise.reject(refused())),
      NO_TIMEOUT,
    ).use(switchgear(f.options));
    expect(await caught(handler({}, contextOf(f)))).toMatchObject({ code: 'ECONNREFUSED' });
    expect(reported).toBe(true);
  });

  it('protects the whole handler', async () => {
    const f = new LambdaFunction();
    let calls = 0;
    const handler = middy(async (_event: object) => {
      calls++;
      throw refused();
    }, NO_TIMEOUT).use(switchgear({ ...f.options, protect: f.gear.breaker('orders') }));
    const codes: unknown[] = [];
    for (let i = 0; i < 4; i++)
      codes.push(((await caught(handler({}, contextOf(f)))) as { code: string }).code);
    expect(codes).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED', 'CIRCUIT_OPEN']);
    expect(calls).toBe(3);
  });

  it('protects: a success counts, and leaves no timer behind', async () => {
    const f = new LambdaFunction();
    const orders = f.gear.breaker('orders');
    const handler = middy(async (_event: object) => 'done', NO_TIMEOUT).use(
      switchgear({ ...f.options, protect: orders }),
    );
    await handler({}, contextOf(f));
    const pending = f.clock.pending;
    for (let i = 0; i < 3; i++) expect(await handler({}, contextOf(f))).toBe('done');
    expect(f.clock.pending).toBe(pending);
    // The successes ride on the first failure.
    await caught(orders.execute(() => Promise.reject(refused())));
    expect(orders.state.evidence).toMatchObject({ calls: 5, failures: 1 });
  });

  it('protects: a handler that is busy until Lambda kills it has failed before that', async () => {
    const f = new LambdaFunction();
    const orders = f.gear.breaker('orders');
    const busy = told(hangs);
    const handler = middy(busy.handler, NO_TIMEOUT).use(switchgear({ ...f.options, protect: orders }));
    void handler({}, contextOf(f));
    await busy.begun;
    await f.clock.advance(2_000);
    expect(orders.state.evidence.failures).toBe(1);
    expect(f.store.calls.report).toBe(1);
  });

  it('protects: a handler that takes longer than the breaker’s timeout has failed, whenever it ends', async () => {
    const f = new LambdaFunction();
    const outcomes: string[] = [];
    f.gear.onCall(({ outcome }) => outcomes.push(outcome));
    const slow = told(async (_event: object) => f.sleep(5_000).then(() => 'late'));
    const handler = middy(slow.handler, NO_TIMEOUT).use(
      switchgear({ ...f.options, protect: f.gear.breaker('orders', { timeout: '1s' }) }),
    );
    const call = handler({}, contextOf(f, 10_000));
    await slow.begun;
    await f.clock.advance(1_000);
    expect(outcomes).toEqual(['failure']);
    await f.clock.advance(4_000);
    expect(await call).toBe('late');
    expect(outcomes).toEqual(['failure']);
    expect(f.clock.pending).toBe(0);
  });

  it('protects: a fallback answers in place of an open circuit, and of a handler that failed', async () => {
    const f = new LambdaFunction();
    const later = { statusCode: 503 };
    const orders = f.gear.breaker('orders', { guards: [fallback(later)] });
    let calls = 0;
    const handler = middy(async (_event: object) => {
      calls++;
      throw refused();
    }, NO_TIMEOUT).use(switchgear({ ...f.options, protect: orders }));
    let ends = 0;
    for (let i = 0; i < 5; i++) expect(await handler({}, contextOf(f))).toBe(later);
    expect(calls).toBe(3);
    expect(f.store.calls.report).toBe(2);
    const guards = [fallback(null), lastGoodAnswer({ clock: f.clock })];
    const cached = middy(
      async ({ n }: { n: number }) => (n > 0 ? n : Promise.reject(refused())),
      NO_TIMEOUT,
    ).use(switchgear({ ...f.options, protect: f.gear.breaker('cached', { guards }), atEnd: () => ends++ }));
    const answers: unknown[] = [];
    for (const n of [0, 0, 7, 0, 0, 9]) answers.push(await caught(cached({ n }, contextOf(f))));
    expect(answers).toEqual([null, null, 7, 7, 7, 7]);
    expect(ends).toBe(6);
    await f.tripElsewhere('silent');
    const silent = middy(async (_event: object) => calls++, NO_TIMEOUT).use(
      switchgear({ ...f.options, protect: f.gear.breaker('silent', { guards: [fallback(undefined)] }) }),
    );
    expect(await silent({}, contextOf(f))).toBeUndefined();
    expect(calls).toBe(3);
  });

  it('protects: no time left is no verdict, and the handler is not called', async () => {
    const f = new LambdaFunction();
    const orders = f.gear.breaker('orders');
    const handler = middy(async (_event: object) => 'made', NO_TIMEOUT).use(
      switchgear({ ...f.options, protect: orders }),
    );
    expect(await caught(handler({}, contextOf(f, 0)))).toMatchObject({ code: 'NO_TIME_LEFT' });
    expect(orders.state.evidence.calls).toBe(0);
  });

  it('refuses what is no guard, or no function of Lambda, in words', async () => {
    const f = new LambdaFunction();
    expect(() => switchgear({ ...f.options, protect: 'orders' as never })).toThrow(
      /protect is string; allowed: a guard/,
    );
    const handler = middy(async (_event: object) => 'made', NO_TIMEOUT).use(switchgear(f.options));
    expect(await caught(handler({}, {} as Context))).toMatchObject({
      message: expect.stringMatching(/without the context of Lambda/),
    });
  });

  it('protects: an early response of another middleware is no verdict', async () => {
    const f = new LambdaFunction();
    const orders = f.gear.breaker('orders');
    const handler = middy(hangs, NO_TIMEOUT)
      .use(switchgear({ ...f.options, protect: orders }))
      .before(() => 'from a cache');
    expect(await handler({}, contextOf(f))).toBe('from a cache');
    await f.clock.advance(3_000);
    expect(orders.state.evidence).toMatchObject({ calls: 0, failures: 0 });
  });

  it('protects: early responses hold no place, and the end of the invocation is told', async () => {
    const f = new LambdaFunction({ maxConcurrent: 1, maxQueue: 0 });
    const protect = f.gear.breaker('orders');
    let ends = 0;
    const outcomes: string[] = [];
    f.gear.onCall(({ outcome }) => outcomes.push(outcome));
    const handler = middy(async () => 'from the handler', NO_TIMEOUT)
      .use(switchgear({ ...f.options, protect, atEnd: () => ends++ }))
      .before(({ event }) => (event as { cached?: boolean }).cached || undefined);
    for (let i = 0; i < 3; i++) expect(await handler({ cached: true }, contextOf(f))).toBe(true);
    expect(await handler({}, contextOf(f))).toBe('from the handler');
    await tick();
    expect(ends).toBe(4);
    expect(outcomes).toEqual(['ignored', 'ignored', 'ignored', 'success']);
  });

  it('protects: an error that another middleware answers early has its verdict all the same', async () => {
    const f = new LambdaFunction();
    const outcomes: string[] = [];
    f.gear.onCall(({ outcome }) => outcomes.push(outcome));
    const handler = middy(() => Promise.reject(refused()), NO_TIMEOUT)
      .use(switchgear({ ...f.options, protect: f.gear.breaker('orders') }))
      .onError(() => 'sorry');
    expect(await handler({}, contextOf(f))).toBe('sorry');
    const well = middy(async () => 'well', NO_TIMEOUT)
      .use(switchgear({ ...f.options, protect: f.gear.breaker('well') }))
      .after(() => 'done');
    expect(await well({}, contextOf(f))).toBe('done');
    expect(outcomes).toEqual(['failure', 'success']);
  });

  it('where the handler is outside of the invocation, it says so once', async () => {
    const f = new LambdaFunction();
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const { before, after } = switchgear(f.options);
    // What it is to come behind another middleware where the context follows the promises, as in newer versions of Node.
    const elsewhere = new AsyncResource('elsewhere');
    const handler = middy(async () => currentInvocation(), NO_TIMEOUT)
      .before((request) => elsewhere.runInAsyncScope(() => before?.(request)))
      .after((request) => after?.(request));
    expect(await handler({}, contextOf(f))).toBeUndefined();
    await handler({}, contextOf(f));
    expect(log.mock.calls).toEqual([
      ['switchgear: the handler knows no deadline; use this middleware before all others'],
    ]);
  });
});

it('withSwitchgear goes around a middy handler too', async () => {
  const f = new LambdaFunction();
  const inner = middy(async (_event: object) => currentInvocation()?.requestId, NO_TIMEOUT).before(() => {});
  expect(await withSwitchgear(inner, f.options)({}, contextOf(f))).toBe('request-1');
});
