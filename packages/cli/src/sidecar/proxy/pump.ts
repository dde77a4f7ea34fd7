import type { Readable, Writable } from 'node:stream';

/** Moves a body on as fast as its receiver takes it, and says so at each step. Whoever made it ends the receiver. */
export class Pump {
  readonly #from: Readable;
  readonly #onData: (chunk: Buffer) => void;
  #blocked = false;

  constructor(from: Readable, to: Writable, moved: () => void) {
    this.#from = from;
    this.#onData = (chunk) => {
      this.#blocked = !to.write(chunk);
      if (this.#blocked) from.pause();
      moved();
    };
    from.on('data', this.#onData);
    to.on('drain', () => {
      this.#blocked = false;
      from.resume();
      moved();
    });
  }

  /** Whether the receiver takes no more at present. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** What still comes goes nowhere: a sender that is left standing would hold up its connection's next request. */
  stop(): void {
    this.#from.off('data', this.#onData);
    this.#from.resume();
  }
}
