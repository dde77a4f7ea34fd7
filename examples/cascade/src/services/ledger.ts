/** A stand-in for the dependency that fails: healthy, slow, answering 503, or dead (the port refuses connections). */

import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../note.ts';
import type { LedgerMode } from '../script.ts';
import { play, takeNote } from './child.ts';
import { drain, listen, portOf, serve, urlOf } from './http.ts';

const HEALTHY_MS = 10;
const SLOW_MS = 2_000;

let mode: LedgerMode = 'healthy';

const server = await serve(async () => {
  // Noted on arrival: a slow answer may never be waited for.
  const at = now();
  takeNote({
    startedAt: at,
    endedAt: at,
    outcome: mode === 'healthy' ? 'ok' : mode === 'slow' ? 'timeout' : '503',
  });
  if (mode === '503') return 503;
  await sleep(mode === 'slow' ? SLOW_MS : HEALTHY_MS);
  return 200;
});
const port = portOf(server);

play({
  url: urlOf(server),
  obey: async (message) => {
    if (message.kind !== 'ledger') return;
    const wasDead = mode === 'dead';
    mode = message.mode;
    if (mode === 'dead') {
      server.close();
      server.closeAllConnections();
    } else if (wasDead) await listen(server, port);
  },
  finish: () => drain(server),
});
