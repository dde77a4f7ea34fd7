/** Where a server of the sidecar listens: `127.0.0.1:4243`, `[::1]:4243`, `localhost:4243` or `unix:/run/switchgear.sock`. */

import { isIPv6 } from 'node:net';
import { ConfigurationError } from 'switchgear';
import { isLoopback } from '../serve/address.ts';

export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** @throws ConfigurationError (`INVALID_CONFIGURATION`) */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith('unix:') && text.length > 'unix:'.length)
    return { kind: 'unix', path: text.slice('unix:'.length) };
  const [, bracketed, name, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? name;
  if (!host || (bracketed && !isIPv6(bracketed)) || Number(port) > 65_535)
    throw new ConfigurationError([
      `--listen is '${text.slice(0, 80)}'; allowed: <address>:<port>, such as 127.0.0.1:4243 or [::1]:0, or unix:<path>`,
    ]);
  return { kind: 'tcp', host, port: Number(port) };
}

/** Whether only this machine can reach the address. */
export function isLocal(address: ListenAddress): boolean {
  return address.kind === 'unix' || isLoopback(address.host);
}
