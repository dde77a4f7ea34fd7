/** Whom an exchange waits for, and how long. */

export type Party = 'upstream' | 'client';

/**
 * One silence at a time, of one party: each piece that is heard begins it anew. The upstream's is its failure, the client's
 * is nobody's, and neither is the other's: an upload over a slow line does not make a slow dependency.
 */
export class Silence {
  readonly #limitsMs: Readonly<Record<Party, number>>;
  readonly #tooLong: (party: Party) => void;
  #party: Party | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #sinceMs = 0;
  #clientMs = 0;

  /** @param limitsMs milliseconds, `Infinity` for ever. */
  constructor(limitsMs: Readonly<Record<Party, number>>, tooLong: (party: Party) => void) {
    this.#limitsMs = limitsMs;
    this.#tooLong = tooLong;
  }

  /** Milliseconds spent waiting for the client, up to the latest change of party. */
  get clientMs(): number {
    return this.#clientMs;
  }

  /** Something was heard, and now it is for `party` to go on. */
  waitFor(party: Party): void {
    if (party === this.#party) {
      this.#timer?.refresh();
      return;
    }
    this.end();
    this.#party = party;
    this.#sinceMs = performance.now();
    const limitMs = this.#limitsMs[party];
    if (limitMs !== Number.POSITIVE_INFINITY) this.#timer = setTimeout(() => this.#tooLong(party), limitMs);
  }

  /** Nobody is waited for any more. */
  end(): void {
    if (this.#party === 'client') this.#clientMs += performance.now() - this.#sinceMs;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#party = undefined;
  }
}
