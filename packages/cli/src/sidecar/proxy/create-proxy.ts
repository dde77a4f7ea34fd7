/** A reverse proxy with a breaker in front of its one upstream. docs/sidecar.md says what it guarantees. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { boundedServer } from '../open-server.ts';
import { foreignHost } from '../own-host.ts';
import { type Problem, sendProblem } from '../problem.ts';
import { Exchange, type Route } from './exchange.ts';

export interface ProxyAccess {
  /** Whether any name may be asked for in `Host`: where the port is open to other machines, or no browser reaches it. */
  readonly anyHost: boolean;
}

/** Not listening yet: see `openServer`. */
export function createProxy(route: Route, { anyHost }: ProxyAccess): Server {
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const problem = (anyHost ? undefined : foreignHost(request)) ?? notProxied(request);
    if (!problem) {
      void new Exchange(route, request, response).run();
      return;
    }
    sendProblem(response, problem);
  };
  // A body may take its time; each silence in it is bounded by the exchange.
  const server = boundedServer({ requestTimeout: 0 }, handle);
  // The upstream says whether it wants the body. Where it does not, Node ends the connection: the body may come or not.
  server.on('checkContinue', (request, response) => server.emit('request', request, response));
  server.on('connect', (_request, socket) => {
    socket.on('error', () => {});
    const body = JSON.stringify(CONNECT);
    socket.end(
      `HTTP/1.1 501 Not Implemented\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
  });
  return server;
}

const CONNECT: Problem = {
  status: 501,
  code: 'NO_TUNNEL',
  detail: 'CONNECT is not supported: this is no forward proxy; change the base URL of your program instead',
};

/** Requests that this proxy does not pass on. */
function notProxied({ url = '', headers }: IncomingMessage): Problem | undefined {
  // A whole address as the target would be another server's, and is not followed.
  if (!url.startsWith('/') && url !== '*')
    return {
      status: 400,
      code: 'NOT_A_PATH',
      detail: 'the request target must be a path: this is no forward proxy; change the base URL instead',
    };
  const { upgrade, 'transfer-encoding': coding } = headers;
  // HTTP/2 may be offered to any server, and is not taken up; a WebSocket's client cannot do without.
  if (upgrade !== undefined && upgrade.trim().toLowerCase() !== 'h2c')
    return {
      status: 501,
      code: 'NO_UPGRADE',
      detail: 'the connection cannot be upgraded: WebSockets are not proxied; connect to the upstream itself',
      proxyStatus: 'http_upgrade_failed',
    };
  // The proxy takes chunks apart and makes new ones; a coding below them would get lost.
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked')
    return {
      status: 501,
      code: 'NO_TRANSFER_CODING',
      detail: 'Transfer-Encoding may be chunked and nothing else',
      proxyStatus: 'http_request_error',
    };
  return undefined;
}
