/** Shows a run while it lasts. */

import type { RunLog } from '../run.ts';
import { LineProgress } from './lines.ts';
import { LiveProgress } from './live.ts';

/** What the header says of a run. */
export interface RunTitle {
  readonly number: number;
  readonly of: number;
  readonly name: string;
  readonly seconds: number;
  /** `client → order ×3 → …` */
  readonly chain: string;
}

export interface Progress {
  /** Processes are starting. */
  starting(title: RunTitle): void;
  running(log: RunLog): void;
  /** The run is over, or failed: the terminal is as it was. */
  ended(): void;
}

export function progressOn(out: NodeJS.WriteStream, live: boolean): Progress {
  return live ? new LiveProgress(out) : new LineProgress(out);
}
