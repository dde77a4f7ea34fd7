/** A rejection is an error that its caller must be able to place: its stack is his, with next to nothing of ours before it. */

import { expect, test } from 'vitest';
import { CircuitOpenError, isSwitchgearError } from '../../src/errors.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { Switchgear } from '../../src/switchgear.ts';
import { FakeClock } from '../../src/testing/index.ts';
import { refused } from '../laws/fleet.ts';

const OPTIONS = { failureThreshold: 1 };

/** An open circuit, as the process knows it that saw it fail, and as another does that has to ask the store. */
async function open() {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  const gear = () => new Switchgear({ store, clock, random: () => 0 });
  const warm = gear().breaker('payments', OPTIONS);
  await expect(warm.execute(refuse)).rejects.toThrow();
  return { warm, cold: () => gear().breaker('payments', OPTIONS) };
}

async function refuse() {
  throw refused();
}

/** The caller's own function, to be found in the stack. */
async function chargeTheCard(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return error;
  }
}

/** How many frames of ours come before the caller's. */
function ours(error: unknown): number {
  if (!isSwitchgearError(error, 'CIRCUIT_OPEN')) throw new Error(`no rejection: ${error}`);
  const frames = String(error.stack)
    .split('\n')
    .filter((line) => line.startsWith('    at '));
  const own = frames.findIndex((line) => line.includes('rejection-stack.test.ts'));
  expect(frames.slice(own).join('\n')).toContain('chargeTheCard');
  return own;
}

test('what is rejected at once has the stack of its caller', async () => {
  const { warm } = await open();
  expect(ours(await chargeTheCard(() => warm.execute(refuse)))).toBe(2);
  expect(ours(await chargeTheCard(() => warm.acquire()))).toBe(2);
  expect(ours(await chargeTheCard(() => warm.admit()))).toBe(1);
  expect(ours(await chargeTheCard(() => warm.wrap(refuse)()))).toBe(3);
});

test('what is rejected once the store has answered has it too', async () => {
  const { cold } = await open();
  const later = (call: (breaker: ReturnType<typeof cold>) => unknown) => chargeTheCard(() => call(cold()));
  expect(ours(await later((breaker) => breaker.execute(refuse)))).toBeLessThanOrEqual(3);
  expect(ours(await later((breaker) => breaker.acquire()))).toBeLessThanOrEqual(3);
});

test('it says what rejected the call, and is a new one for each', async () => {
  const { warm } = await open();
  const [one, two] = [await chargeTheCard(() => warm.execute(refuse)), warm.admit()];
  expect(one).toBeInstanceOf(CircuitOpenError);
  expect(one).toMatchObject({
    circuit: 'payments',
    state: 'open',
    retryAfterMs: 10_000,
    lastFailure: 'ECONNREFUSED',
  });
  expect(two).toMatchObject({ circuit: 'payments', state: 'open', retryAfterMs: 10_000 });
  expect(two).not.toBe(one);
});
