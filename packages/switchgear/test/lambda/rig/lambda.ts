/**
 * A function as the service runs it: the Runtime API on loopback, an OS process per environment, stopped between
 * invocations, killed at its timeout, started anew where none is free; the one that was busy last is taken first.
 */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Environment } from './environment.ts';
import { Invocation, type Outcome } from './invocation.ts';
import type { World } from './world.ts';

export interface FunctionOptions {
  readonly world: World;
  /** The bundled function. */
  readonly handler: string;
  readonly env?: Readonly<Record<string, string>>;
  /** After which an invocation is killed. Default 20 s: in no test's way. */
  readonly timeoutMs?: number;
  /** Invocations at the same time in one environment. Default 1. */
  readonly pollers?: number;
}

export class Lambda {
  readonly #options: FunctionOptions;
  readonly #server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
    this.#serve(request, response).catch(() => response.destroy());
  });
  #environments: Environment[] = [];
  readonly #byId = new Map<string, Environment>();
  #started = 0;
  #invocations = 0;

  private constructor(options: FunctionOptions) {
    this.#options = options;
  }

  static async deploy(options: FunctionOptions): Promise<Lambda> {
    const lambda = new Lambda(options);
    lambda.#server.listen(0, '127.0.0.1');
    await once(lambda.#server, 'listening');
    return lambda;
  }

  /** Those that live, the one that was busy last first. */
  get environments(): readonly Environment[] {
    return this.#environments.filter(({ dead }) => !dead);
  }

  /** In `environment`, or where Lambda would: the free one that was busy last, else a new one. */
  invoke(
    event: unknown,
    environment = this.environments.find(({ free }) => free) ?? this.start(),
  ): Invocation {
    const { timeoutMs = 20_000 } = this.#options;
    const invocation = new Invocation(`request-${++this.#invocations}`, event, timeoutMs);
    environment.take(invocation);
    return invocation;
  }

  /** Starts an environment ahead of its first invocation, as for provisioned concurrency. `more`: variables of its own. */
  start(more: Readonly<Record<string, string>> = {}): Environment {
    const { world, handler, pollers = 1 } = this.#options;
    const env = { ...this.#options.env, ...more };
    const id = this.#started++;
    const { port } = this.#server.address() as AddressInfo;
    const environment = new Environment(id, { world, handler, env, pollers, api: `127.0.0.1:${port}/${id}` });
    this.#environments.unshift(environment);
    this.#byId.set(String(id), environment);
    return environment;
  }

  async end(): Promise<void> {
    await Promise.all(this.environments.map((environment) => environment.kill()));
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, id = '', , , ...path] = (request.url ?? '').split('/');
    const environment = this.#byId.get(id);
    if (!environment) throw new Error(`no environment ${id}`);
    const [what, requestId = '', verb] = path;
    if (what === 'invocation' && requestId === 'next') return environment.asked(response);
    const invocation = environment.taken(requestId);
    const body = await this.#bodyOf(request, invocation);
    if (what === 'init' || !invocation) {
      response.writeHead(202).end();
      return;
    }
    environment.ended(requestId);
    this.#environments = [environment, ...this.#environments.filter((other) => other !== environment)];
    const outcome: Outcome =
      verb === 'error'
        ? { how: 'failed', error: JSON.parse(body) }
        : { how: 'answered', value: isStream(request) ? body : JSON.parse(body) };
    response.writeHead(202).end(() => invocation.settle(outcome));
  }

  async #bodyOf(request: IncomingMessage, invocation: Invocation | undefined): Promise<string> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) {
      body += chunk;
      if (isStream(request)) invocation?.hear(chunk);
    }
    return body;
  }
}

function isStream(request: IncomingMessage): boolean {
  return request.headers['lambda-runtime-function-response-mode'] === 'streaming';
}
