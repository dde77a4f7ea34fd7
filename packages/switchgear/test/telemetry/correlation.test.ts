/** Every event names the request that brought it about, however many run side by side in one process. */

import { AsyncLocalStorage } from 'node:async_hooks';
import middy from '@middy/core';
import { describe, expect, it } from 'vitest';
import { type EndedCall, type StateChange, Switchgear } from '../../src/index.ts';
import { withSwitchgear } from '../../src/lambda/index.ts';
import { switchgear } from '../../src/middy/index.ts';
import { caught, hangs, LambdaFunction, refused } from '../lambda/function.ts';

/** A function whose events are kept. */
function rig({ failureThreshold = 2, heard = true } = {}) {
  const f = new LambdaFunction({ failureThreshold, timeout: '1s' });
  const changes: StateChange[] = [];
  const calls: EndedCall[] = [];
  f.gear.onStateChange((change) => changes.push(change));
  if (heard) f.gear.onCall((call) => calls.push(call));
  const ids = (events: readonly (EndedCall | StateChange)[]) =>
    events.map((event) => [event.circuit, 'to' in event ? event.to : event.outcome, event.correlationId]);
  return { f, payments: f.gear.breaker('payments'), calls: () => ids(calls), changes: () => ids(changes) };
}

/** What the work of an invocation is, and when. */
interface Work {
  readonly afterMs: number;
  readonly ends: 'well' | 'refused' | 'hangs';
}

describe.each(['a handler', 'a streaming handler', 'a middleware'] as const)('invocations of %s', (kind) => {
  it('side by side: each call and each change has its own', async () => {
    const { f, payments, calls, changes } = rig();
    const work = async ({ afterMs, ends }: Work) => {
      await f.sleep(afterMs);
      return caught(
        payments.execute(async () => {
          if (ends === 'hangs') return hangs();
          await f.sleep(10);
          if (ends === 'refused') throw refused();
          return 'well';
        }),
      );
    };
    const streamed = withSwitchgear(
      async (event: Work, stream: { write(text: unknown): void }) => stream.write(await work(event)),
      f.options,
    );
    const invoke: Record<typeof kind, (event: Work) => Promise<unknown>> = {
      'a handler': (event) => withSwitchgear(work, f.options)(event, f.context()),
      'a streaming handler': (event) => streamed(event, { write: () => {} }, f.context()),
      'a middleware': async (event) =>
        // Its context is more than what we use of it.
        middy<Work>().use(switchgear(f.options)).handler(work)(event, f.context() as never, {} as never),
    };
    const invocations = [
      invoke[kind]({ afterMs: 0, ends: 'hangs' }),
      invoke[kind]({ afterMs: 5, ends: 'well' }),
      invoke[kind]({ afterMs: 500, ends: 'hangs' }),
      invoke[kind]({ afterMs: 700, ends: 'refused' }),
      invoke[kind]({ afterMs: 1_200, ends: 'well' }),
    ];
    await f.clock.advance(3_000);
    await Promise.all(invocations);
    expect(calls()).toEqual([
      ['payments', 'success', 'request-2'],
      ['payments', 'failure', 'request-4'],
      ['payments', 'failure', 'request-1'],
      ['payments', 'rejected', 'request-5'],
      ['payments', 'failure', 'request-3'],
    ]);
    expect(changes()).toEqual([['payments', 'open', 'request-1']]);
  });
});

it('a call that times out is its own invocation’s also where nobody listens to calls', async () => {
  const { f, payments, changes } = rig({ heard: false });
  const handler = withSwitchgear(async () => caught(payments.execute(hangs)), f.options);
  const invocations = [handler({}, f.context())];
  await f.clock.advance(100);
  invocations.push(handler({}, f.context()));
  await f.clock.advance(3_000);
  await Promise.all(invocations);
  expect(changes()).toEqual([['payments', 'open', 'request-2']]);
});

it('a failure that waits for another’s report is told as its own', async () => {
  const { f, payments, changes } = rig({ failureThreshold: 3 });
  const elsewhere = new Switchgear({ store: f.store, clock: f.clock, processId: 'other' });
  const other = elsewhere.breaker('payments', { failureThreshold: 3, failureRatio: 0 });
  await caught(other.execute(() => Promise.reject(refused())));
  await elsewhere.flush();
  const handler = withSwitchgear(async ({ afterMs }: { afterMs: number }) => {
    await f.sleep(afterMs);
    return caught(payments.execute(() => Promise.reject(refused())));
  }, f.options);
  f.store.after('report', () => f.sleep(50));
  const invocations = [handler({ afterMs: 0 }, f.context()), handler({ afterMs: 10 }, f.context())];
  await f.clock.advance(1_000);
  await Promise.all(invocations);
  expect(f.store.calls).toMatchObject({ report: 3, transition: 1 });
  expect(changes()).toEqual([['payments', 'open', 'request-2']]);
});

it('outside of an invocation there is none, and elsewhere it is what the program says', async () => {
  const { f, payments, calls } = rig();
  const handler = withSwitchgear(async () => payments.execute(() => 1), f.options);
  await payments.execute(() => 1);
  await handler({}, f.context());
  await payments.execute(() => 1);
  const requests = new AsyncLocalStorage<string>();
  f.gear.correlateBy(() => requests.getStore());
  const both = ['a', 'b'].map((id) => requests.run(id, () => payments.execute(() => f.sleep(1))));
  await f.clock.advance(1);
  await Promise.all(both);
  expect(calls().map(([, , id]) => id)).toEqual([undefined, 'request-1', undefined, 'a', 'b']);
  expect(f.gear.correlationId).toBeUndefined();
  expect(() => f.gear.correlateBy('a' as never)).toThrow(/read is 'a'; allowed: a function/);
});
