/**
 * The breaker for programs of any language: they ask for a permit, make their call, and tell how it went.
 *
 *     POST /permits                {"circuit":"stripe"}      201 {"id":"…","epoch":3,"lease":null,…}
 *     POST /permits/<id>/outcome   {"outcome":"failure",     200 {"settled":true}
 *                                   "lease":null}
 *     GET  /circuits/<name>                                  200 what this process knows of a circuit
 *     GET  /health                                           200
 *
 * docs/sidecar.md says what it guarantees.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type Breaker, type CircuitStatus, isSwitchgearError, type Switchgear } from 'switchgear';
import { boundedServer } from '../open-server.ts';
import { foreignHost } from '../own-host.ts';
import { breakerProblem, type Problem, sendProblem } from '../problem.ts';
import { jsonBody, Refusal } from './json-body.ts';
import { OpenPermits } from './open-permits.ts';
import { outcome, permitRequest } from './requests.ts';

/** Time for a whole request. */
const REQUEST_MS = 10_000;
/** A circuit is kept for ever: names must not be made out of what users send. */
const MAX_CIRCUITS = 1_000;

/** Not listening yet: see `openServer`. Closing it gives back the permits that are out. */
export function createDecisionApi(gear: Switchgear): Server {
  const api = new DecisionApi(gear);
  const server = boundedServer({ requestTimeout: REQUEST_MS }, (request, response) => {
    void api.answer(request, response);
  });
  server.on('close', () => api.close());
  return server;
}

class DecisionApi {
  readonly #gear: Switchgear;
  readonly #permits = new OpenPermits();
  readonly #breakers = new Map<string, Breaker>();

  constructor(gear: Switchgear) {
    this.#gear = gear;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // One that breaks off in the middle is heard of by its body's reader.
    request.on('error', () => {});
    response.on('error', () => {});
    try {
      await this.#route(request, response);
    } catch (error) {
      if (!response.destroyed) sendProblem(response, problemOf(error));
    }
  }

  close(): void {
    this.#permits.cancelAll();
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const foreign = (request.socket.remoteAddress && foreignHost(request)) || foreignPage(request);
    if (foreign) throw new Refusal(foreign);
    const { method, url = '' } = request;
    const [, collection, key, act, ...more] = url.split('/');
    const path = [collection, key === undefined ? '' : '*', act ?? '', ...more].join(' ').trim();
    switch (`${method} ${path}`) {
      case 'POST permits':
        return this.#grant(request, response);
      case 'POST permits * outcome':
        return send(response, 200, { settled: await this.#settled(key ?? '', request) });
      case 'GET circuits *':
        return send(response, 200, await this.#state(nameIn(key)));
      case 'GET health':
        return send(response, 200, { status: 'ok' });
      default:
        throw new Refusal({
          status: 404,
          code: 'NO_SUCH_ROUTE',
          detail: 'allowed: POST /permits, POST /permits/<id>/outcome, GET /circuits/<name> and GET /health',
        });
    }
  }

  async #grant(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { circuit } = await jsonBody(request, permitRequest);
    const gone = new AbortController();
    // A permit that its program never learnt of goes back at once, not when its time is over.
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    send(response, 201, await this.#permits.grant(this.#breaker(circuit), gone.signal));
  }

  async #settled(id: string, request: IncomingMessage): Promise<boolean> {
    const settled = this.#permits.settle(id, await jsonBody(request, outcome));
    if (settled !== 'lease-missing') return settled;
    throw new Refusal({
      status: 400,
      code: 'LEASE_MISSING',
      detail: 'this call was a probe: its outcome must name the lease of its permit; nothing was settled yet',
    });
  }

  async #state(name: string): Promise<CircuitStatus> {
    const breaker = this.#breaker(name);
    // What no call has asked for yet has not been read.
    if (breaker.state.sinceMs === 0) await this.#gear.warm([name]);
    return breaker.state;
  }

  #breaker(name: string): Breaker {
    const known = this.#breakers.get(name);
    if (known) return known;
    if (this.#breakers.size >= MAX_CIRCUITS)
      throw new Refusal({
        status: 400,
        code: 'TOO_MANY_CIRCUITS',
        detail: `this process knows ${MAX_CIRCUITS} circuits already; names of circuits must not be made out of what users send`,
      });
    // Who tells of a failure has judged it.
    const breaker = this.#gear.breaker(name, { isBreakable: () => true });
    this.#breakers.set(name, breaker);
    return breaker;
  }
}

/** Programs have no origin: only pages of a browser do. */
function foreignPage({ headers }: IncomingMessage): Problem | undefined {
  if (headers.origin === undefined && headers['sec-fetch-site'] === undefined) return undefined;
  return { status: 403, code: 'FOREIGN_ORIGIN', detail: 'no page of a browser may call this' };
}

function nameIn(part = ''): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refusal({ status: 400, code: 'INVALID_REQUEST', detail: 'the name is not URL-encoded' });
  }
}

function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem;
  const problem = breakerProblem(error);
  if (problem) return problem;
  if (isSwitchgearError(error, 'INVALID_CONFIGURATION'))
    return { status: 400, code: error.code, detail: error.problems.join('\n') };
  console.error('switchgear: the decision API failed', error);
  return { status: 500, code: 'INTERNAL', detail: 'the request failed; the log of the sidecar says why' };
}

function send(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
  });
  response.end(body);
}
