/** The lever of the switchboard: breaks and mends the ledger. The page shows it because health announces it. */

import type { ControlApi } from '@switchgear/cli/control-api';
import type { LedgerMode } from '../script.ts';
import type { Stage } from '../stage.ts';

const PATH = '/v1/lever';

const MODES: readonly { readonly mode: LedgerMode; readonly label: string }[] = [
  { mode: 'healthy', label: 'Healthy' },
  { mode: 'slow', label: 'Slow' },
  { mode: '503', label: 'Answers 503' },
  { mode: 'dead', label: 'Dead' },
];

/** Mounts the lever beside the control API, behind the same gate. @returns what to serve. */
export function withLever({ app }: ControlApi, stage: Stage): (request: Request) => Promise<Response> {
  let pulled: Promise<void> = Promise.resolve();
  const ledger = () => ({ mode: stage.log.phases.at(-1)?.ledger ?? 'healthy', modes: MODES });

  app.get(PATH, (c) => c.json(ledger()));
  app.post(PATH, async (c) => {
    const { mode }: { mode?: unknown } = await c.req.json().catch(() => ({}));
    const wanted = MODES.find((each) => each.mode === mode);
    if (!wanted) {
      const detail = `mode is not one; allowed: ${MODES.map((each) => each.mode).join(', ')}`;
      return c.json({ status: 400, code: 'INVALID_REQUEST', detail }, 400);
    }
    // A process hears one order at a time, and there may be two hands on the lever.
    pulled = pulled.then(() => stage.ledger(wanted.mode, wanted.mode));
    await pulled;
    return c.json(ledger());
  });

  return async (request) => {
    const response = await app.fetch(request);
    if (new URL(request.url).pathname !== '/v1/health') return response;
    const health = (await response.json()) as object;
    return Response.json({ ...health, lever: PATH }, { status: response.status, headers: response.headers });
  };
}
