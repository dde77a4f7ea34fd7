import type { CircuitRecord } from 'switchgear';

/** The recent versions of each record: what a replica that lags behind still has. */
export class Past {
  readonly #versions = new Map<string, Version[]>();

  /** The newest version, whoever can read it; `undefined` where nothing was written yet. */
  newest(name: string): CircuitRecord | undefined {
    return this.#versions.get(name)?.at(-1)?.record;
  }

  /** Keeps what was true after `forgetMs`, and no more. */
  add(record: CircuitRecord, atMs: number, forgetMs: number): void {
    const versions = this.#versions.get(record.name);
    if (!versions) {
      this.#versions.set(record.name, [{ atMs, record }]);
      return;
    }
    versions.push({ atMs, record });
    const next = versions.findIndex((version) => version.atMs > forgetMs);
    if (next > 1) versions.splice(0, next - 1);
  }

  clear(): void {
    this.#versions.clear();
  }

  /** As the record was at `atMs`; `undefined` where it was not there yet. */
  asOf(name: string, atMs: number): CircuitRecord | undefined {
    return this.#versions.get(name)?.findLast((version) => version.atMs <= atMs)?.record;
  }
}

interface Version {
  readonly atMs: number;
  readonly record: CircuitRecord;
}
