/** ioredis behind the seam: `Redis` (with Sentinel too) and `Cluster`. */

import type { RedisConnection, Subscriber } from './connection.ts';
import { demoted } from './failure.ts';
import { Link } from './link.ts';
import { ANSWER_TIMEOUT_MS, CONNECT_TIMEOUT_MS, LOADING_CHECK_MS, reconnectDelay } from './reconnect.ts';

/** What is used of `Redis`. */
interface Redis {
  readonly options: { readonly db?: number; readonly keyPrefix?: string };
  duplicate(options: object): Redis;
  connect(): Promise<void>;
  disconnect(): void;
  call(command: string, ...args: string[]): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  on(event: string, listener: (...details: unknown[]) => void): this;
}

/** What is used of `Cluster`. */
interface Cluster extends Omit<Redis, 'duplicate' | 'options'> {
  readonly options: { readonly redisOptions?: object; readonly keyPrefix?: string };
  duplicate(startupNodes: readonly [], options: object): Cluster;
  nodes(role: 'all'): Redis[];
}

/**
 * By default ioredis sends again what had no answer when the connection broke, and an ADD would count twice. With no retry
 * left it rejects it instead.
 */
const NEVER_RESEND = { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false };
const TIMEOUTS = {
  connectTimeout: CONNECT_TIMEOUT_MS,
  socketTimeout: ANSWER_TIMEOUT_MS,
  maxLoadingRetryTime: LOADING_CHECK_MS,
};
/** The answers are read as numbers, whatever the model's owner wants them to be, and `keyPrefix` would spare the channel. */
const OWN = { ...TIMEOUTS, stringNumbers: false, keyPrefix: '' };

export class IoredisConnection implements RedisConnection {
  readonly database: number;
  readonly keyPrefix: string;
  readonly #client: Redis | Cluster;
  readonly #link = new Link();
  #connecting = false;

  constructor(model: unknown) {
    this.database = isCluster(model) ? 0 : ((model as Redis).options.db ?? 0);
    this.keyPrefix = String((model as Redis | Cluster).options.keyPrefix ?? '');
    this.#client = isCluster(model) ? duplicateCluster(model) : duplicate(model as Redis);
    this.#client.on('ready', () => this.#link.restored());
    this.#client.on('close', () => this.#link.lost());
    this.#client.on('error', (error) => this.#link.because(error));
  }

  async send(_key: string, [name = '', ...args]: readonly string[]): Promise<unknown> {
    this.#connect();
    await this.#link.ready();
    return this.#client.call(name, ...args);
  }

  async subscriber(): Promise<Subscriber> {
    this.#connect();
    await this.#link.ready();
    const nodes = isCluster(this.#client) ? this.#client.nodes('all') : [this.#client as Redis];
    const node = nodes[Math.floor(Math.random() * nodes.length)] as Redis;
    const options = { lazyConnect: true, enableOfflineQueue: true, readOnly: false };
    const client = node.duplicate({ ...options, retryStrategy: null, autoResubscribe: false });
    client.on('error', () => {});
    const ended = new Promise<void>((resolve) => client.on('end', () => resolve()));
    await client.connect();
    return {
      ended,
      end: () => client.disconnect(),
      ping: () => client.call('PING'),
      subscribe: (channel, onMessage) => {
        client.on('message', (_channel, message) => onMessage(String(message)));
        return client.subscribe(channel);
      },
    };
  }

  async close(): Promise<void> {
    // Nothing connects any more, not even what never has.
    this.#connecting = true;
    this.#link.close();
    this.#client.disconnect();
  }

  #connect(): void {
    if (this.#connecting) return;
    this.#connecting = true;
    // Its failures come as events.
    this.#client.connect().catch(() => {});
  }
}

function isCluster(client: unknown): client is Cluster {
  return 'nodes' in Object(client);
}

function duplicate(model: Redis): Redis {
  return model.duplicate({
    ...NEVER_RESEND,
    lazyConnect: true,
    // `Link` decides who waits for a connection.
    enableOfflineQueue: false,
    retryStrategy: reconnectDelay,
    // The primary has become a replica and keeps its connections: the address leads to another one by now.
    reconnectOnError: demoted,
    ...OWN,
  });
}

function duplicateCluster(model: Cluster): Cluster {
  return model.duplicate([], {
    lazyConnect: true,
    keyPrefix: '',
    // What waits here for a node has not been sent; it fails with the attempt to reach the node.
    enableOfflineQueue: true,
    clusterRetryStrategy: reconnectDelay,
    // Sends again what had no answer when a node's connection broke.
    retryDelayOnFailover: 0,
    redisOptions: { ...model.options.redisOptions, ...NEVER_RESEND, ...OWN },
  });
}
