/**
 * One request on its way through the proxy, and its answer on the way back.
 *
 *     client ──► admission ──► request ═══ Pump ═══► upstream
 *            ◄══════════ Pump ═══ answer ◄══════════
 *
 * The circuit hears of it once:
 *   - a failure when the head of the answer says so (5xx, 429), when the upstream breaks off, at whatever byte, or is silent
 *     for too long;
 *   - a success when the last byte of the answer has come; a probe's already with its head, for recovery does not wait for a
 *     stream to end;
 *   - nothing when the client goes, or is so slow that the upstream cannot be judged (L6).
 */

import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { type Breaker, isSwitchgearError, TimeoutError } from 'switchgear';
import { breakerProblem, type Problem, sendProblem } from '../problem.ts';
import { type Fallback, sendFallback } from './fallback.ts';
import { hasBody, requestHeaders, responseHeaders, trailers } from './headers.ts';
import { Pump } from './pump.ts';
import { type Party, Silence } from './silence.ts';
import type { Upstream } from './upstream.ts';
import { upstreamProblem } from './upstream-problem.ts';

/** What all exchanges of a proxy have in common. */
export interface Route {
  readonly breaker: Breaker;
  readonly upstream: Upstream;
  /** Longest silence of the upstream, milliseconds; `Infinity`: any. */
  readonly timeoutMs: number;
  readonly fallback?: Fallback;
}

/** Longest silence of a client in the middle of its request, or without reading on. */
const CLIENT_MS = 60_000;

/** Requests that may be sent again where a kept connection turned out to be closed (RFC 9110, 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
const CLOSED: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'EPIPE']);

/** Whether the head of an answer says that the upstream is unwell. */
export function isFailedAnswer(answer: unknown): boolean {
  const { statusCode = 0 } = answer as IncomingMessage;
  return statusCode === 429 || statusCode >= 500;
}

export class Exchange {
  readonly #route: Route;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  /** Aborted when the client has gone. */
  readonly #gone = new AbortController();
  readonly #silence: Silence;
  #startMs = 0;
  #outgoing: ClientRequest | undefined = undefined;
  #incoming: IncomingMessage | undefined = undefined;
  #upload: Pump | undefined = undefined;
  #download: Pump | undefined = undefined;
  /** Whether the client has yet to send something. */
  #uploading: boolean;
  /** Whether it waits to be told to. */
  #expecting: boolean;
  #over = false;
  #succeed: (answer: IncomingMessage) => void = () => {};
  #fail: (error: unknown) => void = () => {};

  constructor(route: Route, request: IncomingMessage, response: ServerResponse) {
    this.#route = route;
    this.#request = request;
    this.#response = response;
    this.#uploading = hasBody(request);
    this.#expecting = request.headers.expect !== undefined;
    this.#silence = new Silence({ upstream: route.timeoutMs, client: CLIENT_MS }, (party) =>
      this.#tooLong(party),
    );
  }

  /** Settles when the circuit has heard how it went. Never rejects. */
  async run(): Promise<void> {
    this.#response.once('close', () => {
      if (!this.#response.writableFinished) this.#leave();
    });
    // Both are heard of by `close`.
    this.#request.on('error', () => {});
    this.#response.on('error', () => {});
    try {
      await this.#route.breaker.execute(() => this.#forward(), { signal: this.#gone.signal });
    } catch (error) {
      // What was not forwarded has no answer yet; all else has answered for itself.
      if (!this.#outgoing && !this.#gone.signal.aborted) this.#answer(error);
    }
  }

  // ── the request ──────────────────────────────────────────────────────────────────────────────────────────────────

  #forward(): Promise<IncomingMessage> {
    this.#startMs = performance.now();
    return new Promise((resolve, reject) => {
      this.#succeed = resolve;
      this.#fail = reject;
      this.#send();
    });
  }

  #send(): void {
    const { upstream } = this.#route;
    const { method = 'GET', url = '/' } = this.#request;
    const outgoing = upstream.request(method, url, requestHeaders(this.#request, upstream.host));
    this.#outgoing = outgoing;
    outgoing.once('response', (incoming) => this.#receive(incoming));
    outgoing.once('continue', () => {
      this.#expecting = false;
      this.#response.writeContinue();
      this.#turn();
    });
    // Nobody asked for another protocol. Node has let go of the connection, and is silent about it.
    outgoing.once('upgrade', (_, socket) => {
      socket.on('error', () => {}).destroy();
      this.#break(Object.assign(new Error('upgraded'), { code: 'EPROTO' }));
    });
    outgoing.on('error', (error) => this.#notSent(outgoing, error));
    if (this.#uploading) this.#sendBody(outgoing);
    else outgoing.end();
    this.#turn();
  }

  #sendBody(outgoing: ClientRequest): void {
    const request = this.#request;
    // A body of unknown length may depend on the answer to its beginning.
    if (request.headers['content-length'] === undefined) outgoing.flushHeaders();
    this.#upload = new Pump(request, outgoing, () => {
      this.#expecting = false;
      this.#turn();
    });
    request.once('end', () => {
      this.#uploading = false;
      if (this.#over) return;
      outgoing.addTrailers(trailers(request));
      outgoing.end();
      this.#turn();
    });
  }

  #notSent(outgoing: ClientRequest, error: NodeJS.ErrnoException): void {
    // Once the answer has begun, it tells itself how it ends: an upstream need not read to the end what it has refused.
    if (this.#over || this.#incoming || outgoing !== this.#outgoing) return;
    const { method = '' } = this.#request;
    const repeatable = IDEMPOTENT.has(method) && !hasBody(this.#request);
    // The upstream closed a connection that had been idle. That says nothing about it; a new one will.
    if (outgoing.reusedSocket && repeatable && CLOSED.has(error.code)) this.#send();
    else this.#break(error);
  }

  // ── the answer ───────────────────────────────────────────────────────────────────────────────────────────────────

  #receive(incoming: IncomingMessage): void {
    if (this.#over) return;
    const response = this.#response;
    this.#incoming = incoming;
    incoming.on('error', (error) => this.#break(error));
    try {
      const { statusCode = 502, statusMessage = '' } = incoming;
      response.writeHead(statusCode, statusMessage, responseHeaders(incoming, this.#route.upstream.origin));
    } catch (error) {
      this.#break(error);
      return;
    }
    if (isFailedAnswer(incoming) || this.#probing()) this.#succeed(incoming);
    let begun = false;
    this.#download = new Pump(incoming, response, () => {
      begun = true;
      this.#turn();
    });
    incoming.once('end', () => this.#complete(incoming));
    // A body that is here already goes with the head, in one packet; one that lets us wait does not hold it up.
    setImmediate(() => {
      if (!begun && !this.#over) response.flushHeaders();
    });
    this.#turn();
  }

  #probing(): boolean {
    const { state } = this.#route.breaker.state;
    return state === 'half-open' || state === 'local-open';
  }

  #complete(incoming: IncomingMessage): void {
    if (this.#over) return;
    this.#end();
    this.#response.addTrailers(trailers(incoming));
    this.#response.end();
    if (this.#clientWasSlow()) this.#fail(new DOMException('it was the client who was slow', 'AbortError'));
    else this.#succeed(incoming);
  }

  /** Whether the call would not count as slow but for the time that the client took. */
  #clientWasSlow(): boolean {
    const { slowCallDuration } = this.#route.breaker.options;
    const tookMs = performance.now() - this.#startMs;
    return tookMs >= slowCallDuration && tookMs - this.#silence.clientMs < slowCallDuration;
  }

  // ── how it ends otherwise ────────────────────────────────────────────────────────────────────────────────────────

  /** Says whose silence begins now. Both may be waited for; then it is for the client to go on. */
  #turn(): void {
    if (this.#over) return;
    const sends = this.#uploading && !this.#expecting && !this.#upload?.blocked;
    this.#silence.waitFor(sends || this.#download?.blocked ? 'client' : 'upstream');
  }

  #tooLong(party: Party): void {
    const { breaker, timeoutMs } = this.#route;
    if (party === 'upstream') {
      const error = new TimeoutError(breaker.name, timeoutMs);
      // In shadow mode it counts, and goes on.
      if (breaker.options.mode === 'shadow') this.#fail(error);
      else this.#break(error);
      return;
    }
    const detail = `nothing was heard of the client for ${CLIENT_MS / 1_000} s`;
    this.#leave();
    this.#response.shouldKeepAlive = false;
    this.#cut({ status: 408, code: 'CLIENT_SILENT', detail });
  }

  /** The upstream has failed. */
  #break(error: unknown): void {
    if (this.#over) return;
    this.#end();
    this.#fail(error);
    this.#answer(error);
  }

  /** The client has gone. */
  #leave(): void {
    this.#gone.abort();
    this.#end();
  }

  #end(): void {
    this.#over = true;
    this.#silence.end();
    if (this.#uploading) this.#upload?.stop();
    if (!this.#incoming?.complete || this.#uploading) this.#outgoing?.destroy();
  }

  #answer(error: unknown): void {
    const { breaker, fallback } = this.#route;
    if (fallback && isSwitchgearError(error, 'CIRCUIT_OPEN')) sendFallback(this.#response, fallback);
    else this.#cut(breakerProblem(error) ?? upstreamProblem(error, breaker.name));
  }

  /** Answers with `problem`, or ends an answer that has begun so that nobody takes it for complete. */
  #cut(problem: Problem): void {
    const response = this.#response;
    const { socket } = response;
    if (!response.headersSent) sendProblem(response, problem);
    // A body without length and chunks ends with its connection: only a reset tells a break from the end.
    else if (socket?.remoteAddress) socket.resetAndDestroy();
    else response.destroy();
  }
}
