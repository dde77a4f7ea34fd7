/** What happens at a moment. */
export interface Event {
  happen(): void;
}

/** In places that are free: shortening the array instead would cost more than all else here. */
const NOTHING: Event = { happen() {} };

/**
 * Events by time; those of one moment in the order in which they were added. A binary heap in three flat arrays: an
 * event costs no entry object, and a time no boxed number.
 */
export class EventQueue {
  #times = new Float64Array(1_024);
  #orders = new Float64Array(1_024);
  readonly #events: Event[] = [];
  #size = 0;
  #added = 0;

  get size(): number {
    return this.#size;
  }

  /** Time of the first event; infinite where there is none. */
  get nextMs(): number {
    return this.#size > 0 ? (this.#times[0] as number) : Number.POSITIVE_INFINITY;
  }

  add(atMs: number, event: Event): void {
    if (this.#size === this.#times.length) this.#grow();
    this.#rise(this.#size++, atMs, this.#added++, event);
  }

  /** Takes out the first event; there must be one. */
  take(): Event {
    const events = this.#events;
    const first = events[0] as Event;
    const last = --this.#size;
    const event = events[last] as Event;
    events[last] = NOTHING;
    if (last > 0) this.#sink(this.#times[last] as number, this.#orders[last] as number, event);
    return first;
  }

  /** Puts an entry in at the bottom, place `at`, and lets it rise. */
  #rise(at: number, timeMs: number, order: number, event: Event): void {
    const times = this.#times;
    const orders = this.#orders;
    const events = this.#events;
    let place = at;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      // Added later than all others: at equal times it stays behind.
      if ((times[parent] as number) <= timeMs) break;
      times[place] = times[parent] as number;
      orders[place] = orders[parent] as number;
      events[place] = events[parent] as Event;
      place = parent;
    }
    times[place] = timeMs;
    orders[place] = order;
    events[place] = event;
  }

  /** Puts an entry in at the top and lets it sink. */
  #sink(timeMs: number, order: number, event: Event): void {
    const times = this.#times;
    const orders = this.#orders;
    const events = this.#events;
    const size = this.#size;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= size) break;
      const right = child + 1;
      if (right < size && this.#before(right, times[child] as number, orders[child] as number)) child = right;
      if (!this.#before(child, timeMs, order)) break;
      times[place] = times[child] as number;
      orders[place] = orders[child] as number;
      events[place] = events[child] as Event;
      place = child;
    }
    times[place] = timeMs;
    orders[place] = order;
    events[place] = event;
  }

  #before(place: number, timeMs: number, order: number): boolean {
    const time = this.#times[place] as number;
    return time < timeMs || (time === timeMs && (this.#orders[place] as number) < order);
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const orders = new Float64Array(times.length);
    times.set(this.#times);
    orders.set(this.#orders);
    this.#times = times;
    this.#orders = orders;
  }
}
