import { describe, expect, it } from 'vitest';
import { CircuitOpenError } from '../../src/errors.ts';
import { failover } from '../../src/guard/index.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Switchgear } from '../../src/switchgear.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { refused } from '../laws/fleet.ts';

/** Three ways to send a mail, each of which fails with the error given for it. */
function mailers(on?: 'open' | 'failure') {
  const clock = new FakeClock();
  const gear = new Switchgear({ store: new MemoryStore({ clock }), clock, random: () => 0 });
  const errors: Record<string, unknown> = {};
  const calls: string[] = [];
  const resetTimeouts = { ses: 30_000, sendgrid: 10_000, postmark: 20_000 };
  const providers = Object.entries(resetTimeouts).map(([name, resetTimeout]) => ({
    guard: gear.breaker(name, { failureThreshold: 1, resetTimeout }),
    call: async (mail: string) => {
      calls.push(name);
      if (errors[name]) throw errors[name];
      return `${name} sent ${mail}`;
    },
  }));
  return { send: failover(providers, on && { on }), errors, calls, clock };
}

const caught = (call: Promise<unknown>) => call.catch((error: unknown) => error);

describe('failover', () => {
  it('asks the first; after its failure the next; and no longer the one whose circuit is open', async () => {
    const { send, errors, calls } = mailers();
    expect(await send('hello')).toBe('ses sent hello');
    errors.ses = refused();
    expect(await send('hello')).toBe('sendgrid sent hello');
    expect(await send('hello')).toBe('sendgrid sent hello');
    expect(calls).toEqual(['ses', 'ses', 'sendgrid', 'sendgrid']);
  });

  it('holds for a failure what the provider’s own breaker does', async () => {
    const gear = new Switchgear({ store: new MemoryStore() });
    const quota = Object.assign(new Error('used up'), { code: 'QUOTA' });
    const isBreakable = (error: unknown) => error === quota;
    const send = failover([
      { guard: gear.breaker('ses', { isBreakable }), call: () => Promise.reject<string>(quota) },
      { guard: gear.breaker('sendgrid'), call: async () => 'sent' },
    ]);
    expect(await send('hello')).toBe('sent');
  });

  it('comes back to the first when its circuit closes', async () => {
    const { send, errors, clock } = mailers();
    errors.ses = refused();
    await send('a');
    delete errors.ses;
    await clock.advance(30_000);
    expect(await send('b')).toBe('ses sent b');
    expect(await send('c')).toBe('ses sent c');
  });

  it('gives the error of the last that was called', async () => {
    const { send, errors } = mailers();
    Object.assign(errors, { ses: refused(), sendgrid: refused(), postmark: refused() });
    expect(await caught(send('a'))).toBe(errors.postmark);
  });

  it('a refusal does not hide the error of a call that was made', async () => {
    const { send, errors, clock } = mailers();
    Object.assign(errors, { ses: refused(), sendgrid: refused(), postmark: refused() });
    await caught(send('a'));
    await clock.advance(10_000);
    // Only `sendgrid` is called, to probe it; those before and after it are open.
    expect(await caught(send('b'))).toBe(errors.sendgrid);
  });

  it('gives the refusal that ends soonest where nobody was called', async () => {
    const { send, errors } = mailers();
    Object.assign(errors, { ses: refused(), sendgrid: refused(), postmark: refused() });
    await caught(send('a'));
    const error = await caught(send('b'));
    expect(error).toBeInstanceOf(CircuitOpenError);
    expect(error).toMatchObject({ circuit: 'sendgrid', retryAfterMs: 10_000 });
  });

  it('an answer is an answer: a 400 goes to the caller', async () => {
    const { send, errors, calls } = mailers();
    errors.ses = Object.assign(new Error('no such address'), { status: 400 });
    expect(await caught(send('a'))).toBe(errors.ses);
    expect(calls).toEqual(['ses']);
  });

  it('where nothing may be done twice, passes over open circuits alone', async () => {
    const { send, errors, calls } = mailers('open');
    errors.ses = refused();
    expect(await caught(send('a'))).toBe(errors.ses);
    expect(await send('a')).toBe('sendgrid sent a');
    expect(calls).toEqual(['ses', 'sendgrid']);
  });

  it('L6 asks nobody else once the caller has gone', async () => {
    const { send, calls } = mailers();
    expect(await caught(send('a', { signal: AbortSignal.abort('gone') }))).toBe('gone');
    expect(calls).toEqual([]);
  });
});
