/** Progress without a terminal: a plain line a second. */

import type { RunLog } from '../stage.ts';
import type { Progress, RunTitle } from './progress.ts';
import { type View, viewOf } from './view.ts';

export class LineProgress implements Progress {
  readonly #out: NodeJS.WritableStream;
  #timer: NodeJS.Timeout | undefined;

  constructor(out: NodeJS.WritableStream) {
    this.#out = out;
  }

  starting({ name, chain }: RunTitle): void {
    this.#out.write(`\n${name} (${chain})\n`);
  }

  running(log: RunLog): void {
    this.#timer = setInterval(() => this.#out.write(`${line(viewOf(log))}\n`), 1_000);
  }

  ended(): void {
    clearInterval(this.#timer);
  }
}

function line({ elapsedMs, phase, client, payments, hits, storeCalls }: View): string {
  const states = new Map<string, number>();
  for (const { state } of payments) states.set(state, (states.get(state) ?? 0) + 1);
  const breakers = [...states].map(([state, count]) => `${count} ${state}`).join(', ');
  return [
    `${(elapsedMs / 1_000).toFixed(1).padStart(5)} s`,
    phase.padEnd(8),
    `ok ${client.calls - client.errors}/s`.padEnd(9),
    `errors ${client.errors}/s`.padEnd(13),
    `p50 ${client.p50Ms.toFixed(0)} ms`.padEnd(11),
    `p99 ${client.p99Ms.toFixed(0)} ms`.padEnd(11),
    `hit failing ledger ${hits}`.padEnd(23),
    `store ${storeCalls}/s`.padEnd(10),
    breakers === `${payments.length} –` ? '' : `breakers: ${breakers}`,
  ]
    .join('  ')
    .trimEnd();
}
