/** What a request must pass before a route sees it. */

import type { MiddlewareHandler } from 'hono';
import type { Authenticate, Caller } from './access.ts';
import { Refusal } from './problem.ts';
import type { WriteLimit } from './write-limit.ts';

/** What the gate tells the routes. */
export interface Passed {
  readonly Variables: { readonly caller: Caller };
}

/** Names of the loopback interface, as they stand in a URL. */
export const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** Names under which this server may be asked for. */
export type Hosts = readonly string[] | 'any';

/**
 * Refuses requests under a name that is not this server's. A page of evil.example whose name was re-bound to 127.0.0.1 is of
 * the same origin for the browser; only the `Host` header tells.
 */
export function onlyHosts(hosts: Hosts = LOOPBACK): MiddlewareHandler {
  // As `Host` is read, whatever the spelling.
  const names = hosts === 'any' ? [] : hosts.map((each) => hostName(each) ?? each);
  return async (c, next) => {
    const name = hostName(c.req.header('host'));
    if (hosts !== 'any' && !(name && names.includes(name)))
      throw new Refusal(
        403,
        'FOREIGN_HOST',
        `the Host header names another server; allowed: ${hosts.join(', ')}`,
      );
    await next();
  };
}

/** `switchboard.example:4280` without its port. */
function hostName(host = ''): string | undefined {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined;
}

/** Refuses what pages of other origins make a browser send: to read is denied them by the lack of CORS, to write by this. */
export const onlyOwnPages: MiddlewareHandler = async (c, next) => {
  const origin = c.req.header('origin');
  const site = c.req.header('sec-fetch-site');
  const foreign =
    origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === c.req.header('host'));
  if (foreign || (site !== undefined && site !== 'same-origin' && site !== 'none'))
    throw new Refusal(
      403,
      'FOREIGN_ORIGIN',
      'the request comes from a page of another origin; allowed: this one',
    );
  await next();
};

const READS = ['GET', 'HEAD'];

/** Where processes tell of their calls: who may, how fast and how much is a matter of its own. */
export const TRAFFIC_PATH = '/v1/traffic';

/** Only who is known, and only operators where something changes, not too fast; reporters tell, and do nothing else. */
export function onlyCallers(auth: Authenticate, limit: WriteLimit): MiddlewareHandler<Passed> {
  return async (c, next) => {
    const caller = await auth(c.req.raw, c.env);
    if (!caller)
      throw new Refusal(401, 'NO_TOKEN', 'a token is needed: Authorization: Bearer …', {
        'www-authenticate': 'Bearer',
      });
    c.set('caller', caller);
    const tells = c.req.path === TRAFFIC_PATH;
    if (caller.role === 'reporter' && !tells)
      throw new Refusal(
        403,
        'ONLY_A_REPORTER',
        "a reporter's token tells of calls; it reads and changes nothing",
      );
    if (!READS.includes(c.req.method)) {
      if (caller.role === 'viewer')
        throw new Refusal(403, 'NOT_AN_OPERATOR', "a viewer's token reads; changes need the operator's");
      // A form cannot send JSON: what a foreign page can make a browser post ends here too.
      if (!/^application\/json *(;|$)/i.test(c.req.header('content-type') ?? ''))
        throw new Refusal(415, 'NOT_JSON', 'the body must be JSON; allowed: Content-Type: application/json');
      const waitMs = tells ? 0 : limit.take();
      if (waitMs > 0)
        throw new Refusal(429, 'TOO_MANY_CHANGES', `too many changes; wait ${Math.ceil(waitMs / 1_000)} s`, {
          'retry-after': `${Math.ceil(waitMs / 1_000)}`,
        });
    }
    await next();
  };
}
