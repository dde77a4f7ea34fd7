/** Failures of Redis as errors of this library: whether the write may have happened, and what mends it. */

import { StoreError } from '../../errors.ts';

/** What mends a failure, by the word that the server's message begins with, or by the network's code. */
const MENDS: Readonly<Record<string, string>> = {
  NOAUTH: 'give the client a password',
  WRONGPASS: 'mend user name and password',
  NOPERM: 'allow the user these commands, keys and channels: see docs/redis.md',
  OOM: 'raise maxmemory, or let idle keys be evicted: maxmemory-policy volatile-ttl',
  LOADING: 'wait until the server has read its data',
  CLUSTERDOWN: 'see that the Cluster has a primary for each slot',
  NOREPLICAS: 'bring its replicas back, or lower min-replicas-to-write',
  BUSY: 'another script runs too long: SCRIPT KILL ends it',
  MAXCLIENTS: 'raise maxclients, or close other connections',
  MASTERDOWN: 'connect to the primary: this is a replica',
  READONLY: 'connect to the primary: this is a replica',
  MISCONF: 'the server cannot save to its disk',
  WRONGTYPE: 'something else uses the keys of this prefix',
  CROSSSLOT: 'use a client for Cluster',
  MOVED: 'this is a Cluster: use a client for one',
  NO_CLUSTER:
    'mend the addresses of the nodes, or, where the server is no Cluster, use a client for one server',
  ETIMEDOUT:
    'mend host and port; with TLS, see that the server speaks TLS there; one that still loads its data has to be waited for',
  DEPTH_ZERO_SELF_SIGNED_CERT: "give the client the certificate of the server's authority",
  SELF_SIGNED_CERT_IN_CHAIN: "give the client the certificate of the server's authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "give the client the certificate of the server's authority",
  ECONNRESET: 'without TLS, see that the server asks for none there; with maxclients, that it takes more',
  ECONNREFUSED: 'nothing listens there: mend host and port, or start the server',
  ENOTFOUND: 'mend the host',
};

/** The connection was not there when a command was to be sent. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';
}

/** Whether the server refused because it does not know the script. */
export function scriptMissing(thrown: unknown): boolean {
  return replyCode(thrown) === 'NOSCRIPT';
}

/** Whether the server refused because it is a replica. */
export function demoted(thrown: unknown): boolean {
  return replyCode(thrown) === 'READONLY';
}

/** Whether something else lies under a key. */
export function wrongType(thrown: unknown): boolean {
  return replyCode(thrown) === 'WRONGTYPE';
}

/** What mends `cause`, where that is known. */
export function mendOf(cause: unknown): string | undefined {
  const reason = rootOf(cause);
  // What a user may not do is said without a code to a script, in other words since Redis 7.2 and in Valkey 8.
  if (/^ERR (The user executing the script|ACL failure in script)/.test(textOf(reason))) return MENDS.NOPERM;
  if (/^ERR max number of clients/.test(textOf(reason))) return MENDS.MAXCLIENTS;
  return MENDS[replyCode(reason) ?? networkCode(reason)];
}

export function storeErrorOf(cause: unknown, verb: string): StoreError {
  if (cause instanceof StoreError) return cause;
  const reply = replyCode(cause);
  const reason = rootOf(cause);
  const mend = mendOf(cause);
  const refused = neverSent(cause) || (reply !== undefined && !mayHaveWritten(cause));
  const message = reason === cause ? textOf(cause) : `${textOf(cause)}: ${textOf(reason)}`;
  return new StoreError(`${verb}: ${message}${mend ? `; ${mend}` : ''}`, refused ? 'refused' : 'unknown', {
    cause,
  });
}

/** What ioredis and node-redis say of a slot that no node of the Cluster serves: nobody has run the command. */
const NO_NODE = /^Too many Cluster redirections|reading 'master'/;

/** ioredis knows of a loss before it tells. */
function neverSent(cause: unknown): boolean {
  const text = textOf(cause);
  return cause instanceof NotConnected || /^Stream isn't writeable/.test(text) || NO_NODE.test(text);
}

/**
 * A server that takes no writes refuses a script's first one. What is wrong with one key or one command may show after
 * others have been written.
 */
function mayHaveWritten(refusal: unknown): boolean {
  return /@user_script/.test(textOf(refusal)) && /^(WRONGTYPE|NOPERM|ERR) /.test(textOf(refusal));
}

/** The word in capitals that an error of the server begins with. */
function replyCode(thrown: unknown): string | undefined {
  return thrown instanceof Error ? /^([A-Z]{3,}) /.exec(thrown.message)?.[1] : undefined;
}

/**
 * A plain server does not answer a TLS handshake at all, so that mistake comes as a time-out. Clients for a Cluster do not
 * say why no node would do.
 */
function networkCode(thrown: unknown): string {
  const { code, message = '' } = Object(thrown) as { code?: string; message?: string };
  if (/slots cache|root nodes|cluster support/.test(message)) return 'NO_CLUSTER';
  if (NO_NODE.test(message)) return 'CLUSTERDOWN';
  return code ?? (/timeout/i.test(message) ? 'ETIMEDOUT' : '');
}

function rootOf(thrown: unknown): unknown {
  const cause = (thrown as Error | undefined)?.cause;
  return cause instanceof Error ? rootOf(cause) : Object(thrown);
}

function textOf(thrown: unknown): string {
  const { message, code = 'no answer' } = Object(thrown) as { message?: string; code?: string };
  return message || code;
}
