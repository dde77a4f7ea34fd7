/**
 * The client of order. An open loop: calls start on schedule whatever becomes of the earlier ones, and the time of a
 * call counts from its schedule, so that a stall of anybody shows up in the figures instead of thinning out the load.
 */

import { now, outcomeOf } from '../note.ts';
import { play, takeNote } from './child.ts';
import { post, Targets } from './http.ts';

const TIMEOUT_MS = 10_000;

const orders = new Targets();
const running = new Set<Promise<void>>();
let timer: NodeJS.Timeout | undefined;

async function order(startedAt: number): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const outcome = await post(orders.next(), signal).then(
    (status) => (status < 500 ? 'ok' : '503'),
    (error: unknown) => outcomeOf(error, signal),
  );
  takeNote({ startedAt, endedAt: now(), outcome });
}

/** Calls at this rate from now on. */
function start(rps: number): void {
  clearInterval(timer);
  const beganAt = now();
  let calls = 0;
  const tick = () => {
    for (; beganAt + (calls * 1_000) / rps <= now(); calls++) {
      const call = order(beganAt + (calls * 1_000) / rps).finally(() => running.delete(call));
      running.add(call);
    }
  };
  timer = setInterval(tick, 2);
}

play({
  obey: (message) => {
    if (message.kind === 'targets') orders.set(message.urls);
    if (message.kind === 'load') start(message.rps);
  },
  finish: async () => {
    clearInterval(timer);
    await Promise.all(running);
  },
});
