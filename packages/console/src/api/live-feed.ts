/** Keeps the fleet's picture live, and knows when it is not. */

import type { Circuit, Sample } from '@switchgear/cli/control-api';
import type { Fleet } from '../fleet/fleet.ts';
import { Listeners } from '../fleet/listeners.ts';
import { type ControlApi, failureWords, RequestRefused } from './control-api.ts';
import { type ServerSentEvent, serverSentEvents } from './server-sent-events.ts';

/** Times in milliseconds of the store's clock, as all that the page shows. */
export type LiveStatus =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** The server is there, but has had no reading of the store since `sinceMs`. */
  | { readonly kind: 'stalled'; readonly sinceMs: number }
  /** Nothing has come since `sinceMs`; the next attempt is at `retryAtMs`, or under way where that has passed. */
  | { readonly kind: 'lost'; readonly sinceMs: number; readonly retryAtMs: number; readonly why: string }
  /** The server wants a token, or another one. */
  | { readonly kind: 'locked'; readonly why: string };

/** The server sends a line each 15 s at least; a connection that is silent for longer is dead, whatever the socket says. */
const SILENCE_MS = 40_000;
/** It reads the store once a second and says so: when that fails to come, what is shown is old. */
const STALLED_MS = 10_000;
/** A server that has not answered a question by then will not: it gives up on its store after 10 s, and says so. */
const ANSWER_MS = 15_000;
/** The browser's two clocks part where it slept, or where somebody set the time: what was read before is of another age. */
const JUMP_MS = 2_000;
const WATCH_MS = 1_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;
/** How much of the past the board shows at once. */
const PAST_MS = 5 * 60_000;

export class LiveFeed extends Listeners {
  status: LiveStatus = { kind: 'connecting' };
  readonly #api: ControlApi;
  readonly #fleet: Fleet;
  #lastEventId: string | undefined;
  #lastHeardMs = Date.now();
  #lastReadingMs: number;
  #wake: () => void = () => {};

  constructor(api: ControlApi, fleet: Fleet) {
    super();
    this.#api = api;
    this.#fleet = fleet;
    this.#lastReadingMs = fleet.nowMs;
  }

  /** Runs as long as the page. */
  async run(): Promise<never> {
    for (let failures = 0; ; ) {
      try {
        await this.#connect(() => {
          failures = 0;
        });
        this.#lost('the server ended the connection', failures++);
      } catch (error) {
        if (error instanceof RequestRefused && error.status === 401) {
          this.#fleet.forget();
          this.#say({ kind: 'locked', why: error.message });
        } else this.#lost(wordsOf(error), failures++);
      }
      await this.#pause();
    }
  }

  /** Tries now what would be tried later: the operator asked, the network is back, or there is a token. */
  retry(): void {
    this.#wake();
  }

  async #connect(live: () => void): Promise<void> {
    const connection = new AbortController();
    const { signal } = connection;
    let failed: unknown;
    const end = (why: unknown) => {
      failed ??= why;
      connection.abort();
    };
    let answerDueMs = Date.now() + ANSWER_MS;
    this.#lastHeardMs = Date.now();
    const skewMs = Date.now() - performance.now();
    const watchdog = setInterval(() => {
      const nowMs = Date.now();
      if (Math.abs(nowMs - performance.now() - skewMs) > JUMP_MS)
        end(new ConnectionLost('this browser slept, or its clock was set'));
      else if (nowMs > answerDueMs) end(new ConnectionLost('the server does not answer'));
      else if (nowMs - this.#lastHeardMs > SILENCE_MS)
        end(new ConnectionLost('the server has fallen silent'));
      else this.#watchReadings();
    }, WATCH_MS);

    // What arrives before the whole picture may be newer than it, and goes on top of it once it is there.
    const early: ServerSentEvent[] = [];
    let asked = 0;
    let whole = false;
    const read = async () => {
      const mine = ++asked;
      whole = false;
      answerDueMs = Date.now() + ANSWER_MS;
      const { nowMs, circuits, unreadable } = await this.#api.circuits(signal);
      const clockOffsetMs = nowMs - Date.now();
      const { samples } = await this.#api.samples(nowMs - PAST_MS, signal);
      // Asked anew meanwhile: this picture is older than events that nobody will repeat.
      if (mine !== asked) return;
      this.#fleet.replace(circuits, unreadable, samples, clockOffsetMs);
      whole = true;
      answerDueMs = Number.POSITIVE_INFINITY;
      for (const event of early.splice(0)) this.#take(event);
      live();
      this.#read();
    };
    try {
      const stream = await this.#api.events(this.#lastEventId, signal);
      void read().catch(end);
      for await (const event of serverSentEvents(stream, () => this.#heard())) {
        this.#lastEventId = event.id ?? this.#lastEventId;
        if (event.event === 'reset') void read().catch(end);
        else if (whole) this.#take(event);
        else early.push(event);
      }
    } catch (error) {
      failed ??= error;
    } finally {
      clearInterval(watchdog);
      connection.abort();
    }
    if (failed) throw failed;
  }

  #take({ event, data }: ServerSentEvent): void {
    if (event === 'circuit') this.#fleet.put(JSON.parse(data) as Circuit);
    else if (event === 'sample') {
      this.#fleet.add(JSON.parse(data) as Sample);
      this.#read();
    }
  }

  #heard(): void {
    this.#lastHeardMs = Date.now();
  }

  /** The server has read the store. */
  #read(): void {
    this.#lastReadingMs = this.#fleet.nowMs;
    if (this.status.kind !== 'live') this.#say({ kind: 'live' });
  }

  #watchReadings(): void {
    if (this.status.kind === 'live' && this.#fleet.nowMs - this.#lastReadingMs > STALLED_MS)
      this.#say({ kind: 'stalled', sinceMs: this.#lastReadingMs });
  }

  #lost(why: string, failures: number): void {
    // Chance, so that a hundred open pages do not come back to a restarted server in one moment.
    const waitMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures) * (0.75 + Math.random() / 2);
    this.#say({ kind: 'lost', sinceMs: this.#lastReadingMs, retryAtMs: this.#fleet.nowMs + waitMs, why });
  }

  async #pause(): Promise<void> {
    const { status } = this;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      addEventListener('online', this.#retry);
      if (status.kind === 'lost')
        timer = setTimeout(resolve, Math.max(0, status.retryAtMs - this.#fleet.nowMs));
    });
    clearTimeout(timer);
    removeEventListener('online', this.#retry);
  }

  readonly #retry = (): void => this.retry();

  #say(status: LiveStatus): void {
    this.status = status;
    this.changed();
  }
}

/** Given up from this side. */
class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

function wordsOf(error: unknown): string {
  return error instanceof ConnectionLost ? error.message : failureWords(error);
}
