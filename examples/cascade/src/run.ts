/** One run of the play: a stage under load, where the ledger fails and comes back; what was seen is the result. */

import { setTimeout as sleep } from 'node:timers/promises';
import { killAll } from './child-process.ts';
import { startEmbeddedStore } from './embedded-store.ts';
import type { Options } from './options.ts';
import { type Scene, scenes } from './script.ts';
import { type RunLog, Stage } from './stage.ts';
import type { Strategy } from './strategy.ts';

/** @param watch is given the log once all processes are up; it grows from then on. */
export async function run(
  strategy: Strategy,
  options: Options,
  watch: (log: RunLog) => void,
): Promise<RunLog> {
  const store = strategy === 'shared' && options.store === undefined ? await startEmbeddedStore() : undefined;
  try {
    const stage = await Stage.raise(strategy, options, store);
    watch(stage.log);
    await stage.load();
    for (const scene of scenes(options.seconds)) await play(stage, scene);
    await stage.strike();
    return stage.log;
  } finally {
    // After a run that failed some are still there, and would keep this process alive.
    killAll();
    store?.close();
  }
}

async function play(stage: Stage, { phase, ledger, forMs, coldStarts }: Scene): Promise<void> {
  await stage.ledger(phase, ledger);
  await Promise.race([Promise.all([sleep(forMs), coldStarts && stage.coldStarts()]), stage.broken()]);
}
