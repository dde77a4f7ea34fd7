/** node-redis behind the seam: the clients of `createClient`, `createCluster` and `createSentinel`. */

import type { RedisConnection, Subscriber } from './connection.ts';
import { NotConnected } from './failure.ts';
import { Link } from './link.ts';
import { CONNECT_TIMEOUT_MS, reconnectDelay } from './reconnect.ts';

/** What is used of all three. */
interface Shared {
  duplicate(options: object): this;
  connect(): Promise<unknown>;
  destroy(): unknown;
  on(event: string, listener: (detail: unknown) => void): unknown;
}

/** What is used of the client of one server. */
interface Client extends Shared {
  readonly options: { readonly socket?: object };
  sendCommand(command: readonly string[], options: object): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
}

interface Cluster extends Shared {
  readonly masters: readonly object[];
  nodeClient(node: object): Promise<Client>;
  sendCommand(key: string, readOnly: boolean, command: readonly string[], options: object): Promise<unknown>;
}

interface Sentinel extends Shared {
  sendCommand(readOnly: boolean, command: readonly string[], options: object): Promise<unknown>;
  subscribe: Client['subscribe'];
}

/** A command that has not been sent within this time, milliseconds, is given up. Answers may take as long as they do. */
const COMMAND = { timeout: 1_000, typeMapping: {} };

export function nodeRedisConnection(model: unknown): RedisConnection {
  if (isCluster(model)) return new ClusterConnection(model);
  return isSentinel(model) ? new SentinelConnection(model) : new ClientConnection(model as Client);
}

/** What had no answer when the connection broke is rejected by the client, never sent again. */
class ClientConnection implements RedisConnection {
  readonly #client: Client;
  readonly #link = new Link();
  #connecting = false;

  constructor(model: Client) {
    // `Link` decides who waits for a connection.
    const socket = {
      ...model.options.socket,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: reconnectDelay,
    };
    this.#client = model.duplicate({ disableOfflineQueue: true, socket });
    this.#client.on('ready', () => this.#link.restored());
    this.#client.on('error', (error) => {
      this.#link.because(error);
      this.#link.lost();
    });
  }

  async send(_key: string, command: readonly string[]): Promise<unknown> {
    if (!this.#connecting) {
      this.#connecting = true;
      // Its failures come as events.
      this.#client.connect().catch(() => {});
    }
    await this.#link.ready();
    return this.#client.sendCommand(command, COMMAND);
  }

  subscriber(): Promise<Subscriber> {
    return subscriberLike(this.#client);
  }

  async close(): Promise<void> {
    this.#link.close();
    this.#client.destroy();
  }
}

class ClusterConnection implements RedisConnection {
  readonly #opener: Opener<Cluster>;

  constructor(model: Cluster) {
    this.#opener = new Opener(() => model.duplicate({}));
  }

  async send(key: string, command: readonly string[]): Promise<unknown> {
    return (await this.#opener.open()).sendCommand(key, false, command, COMMAND);
  }

  async subscriber(): Promise<Subscriber> {
    const cluster = await this.#opener.open();
    const node = cluster.masters[Math.floor(Math.random() * cluster.masters.length)] as object;
    return subscriberLike(await cluster.nodeClient(node));
  }

  close(): Promise<void> {
    return this.#opener.close();
  }
}

class SentinelConnection implements RedisConnection {
  readonly #opener: Opener<Sentinel>;
  readonly #model: Sentinel;

  constructor(model: Sentinel) {
    this.#model = model;
    // By default it sends again what had no answer when the primary's connection broke.
    this.#opener = new Opener(() => model.duplicate({ maxCommandRediscovers: 0 }));
  }

  async send(_key: string, command: readonly string[]): Promise<unknown> {
    return (await this.#opener.open()).sendCommand(false, command, COMMAND);
  }

  async subscriber(): Promise<Subscriber> {
    const sentinel = this.#model.duplicate({ maxCommandRediscovers: 0 });
    const ended = new Promise<void>((resolve) => {
      // It subscribes anew by itself, to another primary too, and does not say when.
      for (const event of ['error', 'client-error', 'topology-change', 'reconnecting', 'end'])
        sentinel.on(event, () => resolve());
    });
    await sentinel.connect();
    return {
      ended,
      end: () => void sentinel.destroy(),
      subscribe: (channel, onMessage) => sentinel.subscribe(channel, onMessage),
    };
  }

  close(): Promise<void> {
    return this.#opener.close();
  }
}

/** Connects with the first use, and anew with the next one where that failed. */
class Opener<C extends Shared> {
  readonly #make: () => C;
  #opening: Promise<C> | undefined;
  #closed = false;

  constructor(make: () => C) {
    this.#make = make;
  }

  open(): Promise<C> {
    if (this.#closed) return Promise.reject(new NotConnected('the store is closed'));
    this.#opening ??= this.#connect();
    return this.#opening;
  }

  async #connect(): Promise<C> {
    const client = this.#make();
    client.on('error', () => {});
    try {
      await client.connect();
      return client;
    } catch (cause) {
      this.#opening = undefined;
      throw new NotConnected('not connected', { cause });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const client = await this.#opening?.catch(() => undefined);
    await client?.destroy();
  }
}

async function subscriberLike(model: Client): Promise<Subscriber> {
  const socket = { ...model.options.socket, reconnectStrategy: false };
  const client = model.duplicate({ disableOfflineQueue: false, socket });
  const ended = new Promise<void>((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
  });
  await client.connect();
  return {
    ended,
    end: () => void client.destroy(),
    subscribe: (channel, onMessage) => client.subscribe(channel, onMessage),
  };
}

function isCluster(client: unknown): client is Cluster {
  return 'masters' in Object(client);
}

function isSentinel(client: unknown): client is Sentinel {
  return 'acquire' in Object(client);
}
