/** Takes a payment: books it in the ledger, through the breaker if there is one. */

import { type Note, now, outcomeOf } from '../note.ts';
import type { CircuitPlace } from '../strategy.ts';
import { play, setup, takeNote } from './child.ts';
import { guardAt } from './guard.ts';
import { drain, post, serve, Targets, urlOf } from './http.ts';

const ledgers = new Targets();
const guard = await guardAt(setup<CircuitPlace>());

/** One real call on the ledger, noted with what became of it. */
async function callLedger(signal: AbortSignal): Promise<number> {
  const startedAt = now();
  const note = (outcome: Note['outcome']) => takeNote({ startedAt, endedAt: now(), outcome });
  try {
    const status = await post(ledgers.next(), signal);
    note(status < 500 ? 'ok' : '503');
    return status;
  } catch (error) {
    note(outcomeOf(error, signal));
    throw error;
  }
}

const server = await serve(async (response) => {
  try {
    return await guard.call(callLedger);
  } catch (error) {
    const retryAfterMs = guard.retryAfterMs(error);
    if (retryAfterMs === undefined) return 502;
    const at = now();
    takeNote({ startedAt: at, endedAt: at, outcome: 'rejected' });
    response.setHeader('retry-after', Math.ceil(retryAfterMs / 1_000));
    return 503;
  }
});

play({
  url: urlOf(server),
  obey: (message) => {
    if (message.kind === 'targets') ledgers.set(message.urls);
  },
  state: () => guard.state(),
  finish: async () => {
    await drain(server);
    await guard.close();
  },
});
