/** One invocation, as who makes it sees it. */

export type Outcome =
  | { readonly how: 'answered'; readonly value: unknown }
  | { readonly how: 'failed'; readonly error: { readonly errorType?: string; readonly code?: string } }
  /** Lambda has killed it. */
  | { readonly how: 'timed out' }
  | { readonly how: 'exited'; readonly why: string };

export class Invocation {
  readonly id: string;
  readonly event: unknown;
  readonly timeoutMs: number;
  readonly outcome: Promise<Outcome>;
  /** What a streaming handler has sent so far. */
  streamed = '';
  #settle: (outcome: Outcome) => void = () => {};
  #heard: () => void = () => {};

  constructor(id: string, event: unknown, timeoutMs: number) {
    this.id = id;
    this.event = event;
    this.timeoutMs = timeoutMs;
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** The first word holds. */
  settle(outcome: Outcome): void {
    this.#settle(outcome);
  }

  hear(chunk: string): void {
    this.streamed += chunk;
    this.#heard();
  }

  /** Resolves when the stream has said `text`. */
  async said(text: string): Promise<void> {
    while (!this.streamed.includes(text))
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
  }
}
