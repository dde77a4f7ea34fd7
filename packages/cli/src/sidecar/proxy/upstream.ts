/** The one server that a proxy speaks to: its address is the command line's, never the request's. */

import * as http from 'node:http';
import * as https from 'node:https';
import { ConfigurationError } from 'switchgear';
import type { RawHeaders } from './headers.ts';

/** Idle connections live shorter than the 5 s that many servers allow: a request that meets a closing one is lost. */
const IDLE_MS = 4_000;

export class Upstream {
  /** `https://api.stripe.com` */
  readonly origin: string;
  /** `api.stripe.com`, with its port where that is not the usual one. */
  readonly host: string;
  readonly #agent: http.Agent;
  readonly #options: http.RequestOptions;
  readonly #request: (options: http.RequestOptions) => http.ClientRequest;

  /** @throws ConfigurationError (`INVALID_CONFIGURATION`) for anything but scheme, host and port. */
  constructor(address: string) {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    // A path would have to be taken off redirects and cookies again; in the program's base URL it does no harm.
    if (
      !url ||
      !/^https?:$/.test(url.protocol) ||
      url.username ||
      url.password ||
      url.href !== `${url.origin}/`
    )
      throw new ConfigurationError([
        'the upstream is not usable; allowed: http or https, a host and a port, such as https://api.example.com, ' +
          "without path and credentials: those belong into your program's requests",
      ]);
    this.origin = url.origin;
    this.host = url.host;
    const secure = url.protocol === 'https:';
    const settings: http.AgentOptions = { keepAlive: true, timeout: IDLE_MS };
    this.#agent = secure ? new https.Agent(settings) : new http.Agent(settings);
    this.#request = secure ? https.request : http.request;
    this.#options = {
      agent: this.#agent,
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port || (secure ? 443 : 80),
      setHost: false,
      insecureHTTPParser: false,
    };
  }

  /** Begins a request. Connections are kept and used again. */
  request(method: string, path: string, headers: RawHeaders): http.ClientRequest {
    const request = this.#request({ ...this.#options, method, path, headers });
    // As many as fit, as towards the client.
    request.maxHeadersCount = 0;
    return request;
  }

  close(): void {
    this.#agent.destroy();
  }
}
