/** What one store was asked for. Units are those of the store's price list: a plain read may count half. */
export class Meter {
  readonly #items = new Map<string, ItemLoad>();
  reads = 0;
  writes = 0;
  throttled = 0;
  /** Most that one item took, or was asked to take, within one second. */
  peakItemReads = 0;
  peakItemWrites = 0;

  /** Counts a read of an item; false where the item has no capacity left in this second. */
  read(item: string, cost: number, limit: number, nowMs: number): boolean {
    const load = this.#load(item, nowMs);
    load.reads += cost;
    this.peakItemReads = Math.max(this.peakItemReads, load.reads);
    if (load.reads > limit) return this.#throttle();
    this.reads += cost;
    return true;
  }

  /** Counts a write to an item, refused by its condition or not; false where there is no capacity left. */
  write(item: string, limit: number, nowMs: number): boolean {
    const load = this.#load(item, nowMs);
    load.writes++;
    this.peakItemWrites = Math.max(this.peakItemWrites, load.writes);
    if (load.writes > limit) return this.#throttle();
    this.writes++;
    return true;
  }

  #throttle(): false {
    this.throttled++;
    return false;
  }

  #load(item: string, nowMs: number): ItemLoad {
    const second = Math.floor(nowMs / 1_000);
    let load = this.#items.get(item);
    if (load?.second !== second) {
      load = { second, reads: 0, writes: 0 };
      this.#items.set(item, load);
    }
    return load;
  }
}

interface ItemLoad {
  readonly second: number;
  reads: number;
  writes: number;
}
