import type { Context, Handler, SQSEvent } from 'aws-lambda';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compose, fallback } from '../../src/guard/index.ts';
import { currentInvocation, invocationDeadline, withSwitchgear } from '../../src/lambda/index.ts';
import { hangs as storeHangs, throws } from '../../src/testing/index.ts';
import { caught, hangs, LambdaFunction, refused } from './function.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('warm-up', () => {
  it('reads during INIT, in one batch, also breakers that are made below the handler', async () => {
    const f = new LambdaFunction();
    await f.tripElsewhere('mail');
    f.store.calls.load = 0;
    f.gear.breaker('payments');
    const handler = withSwitchgear(() => f.gear.breaker('mail').state.state, f.options);
    f.gear.breaker('mail');
    await f.clock.advance(0);
    expect(f.store.calls.load).toBe(1);
    expect(await handler({}, f.context())).toBe('open');
    expect(f.store.calls.load).toBe(1);
  });

  it('the first call waits for it, at most the store’s budget, and is made', async () => {
    const f = new LambdaFunction();
    f.store.inject('every', storeHangs);
    f.gear.onStoreError(() => {});
    const payments = f.gear.breaker('payments');
    const handler = withSwitchgear(() => payments.execute(() => 'receipt'), f.options);
    await f.clock.advance(100);
    let tookMs: number | undefined;
    const beganMs = f.clock.now();
    const call = handler({}, f.context()).then((result) => {
      tookMs = f.clock.now() - beganMs;
      return result;
    });
    await f.clock.advance(2_000);
    expect([await call, tookMs]).toEqual(['receipt', 400]);
  });

  it('a store that throws fails no INIT and no call', async () => {
    const f = new LambdaFunction();
    f.store.inject('every', throws(refused()));
    f.gear.onStoreError(() => {});
    f.gear.breaker('payments');
    const handler = withSwitchgear(() => 'fine', f.options);
    expect(await handler({}, f.context())).toBe('fine');
  });

  it('L13 one that was frozen midway is begun anew by the first invocation', async () => {
    const f = new LambdaFunction();
    f.gear.onStoreError(() => {});
    const payments = f.gear.breaker('payments');
    const away = f.store.inject('load', storeHangs);
    const handler = withSwitchgear(() => payments.execute(() => 'receipt'), f.options);
    await f.clock.advance(0);
    expect(f.store.calls.load).toBe(1);
    away();
    f.clock.jump(600_000);
    await f.tripElsewhere('payments');
    // The timer of the read that was lost: it fires before anything else is heard.
    await f.clock.advance(0);
    expect(await caught(handler({}, f.context()))).toMatchObject({ code: 'CIRCUIT_OPEN' });
  });

  it('L13 it is begun anew where the invocation before began long ago, or the clock was set back; else not', async () => {
    const f = new LambdaFunction();
    f.gear.breaker('payments');
    const handler = withSwitchgear((ms: number) => f.sleep(ms), f.options);
    const loadsAfter = async (ms: number) => {
      const call = handler(ms, f.context(20_000));
      await f.clock.advance(ms);
      await call;
      return f.store.calls.load;
    };
    expect(await loadsAfter(0)).toBe(1);
    f.clock.jump(9_000);
    expect(await loadsAfter(0)).toBe(1);
    f.clock.jump(9_000);
    expect(await loadsAfter(12_000)).toBe(1);
    // Awake, but without a call: what is known of the circuit is as old as after a freeze.
    expect(await loadsAfter(0)).toBe(2);
    f.clock.jump(10_000);
    expect(await loadsAfter(0)).toBe(3);
    f.clock.jump(-3_600_000);
    expect(await loadsAfter(0)).toBe(4);
  });
});

describe('an invocation', () => {
  it('is known to another copy of the library too: a layer’s beside that in the function’s bundle', async () => {
    vi.resetModules();
    const other = await import('../../src/lambda/index.ts');
    expect(other.currentInvocation).not.toBe(currentInvocation);
    const f = new LambdaFunction({}, { guards: [invocationDeadline()] });
    const payments = f.gear.breaker('payments');
    const handler = other.withSwitchgear(async () => {
      expect(currentInvocation()?.requestId).toBe('request-1');
      return payments.execute(hangs);
    }, f.options);
    const call = caught(handler({}, f.context(3_000)));
    await f.clock.advance(2_000);
    expect(await call).toMatchObject({ name: 'TimeoutError' });
    expect(payments.state.evidence.failures).toBe(1);
  });

  it('is known inside of it alone, with the id that ties it to others', async () => {
    const f = new LambdaFunction();
    const handler = withSwitchgear(async (_event: unknown) => currentInvocation(), f.options);
    expect(currentInvocation()).toBeUndefined();
    const deadlineMs = f.clock.now() + 3_000;
    expect(await handler({}, f.context())).toMatchObject({
      correlationId: 'request-1',
      requestId: 'request-1',
      deadlineMs,
    });
    const http = { headers: { 'X-Correlation-Id': 'order-7' } };
    expect(await handler(http, f.context())).toMatchObject({
      correlationId: 'order-7',
      requestId: 'request-2',
    });
    expect(await handler({ correlationId: 'step-3' }, f.context())).toMatchObject({
      correlationId: 'step-3',
    });
    expect(currentInvocation()).toBeUndefined();
  });

  it.each([
    ['a line break', 'a\nb'],
    ['nothing', ''],
    ['too much', 'x'.repeat(129)],
    ['no text', 7],
  ])('takes no correlation id that is %s', async (_, id) => {
    const f = new LambdaFunction();
    const handler = withSwitchgear(async (_event: unknown) => currentInvocation()?.correlationId, f.options);
    expect(await handler({ headers: { 'x-correlation-id': id } }, f.context())).toBe('request-1');
  });

  it('takes the id that a function of the user finds; one that throws harms nobody', async () => {
    const f = new LambdaFunction();
    const options = { ...f.options, correlationId: (event: { order: { id: string } }) => event.order.id };
    const handler = withSwitchgear(
      async (_: { order: { id: string } }) => currentInvocation()?.correlationId,
      options,
    );
    expect(await handler({ order: { id: 'o-1' } }, f.context())).toBe('o-1');
    expect(await handler({} as never, f.context())).toBe('request-2');
  });

  it('L14 each of several at the same time has its own id and its own deadline', async () => {
    const f = new LambdaFunction();
    const payments = compose(f.gear.breaker('payments', { failureThreshold: 10 }), invocationDeadline());
    const ended: [string | undefined, number][] = [];
    const beganMs = f.clock.now();
    const handler = withSwitchgear(async (_event: unknown) => {
      const id = currentInvocation()?.requestId;
      const error = await caught(payments.execute(hangs));
      ended.push([id, f.clock.now() - beganMs]);
      expect(currentInvocation()?.requestId).toBe(id);
      throw error;
    }, f.options);
    const calls = [6_000, 3_000, 9_000].map((timeoutMs) => caught(handler({}, f.context(timeoutMs))));
    await f.clock.advance(9_000);
    expect(ended).toEqual([
      ['request-2', 2_000],
      ['request-1', 5_000],
      ['request-3', 8_000],
    ]);
    for (const error of await Promise.all(calls)) expect(error).toMatchObject({ name: 'TimeoutError' });
    expect(f.gear.breaker('payments').state.evidence.failures).toBe(3);
  });

  it('L14 a change of state is told inside the invocation that made it', async () => {
    const f = new LambdaFunction();
    const payments = f.gear.breaker('payments');
    const told: unknown[] = [];
    f.gear.onStateChange(({ to }) => told.push([to, currentInvocation()?.correlationId]));
    const handler = withSwitchgear(async ({ ms }: { correlationId: string; ms: number }) => {
      await f.sleep(ms);
      await payments.execute(() => Promise.reject(refused()));
    }, f.options);
    const calls = [30, 10, 20].map((ms) =>
      caught(handler({ correlationId: `order-${ms}`, ms }, f.context())),
    );
    await f.clock.advance(30);
    await Promise.all(calls);
    expect(told).toEqual([['open', 'order-30']]);
  });
});

describe('the deadline', () => {
  it('L13 is the margin before Lambda’s, anywhere inside, so that the failure is counted and answered', async () => {
    const f = new LambdaFunction();
    const payments = compose(f.gear.breaker('payments'), invocationDeadline());
    const deeper = async () => payments.execute(hangs);
    const handler = withSwitchgear(async () => deeper().catch((error: Error) => error.name), {
      ...f.options,
      margin: '700ms',
    });
    const call = handler({}, f.context(3_000));
    await f.clock.advance(2_300);
    expect(await call).toBe('TimeoutError');
    expect(f.store.calls.report).toBe(1);
  });

  it('holds for every breaker of a gear that has it among its guards, whoever makes the call', async () => {
    const f = new LambdaFunction({}, { guards: [invocationDeadline()] });
    const payments = f.gear.breaker('payments');
    const handler = withSwitchgear(async () => payments.execute(hangs), f.options);
    const call = caught(handler({}, f.context(3_000)));
    await f.clock.advance(2_000);
    expect(await call).toMatchObject({ name: 'TimeoutError' });
    expect(payments.state.evidence.failures).toBe(1);
    expect(await payments.execute(() => 'outside of an invocation')).toBe('outside of an invocation');
  });

  it('is at most half the time: a function of one second makes calls too', async () => {
    const f = new LambdaFunction();
    const handler = withSwitchgear(() => invocationDeadline().execute(() => 'made'), f.options);
    expect(await handler({}, f.context(1_000))).toBe('made');
  });

  it('no call is begun without time for it, and nothing counted', async () => {
    const f = new LambdaFunction();
    const payments = f.gear.breaker('payments');
    const handler = withSwitchgear(async () => {
      await f.sleep(2_100);
      return compose(payments, invocationDeadline()).execute(() => 'made');
    }, f.options);
    const call = caught(handler({}, f.context(3_000)));
    await f.clock.advance(2_100);
    expect(await call).toMatchObject({ code: 'NO_TIME_LEFT' });
    expect(payments.state.evidence.failures).toBe(0);
  });

  it('L13 a call that nobody awaits and that fails after the thaw counts as nothing', async () => {
    const f = new LambdaFunction();
    const payments = f.gear.breaker('payments');
    let call: Promise<unknown> = Promise.resolve();
    let breakSocket = () => {};
    const handler = withSwitchgear(async () => {
      const charge = () => new Promise((_, reject) => (breakSocket = () => reject(refused())));
      call = caught(compose(payments, invocationDeadline()).execute(charge));
    }, f.options);
    await handler({}, f.context());
    f.clock.jump(600_000);
    breakSocket();
    expect(await call).toMatchObject({ code: 'NO_TIME_LEFT' });
    await handler({}, f.context());
    f.clock.jump(600_000);
    await f.clock.advance(0);
    expect(await call).toMatchObject({ code: 'NO_TIME_LEFT' });
    expect(f.store.calls.report).toBe(0);
  });

  it('outside of an invocation it does nothing', async () => {
    const signal = new AbortController().signal;
    const seen = await invocationDeadline().execute((call) => call.signal, { signal });
    expect(seen).toBe(signal);
  });
});

describe('the end', () => {
  it('waits for what is under way to the store, and no longer than the budget', async () => {
    const f = new LambdaFunction({}, { awaitReports: false, storeTimeout: '5s' });
    const payments = f.gear.breaker('payments');
    let answer = () => {};
    f.store.before('report', () => new Promise<void>((resolve) => (answer = resolve)));
    const handler = withSwitchgear(
      async () => {
        await caught(payments.execute(() => Promise.reject(refused())));
        return f.clock.now();
      },
      { ...f.options, flushTimeout: 300 },
    );
    const took = async (answered: boolean) => {
      const beganMs = f.clock.now();
      const call = handler({}, f.context()).then(() => f.clock.now() - beganMs);
      await f.clock.advance(200);
      if (answered) answer();
      await f.clock.advance(1_000);
      return call;
    };
    expect(await took(true)).toBe(200);
    expect(await took(false)).toBe(300);
  });

  it('leaves time for the answer itself', async () => {
    const f = new LambdaFunction({}, { awaitReports: false, storeTimeout: '5s' });
    const payments = f.gear.breaker('payments');
    const handler = withSwitchgear(async () => {
      await caught(payments.execute(() => Promise.reject(refused())));
      f.store.inject('report', storeHangs);
      await caught(payments.execute(() => Promise.reject(refused())));
      await f.sleep(2_800);
    }, f.options);
    const beganMs = f.clock.now();
    const call = handler({}, f.context(3_000)).then(() => f.clock.now() - beganMs);
    await f.clock.advance(5_000);
    expect(await call).toBe(2_900);
  });

  it('calls atEnd inside the invocation, after a failure too, and harms nobody if it fails or hangs', async () => {
    const f = new LambdaFunction();
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const ends: (string | undefined)[] = [];
    let atEnd: () => unknown = () => {};
    const handler = withSwitchgear(async () => Promise.reject(refused()), {
      ...f.options,
      atEnd: () => {
        ends.push(currentInvocation()?.requestId);
        return atEnd();
      },
    });
    expect(await caught(handler({}, f.context()))).toMatchObject({ code: 'ECONNREFUSED' });
    atEnd = () => {
      throw new Error('no metrics today');
    };
    expect(await caught(handler({}, f.context()))).toMatchObject({ code: 'ECONNREFUSED' });
    atEnd = hangs;
    const hung = caught(handler({}, f.context()));
    await f.clock.advance(500);
    expect(await hung).toMatchObject({ code: 'ECONNREFUSED' });
    expect(ends).toEqual(['request-1', 'request-2', 'request-3']);
    expect(log).toHaveBeenCalledTimes(1);
    expect(f.clock.pending).toBe(0);
  });
});

describe('protect', () => {
  it('guards the whole handler: it is not called while the circuit is open', async () => {
    const f = new LambdaFunction();
    let calls = 0;
    const handler = withSwitchgear(
      async () => {
        calls++;
        throw refused();
      },
      { ...f.options, protect: f.gear.breaker('orders') },
    );
    const codes: unknown[] = [];
    for (let i = 0; i < 4; i++)
      codes.push(((await caught(handler({}, f.context()))) as { code: string }).code);
    expect(codes).toEqual(['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED', 'CIRCUIT_OPEN']);
    expect(calls).toBe(3);
  });

  it('a handler that hangs is given up the margin before Lambda kills it, and has failed', async () => {
    const f = new LambdaFunction();
    const orders = f.gear.breaker('orders');
    const handler = withSwitchgear(hangs, { ...f.options, protect: orders });
    const call = caught(handler({}, f.context(3_000)));
    await f.clock.advance(2_000);
    expect(await call).toMatchObject({ name: 'TimeoutError' });
    expect(orders.state.evidence.failures).toBe(1);
  });

  it('takes a composition: a fallback answers in place of an open circuit', async () => {
    const f = new LambdaFunction();
    await f.tripElsewhere('orders');
    const later = { statusCode: 503 };
    const handler = withSwitchgear(async () => ({ statusCode: 200 }), {
      ...f.options,
      protect: compose(fallback(later), f.gear.breaker('orders')),
    });
    expect(await handler({}, f.context())).toBe(later);
  });
});

describe('the handler', () => {
  it('keeps its types, arguments and results', async () => {
    const f = new LambdaFunction();
    const plain = withSwitchgear(
      async (event: { n: number }, context: Context) => `${event.n} ${context.awsRequestId}`,
      f.options,
    );
    expect(await plain({ n: 7 }, f.context() as Context)).toBe('7 request-1');
    const declared: Handler<{ n: number }, string> = withSwitchgear(async (event) => `${event.n}`, f.options);
    const typed: Handler<SQSEvent, number> = async ({ Records }) => Records.length;
    const wrapped = withSwitchgear(typed, f.options);
    expect(await declared({ n: 8 }, f.context() as Context, () => {})).toBe('8');
    expect(await wrapped({ Records: [] }, f.context() as Context)).toBe(0);
  });

  it('is not handed a callback: it would be answered before it calls it', async () => {
    const f = new LambdaFunction();
    const seen: unknown[] = [];
    const inner = (...args: unknown[]) => void seen.push(...args);
    const context = f.context();
    await Reflect.apply(withSwitchgear(inner, f.options), undefined, ['event', context, () => {}]);
    expect(seen).toEqual(['event', context]);
  });

  it('that streams gets its stream, and stays one that streams', async () => {
    const f = new LambdaFunction();
    const mark = Symbol.for('aws.lambda.runtime.handler.streaming');
    const inner = async (_: unknown, stream: string[], context: { awsRequestId: string }) => {
      stream.push(currentInvocation()?.requestId ?? 'none', context.awsRequestId);
    };
    const handler = withSwitchgear(Object.assign(inner, { [mark]: 'response' }), f.options);
    expect(Reflect.get(handler, mark)).toBe('response');
    const stream: string[] = [];
    await handler({}, stream, f.context());
    expect(stream).toEqual(['request-1', 'request-1']);
  });

  it('called without a context rejects: nobody would know when to end', async () => {
    const f = new LambdaFunction();
    const handler = withSwitchgear(async () => 'made', f.options);
    expect(await caught(handler({}, {} as never))).toBeInstanceOf(TypeError);
  });

  it('options that are wrong are refused at module load, all at once', () => {
    const f = new LambdaFunction();
    expect(() => withSwitchgear(async () => {}, {} as never)).toThrow(
      /gear is undefined; allowed: a Switchgear/,
    );
    const wrong = { gear: f.gear, margin: -1, flushTimout: 3, atEnd: 'now' } as never;
    const refusal = () => withSwitchgear(async () => {}, wrong);
    expect(refusal).toThrow(/margin is -1; allowed: milliseconds/);
    expect(refusal).toThrow(/flushTimout is not an option, did you mean flushTimeout/);
    expect(refusal).toThrow(/atEnd is 'now'; allowed: a function/);
    expect(() => withSwitchgear('index.handler' as never, f.options)).toThrow(
      /handler is 'index.handler'; allowed: a function/,
    );
    expect(() => withSwitchgear(async () => {}, { ...f.options, protect: {} as never })).toThrow(
      /withSwitchgear.protect is object; allowed: a guard/,
    );
  });
});
