/** What happens at a moment. */
export interface Event {
  happen(): void;
}

/**
 * Events by time; those of one moment in the order in which they were added. A binary heap of times and slots in flat
 * arrays: an event is stored once and stays in its slot, and no entry is allocated. Free slots stand behind the heap.
 */
export class EventQueue {
  /** By place in the heap. */
  #times = new Float64Array(1_024);
  #slots = Int32Array.from({ length: 1_024 }, (_, slot) => slot);
  /** By slot. A slot that is free keeps its last event until the next one: no more of them than were ever pending at once. */
  #orders = new Float64Array(1_024);
  readonly #events: Event[] = [];
  #size = 0;
  #added = 0;
  /** The first place is empty. An event that brings about another, as most do, leaves it that place: one way through the heap for both. */
  #hole = false;

  get size(): number {
    return this.#hole ? this.#size - 1 : this.#size;
  }

  /** Time of the first event; infinite where there is none. */
  get nextMs(): number {
    if (this.#hole) this.#fill();
    return this.#size > 0 ? (this.#times[0] as number) : Number.POSITIVE_INFINITY;
  }

  add(atMs: number, event: Event): void {
    if (!this.#hole && this.#size === this.#times.length) this.#grow();
    const slot = this.#slots[this.#hole ? 0 : this.#size] as number;
    this.#orders[slot] = this.#added++;
    this.#events[slot] = event;
    if (!this.#hole) this.#rise(this.#size++, atMs, slot);
    else {
      this.#hole = false;
      this.#sink(atMs, slot);
    }
  }

  /** Takes out the first event; there must be one. */
  take(): Event {
    if (this.#hole) this.#fill();
    this.#hole = true;
    return this.#events[this.#slots[0] as number] as Event;
  }

  /** Puts the last entry into the empty first place. */
  #fill(): void {
    this.#hole = false;
    const free = this.#slots[0] as number;
    const last = --this.#size;
    if (last > 0) this.#sink(this.#times[last] as number, this.#slots[last] as number);
    this.#slots[last] = free;
  }

  /** Puts an entry in at the bottom, `place`, and lets it rise. */
  #rise(bottom: number, timeMs: number, slot: number): void {
    const times = this.#times;
    const slots = this.#slots;
    let place = bottom;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const parentMs = times[parent] as number;
      // Added later than all others: at equal times it stays behind.
      if (parentMs <= timeMs) break;
      times[place] = parentMs;
      slots[place] = slots[parent] as number;
      place = parent;
    }
    times[place] = timeMs;
    slots[place] = slot;
  }

  /** Puts an entry in at the top and lets it sink. */
  #sink(timeMs: number, slot: number): void {
    const times = this.#times;
    const slots = this.#slots;
    const orders = this.#orders;
    const size = this.#size;
    const order = orders[slot] as number;
    let place = 0;
    for (let child = 1; child < size; child = 2 * place + 1) {
      let childMs = times[child] as number;
      const right = child + 1;
      if (right < size) {
        const rightMs = times[right] as number;
        if (
          rightMs <= childMs &&
          (rightMs < childMs ||
            (orders[slots[right] as number] as number) < (orders[slots[child] as number] as number))
        ) {
          child = right;
          childMs = rightMs;
        }
      }
      if (childMs >= timeMs && (childMs > timeMs || (orders[slots[child] as number] as number) > order))
        break;
      times[place] = childMs;
      slots[place] = slots[child] as number;
      place = child;
    }
    times[place] = timeMs;
    slots[place] = slot;
  }

  #grow(): void {
    const { length } = this.#times;
    const times = new Float64Array(2 * length);
    const orders = new Float64Array(2 * length);
    times.set(this.#times);
    orders.set(this.#orders);
    const slots = Int32Array.from(times, (_, slot) => slot);
    slots.set(this.#slots);
    this.#times = times;
    this.#orders = orders;
    this.#slots = slots;
  }
}
