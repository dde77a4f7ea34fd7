/** Shows a run while it lasts. */

import type { RunLog } from '../stage.ts';
import { LineProgress } from './lines.ts';
import { LiveProgress } from './live.ts';

/** What the header says of a run. */
export interface RunTitle {
  readonly name: string;
  /** How long it takes; absent: until somebody ends it. */
  readonly seconds?: number;
  /** `client → order ×3 → …` */
  readonly chain: string;
  /** What can be done meanwhile. */
  readonly hint?: string;
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
