/** A function of Lambda in virtual time: a gear of its own, and contexts as Lambda hands them out. */

import type { BreakerOptions, SwitchgearOptions } from '../../src/index.ts';
import type { LambdaContext } from '../../src/lambda/index.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Switchgear } from '../../src/switchgear.ts';
import { FakeClock, FaultyStore } from '../../src/testing/index.ts';

export class LambdaFunction {
  readonly clock = new FakeClock();
  readonly store = new FaultyStore(new MemoryStore({ clock: this.clock }));
  readonly gear: Switchgear;
  #invocations = 0;

  constructor(defaults: BreakerOptions = {}, options: Partial<SwitchgearOptions> = {}) {
    const { clock, store } = this;
    // As with DynamoDB: news come with reads alone.
    Reflect.deleteProperty(store, 'subscribe');
    this.gear = new Switchgear({
      store,
      clock,
      random: () => 0,
      processId: 'function',
      awaitReports: true,
      defaults: { failureRatio: 0, ...defaults },
      ...options,
    });
  }

  /** The context of the next invocation, which Lambda ends in `timeoutMs`. */
  context(timeoutMs = 3_000): LambdaContext {
    const endsAtMs = this.clock.now() + timeoutMs;
    return {
      awsRequestId: `request-${++this.#invocations}`,
      getRemainingTimeInMillis: () => endsAtMs - this.clock.now(),
    };
  }

  /** What `withSwitchgear` and the middleware are given. */
  get options(): { readonly gear: Switchgear; readonly clock: FakeClock } {
    return { gear: this.gear, clock: this.clock };
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.setTimer(resolve, ms));
  }

  /** Another process of the fleet trips the circuit. */
  async tripElsewhere(circuit: string): Promise<void> {
    const other = new Switchgear({
      store: this.store,
      clock: this.clock,
      random: () => 0,
      processId: 'other',
    });
    const breaker = other.breaker(circuit, { failureRatio: 0 });
    for (let i = 0; i < 3; i++) await breaker.execute(() => Promise.reject(refused())).catch(() => {});
    await other.flush();
  }
}

export function refused(): Error {
  return Object.assign(new Error('no route'), { code: 'ECONNREFUSED' });
}

export const caught = (call: Promise<unknown>) => call.catch((error: unknown) => error);

export const hangs = () => new Promise<never>(() => {});
