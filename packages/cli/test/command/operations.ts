/** What an operator does, with the real command on a real store. The same for every store. */

import { type OperatorStore, Switchgear } from 'switchgear';
import { createStore } from 'switchgear/config';
import { expect } from 'vitest';
import type { commandWith } from './run.ts';

type CommandLine = ReturnType<typeof commandWith>;

/** Circuits `payments` (tripped by a process), and `mail` and `mailbox` (written once, of `mailbox` a good call too). */
export async function fleet(
  address: string,
): Promise<{ gear: Switchgear; store: OperatorStore; close(): Promise<void> }> {
  const store = await createStore(address);
  // This machine may be busy: what matters here is that the reports arrive.
  const gear = new Switchgear({ store, processId: 'pod-1', storeTimeout: '30s' });
  const fails = async (name: string, failureThreshold: number, after?: 'a good call') => {
    const breaker = gear.breaker(name, { failureThreshold, resetTimeout: '1h', maxResetTimeout: '2h' });
    if (after) await breaker.execute(async () => 'well');
    await breaker
      .execute(() => Promise.reject(Object.assign(new Error('secret'), { code: 'ECONNREFUSED' })))
      .catch(() => {});
  };
  await Promise.all([fails('payments', 1), fails('mail', 100), fails('mailbox', 100, 'a good call')]);
  await gear.flush();
  return { gear, store, close: () => gear.close() };
}

/** Looks at all circuits, as text and as JSON. */
export async function looks({ run }: CommandLine): Promise<void> {
  const [text, json, history, misspelt] = await Promise.all([
    run('status'),
    run('status', '--json', 'pay*'),
    run('history', 'payments', '--json'),
    run('status', 'paymnets'),
  ]);
  expect(misspelt).toMatchObject({ code: 0, err: expect.stringContaining('misspelt: paymnets') });
  expect(text).toMatchObject({
    code: 0,
    err: expect.stringMatching(/^isolated: .* the fleet's ratio is judged without it\n$/),
  });
  expect(json.err).toBe('');
  expect(text.out).toMatch(
    /^CIRCUIT +STATE +FOR +FAILED +NEXT +WHY\nmail +closed .* 1\/1 100 % .*\nmailbox +closed .* 1\/2 50 %, 1 isolated .*\npayments +open /,
  );
  expect(text.out).toMatch(
    /payments .* probes in \d+ (min|h) +failures, 1 of 1 calls failed, last ECONNREFUSED \(pod-1\)\n/,
  );
  expect(text.out).not.toContain('\u001b');
  expect(text.out).not.toContain('secret');
  expect(JSON.parse(json.out)).toMatchObject({
    circuits: [{ name: 'payments', state: 'open' }],
    unreadable: [],
  });
  expect(JSON.parse(history.out)).toMatchObject({
    name: 'payments',
    transitions: [{ from: 'closed', to: 'open', by: 'pod-1', epoch: { number: 1 } }],
  });
}

/** Forces, releases and resets; another process obeys. */
export async function acts({ run }: CommandLine, gear: Switchgear): Promise<void> {
  const because = ['--reason', 'provider down', '--by', 'ann'];
  const opened = await run('open', 'mail', ...because, '--for', '15m', '--json');
  expect(opened.code).toBe(0);
  expect(JSON.parse(opened.out).circuits).toMatchObject([
    {
      name: 'mail',
      state: 'forced-open',
      override: { by: 'ann', reason: 'provider down', mode: 'forced-open' },
    },
  ]);
  await gear.warm(['mail']);
  await expect(gear.breaker('mail').execute(async () => 'called')).rejects.toMatchObject({
    state: 'forced-open',
  });

  const [many, typo, none] = await Promise.all([
    run('disable', 'mail*', ...because),
    run('close', 'paymnets', ...because),
    run('close', 'x*', ...because),
  ]);
  expect(many).toMatchObject({ code: 2, err: expect.stringContaining('disable 2 circuits') });
  expect(many.err).toContain('--yes');
  expect(typo).toMatchObject({ code: 2, err: expect.stringContaining('misspelt: paymnets') });
  expect(none).toMatchObject({ code: 3, err: expect.stringContaining('no circuit matches x*') });

  expect((await run('disable', 'mail*', ...because, '--yes')).out.match(/disabled/g)).toHaveLength(2);
  const released = await run('release', 'mailbox', 'mail', 'payments', ...because, '--yes', '--json');
  expect(JSON.parse(released.out).circuits.filter((each: object) => 'override' in each)).toEqual([]);
  expect(await run('release', 'mail', ...because)).toMatchObject({
    code: 3,
    err: expect.stringContaining('nothing to release'),
  });
  expect((await run('reset', 'payments', ...because)).out).toMatch(
    /payments +closed .* provider down \(ann\)\n/,
  );
}

/** Settings in the store: checked, merged, shown and removed. */
export async function policies({ run }: CommandLine): Promise<void> {
  const because = ['--reason', 'calmer'];
  const wrong = await run('policy', 'set', 'mail', 'failureTreshold=5', 'resetTimeout=soon', ...because);
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('did you mean failureThreshold?') });
  expect(wrong.err).toContain('resetTimeout');
  await run('policy', 'set', 'mail', 'failureThreshold=5', 'slowCallDuration=off', ...because);
  await run('policy', 'set', 'mail', 'resetTimeout=30s', ...because);
  const [all, none] = await Promise.all([run('policy', 'get'), run('policy', 'get', 'payments')]);
  expect(all.out).toMatch(
    /^mail +(failureThreshold=5|resetTimeout=30000|slowCallDuration=off| )+ .* calmer \(.+@.+\)\n/m,
  );
  expect(none.out).toContain('no stored settings');
  const past = await run('history', 'mail');
  expect(past.out).toMatch(/^WHEN +EPOCH +WHAT +WHY\n/);
  expect(past.out).toMatch(/ – +failureThreshold=5 slowCallDuration=off +calmer \(.+@.+\)\n/);
  const less = await run('policy', 'unset', 'mail', 'resetTimeout', ...because, '--json');
  expect(JSON.parse(less.out).mail.values).toEqual({ failureThreshold: 5, slowCallDuration: 'off' });
  await run('policy', 'unset', 'mail', ...because);
  expect((await run('policy', 'unset', 'mail', ...because)).code).toBe(3);
}

/** Hears of each transition and act once, and ends with Ctrl-C. */
export async function follows({ start }: CommandLine, store: OperatorStore): Promise<void> {
  const tail = start('tail', '--json');
  await tail.says(/following/);
  const [base] = await store.load(['mail'], () => ({ bucketMs: 6_000, buckets: 10 }), { consistent: true });
  await store.clear(['mail'], { by: 'ann', reason: 'first' });
  await store.clear(['mail'], { by: 'ann', reason: 'second' });
  await store.override('mail', { mode: 'disabled', by: 'ann', reason: 'third' });
  await tail.says(/third/);
  await store.policy('mail', { failureThreshold: 5 }, { by: 'ann', reason: 'fourth' });
  await tail.says(/fourth/);
  const { code, out } = await tail.interrupt();
  expect(code).toBe(0);
  const epoch = Number(base?.epoch.number);
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([
    { name: 'mail', kind: 'transition', transition: { note: 'first', epoch: { number: epoch + 1 } } },
    { name: 'mail', kind: 'transition', transition: { note: 'second', epoch: { number: epoch + 2 } } },
    { name: 'mail', kind: 'act', act: { kind: 'override', mode: 'disabled', by: 'ann', reason: 'third' } },
    {
      name: 'mail',
      kind: 'act',
      act: { kind: 'policy', values: { failureThreshold: 5 }, by: 'ann', reason: 'fourth' },
    },
  ]);
}
