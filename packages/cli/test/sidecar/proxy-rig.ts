/** A proxy between real sockets: an upstream that does what the test says, and clients down to the bytes. */

import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  type RequestListener,
  type RequestOptions,
  request,
  type Server,
} from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Breaker, type BreakerOptions, MemoryStore, Switchgear, systemClock } from 'switchgear';
import { onTestFinished, vi } from 'vitest';
import { closeServer, openServer } from '../../src/sidecar/open-server.ts';
import { createProxy } from '../../src/sidecar/proxy/create-proxy.ts';
import { isFailedAnswer, type Route } from '../../src/sidecar/proxy/exchange.ts';
import { Upstream } from '../../src/sidecar/proxy/upstream.ts';

export interface ProxyRig {
  readonly port: number;
  readonly breaker: Breaker;
  readonly gear: Switchgear;
  readonly server: Server;
  readonly upstream: Server;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly trailers: IncomingMessage['trailers'];
  readonly body: string;
}

export interface RigOptions extends BreakerOptions {
  readonly timeoutMs?: number;
  readonly fallback?: Route['fallback'];
  /** Instead of the address of the upstream that the rig starts. */
  readonly address?: string;
}

/** Starts an upstream and a proxy in front of it, for the time of the test. */
export async function startProxy(handler: RequestListener, options: RigOptions = {}): Promise<ProxyRig> {
  const { timeoutMs = Number.POSITIVE_INFINITY, fallback, address, ...own } = options;
  const upstream = createServer(handler);
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  // Looks at the clock anew each time: a test may have stopped it.
  const clock = { ...systemClock, now: () => Date.now() };
  const gear = new Switchgear({ store: new MemoryStore({ clock }), clock });
  const breaker = gear.breaker('dependency', {
    failureThreshold: 3,
    resetTimeout: '1h',
    maxResetTimeout: '2h',
    jitter: 0,
    isFailure: isFailedAnswer,
    ...own,
  });
  const way = new Upstream(address ?? `http://127.0.0.1:${portOf(upstream)}`);
  const server = createProxy(
    { breaker, upstream: way, timeoutMs, ...(fallback && { fallback }) },
    { anyHost: false },
  );
  await openServer(server, { kind: 'tcp', host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    await closeServer(server, 0);
    way.close();
    upstream.closeAllConnections();
    upstream.close();
    await gear.close();
  });
  return { port: portOf(server), breaker, gear, server, upstream };
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Sends a request and reads the whole answer; rejects where that breaks off. */
export async function ask(port: number, options: RequestOptions = {}, body?: string): Promise<Answer> {
  const outgoing = request({ host: '127.0.0.1', port, ...options });
  const response = once(outgoing, 'response');
  // What breaks off once the answer has begun is told by the answer.
  outgoing.on('error', () => {});
  outgoing.end(body);
  const [incoming] = (await response) as [IncomingMessage];
  const content = await text(incoming);
  const { statusCode: status = 0, headers, rawHeaders, trailers } = incoming;
  return { status, headers, rawHeaders, trailers, body: content };
}

/**
 * Lets all that is under way on this machine's one event loop come to rest, and says whether `still` held all along. The clocks,
 * which the test may have stopped, have no part in it.
 */
export async function rest(still: () => boolean = () => true): Promise<boolean> {
  for (let round = 0; round < 200; round++) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!still()) return false;
  }
  return true;
}

/** Stops all clocks that a proxy looks at, for the time of the test: time passes when the test says so, however busy the machine. */
export function stopClocks(): { pass(ms: number): void } {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  return { pass: (ms) => void vi.advanceTimersByTime(ms) };
}

/** An agent that keeps its connection, for the time of the test. */
export function keptAgent(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return agent;
}

/** A connection to speak HTTP over byte by byte. */
export class RawClient {
  readonly socket: Socket;
  #heard = '';
  readonly closed: Promise<unknown>;

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1').setEncoding('latin1');
    this.socket.on('data', (text: string) => {
      this.#heard += text;
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    onTestFinished(() => {
      this.socket.destroy();
    });
  }

  get heard(): string {
    return this.#heard;
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }
}
