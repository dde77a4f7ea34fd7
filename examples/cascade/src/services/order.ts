/** Takes an order: asks payment, passes its answer on. */

import { play } from './child.ts';
import { drain, post, serve, Targets, urlOf } from './http.ts';

/** Longer than payment ever takes: what the client sees is payment's doing. */
const TIMEOUT_MS = 5_000;

const payments = new Targets();
const server = await serve(() => post(payments.next(), AbortSignal.timeout(TIMEOUT_MS)));

play({
  url: urlOf(server),
  obey: (message) => {
    if (message.kind === 'targets') payments.set(message.urls);
  },
  finish: () => drain(server),
});
