/** A page of evil.example whose name was re-bound to 127.0.0.1 reaches a loopback port; only the `Host` header tells. */

import type { IncomingMessage } from 'node:http';
import type { Problem } from './problem.ts';

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i;

/** Refuses a request that asks a loopback port under another name. */
export function foreignHost({ headers: { host } }: IncomingMessage): Problem | undefined {
  if (host !== undefined && LOOPBACK_HOST.test(host)) return undefined;
  return {
    status: 403,
    code: 'FOREIGN_HOST',
    detail: 'the Host header names another server; allowed: localhost, 127.0.0.1, [::1]',
  };
}
