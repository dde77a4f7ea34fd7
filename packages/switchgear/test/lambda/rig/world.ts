/** The time of a rig: of all its processes, of the Runtime API and of the store. It can be moved on. */

import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class World {
  /** Everything that a rig leaves on the disk. */
  readonly folder = mkdtempSync(join(tmpdir(), 'switchgear-lambda-'));
  readonly clockFile = join(this.folder, 'clock');
  #aheadMs = 0;

  constructor() {
    this.advance(0);
  }

  get aheadMs(): number {
    return this.#aheadMs;
  }

  now(): number {
    return Date.now() + this.#aheadMs;
  }

  /** Moves all clocks on. Timers do not run for it, as they do not in a process that is frozen. */
  advance(ms: number): void {
    this.#aheadMs += ms;
    // Whoever reads meanwhile reads the old or the new time, never half of it.
    const next = `${this.clockFile}.next`;
    writeFileSync(next, String(this.#aheadMs));
    renameSync(next, this.clockFile);
  }

  end(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
