/** node-redis behind the seam: the clients of `createClient`, `createCluster` and `createSentinel`. */

import { answered, Silence } from './answered.ts';
import type { RedisConnection, Subscriber } from './connection.ts';
import { demoted, NotConnected } from './failure.ts';
import { Link } from './link.ts';
import { ANSWER_TIMEOUT_MS, CONNECT_TIMEOUT_MS, reconnectDelay } from './reconnect.ts';

/** What is used of all three. */
interface Shared {
  duplicate(options: object): this;
  connect(): Promise<unknown>;
  destroy(): unknown;
  on(event: string, listener: (detail: unknown) => void): unknown;
}

/** What is used of the client of one server. */
interface Client extends Shared {
  readonly options: { readonly socket?: object; readonly database?: number };
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

/** What could not be sent within this time is given up too: thousands of reads at once take a while on a busy machine. */
const COMMAND = { timeout: ANSWER_TIMEOUT_MS, typeMapping: {} };

export function nodeRedisConnection(model: unknown): RedisConnection {
  if (isCluster(model)) return new ClusterConnection(model);
  return isSentinel(model) ? new SentinelConnection(model) : new ClientConnection(model as Client);
}

/** What had no answer when the connection broke is rejected by the client, never sent again. */
class ClientConnection implements RedisConnection {
  readonly database: number;
  readonly #make: () => Client;
  readonly #link = new Link();
  #client: Client;
  #connecting = false;
  #closed = false;
  /** Commands without an answer, and the time limit for the next one. */
  #open = 0;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(model: Client) {
    this.database = model.options.database ?? 0;
    // `Link` decides who waits for a connection.
    const socket = {
      ...model.options.socket,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectStrategy: reconnectDelay,
    };
    this.#make = () => {
      const client = model.duplicate({ disableOfflineQueue: true, socket });
      client.on('ready', () => client === this.#client && this.#link.restored());
      client.on('error', (error) => client === this.#client && this.#lost(error));
      return client;
    };
    this.#client = this.#make();
  }

  async send(_key: string, command: readonly string[]): Promise<unknown> {
    this.#connect();
    this.#open += 1;
    this.#silence ??= setTimeout(
      () => this.#renew(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)),
      ANSWER_TIMEOUT_MS,
    );
    await this.#link.ready().catch((error) => {
      this.#answered();
      throw error;
    });
    const client = this.#client;
    try {
      return await client.sendCommand(command, COMMAND);
    } catch (error) {
      // The primary has become a replica and keeps its connections: the address leads to another one by now.
      if (demoted(error) && client === this.#client) this.#renew(error);
      throw error;
    } finally {
      this.#answered();
    }
  }

  async subscriber(): Promise<Subscriber> {
    return subscriberLike(this.#client);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#silence);
    this.#link.close();
    this.#client.destroy();
  }

  #connect(): void {
    if (this.#connecting || this.#closed) return;
    this.#connecting = true;
    // Its failures come as events.
    this.#client.connect().catch(() => {});
  }

  #lost(reason: unknown): void {
    this.#link.because(reason);
    this.#link.lost();
  }

  /** A client notices a connection that was closed, not one that is silent. What had no answer is rejected. */
  #renew(reason: unknown): void {
    const former = this.#client;
    this.#client = this.#make();
    this.#lost(reason);
    former.destroy();
    this.#connecting = false;
    this.#connect();
  }

  #answered(): void {
    this.#open -= 1;
    if (this.#open > 0) this.#silence?.refresh();
    else {
      clearTimeout(this.#silence);
      this.#silence = undefined;
    }
  }
}

class ClusterConnection implements RedisConnection {
  readonly database = 0;
  readonly #opener: Opener<Cluster>;

  constructor(model: Cluster) {
    // Connects to a node with the first command for it: one that is silent must not keep the others away.
    this.#opener = new Opener(() => model.duplicate({ minimizeConnections: true }));
  }

  send(key: string, command: readonly string[]): Promise<unknown> {
    return this.#opener.run((cluster) => cluster.sendCommand(key, false, command, COMMAND));
  }

  subscriber(): Promise<Subscriber> {
    return this.#opener.run(async (cluster) => {
      const node = cluster.masters[Math.floor(Math.random() * cluster.masters.length)] as object;
      return subscriberLike(await cluster.nodeClient(node));
    });
  }

  close(): Promise<void> {
    return this.#opener.close();
  }
}

class SentinelConnection implements RedisConnection {
  /** It may be another one; this client does not tell. */
  readonly database = 0;
  readonly #opener: Opener<Sentinel>;
  readonly #make: () => Sentinel;

  constructor(model: Sentinel) {
    // By default it sends again what had no answer when the primary's connection broke.
    this.#make = () => model.duplicate({ maxCommandRediscovers: 0 });
    this.#opener = new Opener(this.#make);
  }

  send(_key: string, command: readonly string[]): Promise<unknown> {
    return this.#opener.run((sentinel) => sentinel.sendCommand(false, command, COMMAND));
  }

  async subscriber(): Promise<Subscriber> {
    const sentinel = this.#make();
    const ended = new Promise<void>((resolve) => {
      // It subscribes anew by itself, to another primary too, and does not say when.
      for (const event of ['error', 'client-error', 'topology-change', 'reconnecting', 'end'])
        sentinel.on(event, () => resolve());
    });
    await opened(sentinel);
    return {
      ended,
      end: () => destroy(sentinel),
      // Asks the primary, over another connection than that of the subscription: this client has no other way.
      ping: () => sentinel.sendCommand(false, ['PING'], COMMAND),
      subscribe: (channel, onMessage) => answered(sentinel.subscribe(channel, onMessage), ANSWER_TIMEOUT_MS),
    };
  }

  close(): Promise<void> {
    return this.#opener.close();
  }
}

/**
 * Connects with the first use; anew with the next one where that failed, or where a command had no answer: these clients
 * notice a connection that was closed, not one that is silent.
 */
class Opener<C extends Shared> {
  readonly #make: () => C;
  #opening: Promise<C> | undefined;
  #closed = false;

  constructor(make: () => C) {
    this.#make = make;
  }

  async run<T>(step: (client: C) => Promise<T>): Promise<T> {
    if (this.#closed) throw new NotConnected('the store is closed');
    this.#opening ??= this.#connect();
    const opening = this.#opening;
    const client = await opening;
    try {
      return await answered(step(client), ANSWER_TIMEOUT_MS);
    } catch (error) {
      if (error instanceof Silence && this.#opening === opening) {
        this.#opening = undefined;
        destroy(client);
      }
      throw error;
    }
  }

  async #connect(): Promise<C> {
    const client = this.#make();
    client.on('error', () => {});
    try {
      await opened(client);
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

/** Connects; a server that accepts and says nothing would be waited for without end. */
async function opened(client: Shared): Promise<void> {
  try {
    await answered(client.connect(), CONNECT_TIMEOUT_MS);
  } catch (error) {
    destroy(client);
    throw error;
  }
}

/** Whatever state the client is in. */
function destroy(client: Shared): void {
  new Promise((resolve) => resolve(client.destroy())).catch(() => {});
}

async function subscriberLike(model: Client): Promise<Subscriber> {
  const socket = { ...model.options.socket, reconnectStrategy: false };
  const client = model.duplicate({ disableOfflineQueue: false, socket });
  const ended = new Promise<void>((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
  });
  await opened(client);
  return {
    ended,
    end: () => destroy(client),
    ping: () => client.sendCommand(['PING'], COMMAND),
    subscribe: (channel, onMessage) => answered(client.subscribe(channel, onMessage), ANSWER_TIMEOUT_MS),
  };
}

function isCluster(client: unknown): client is Cluster {
  return 'masters' in Object(client);
}

function isSentinel(client: unknown): client is Sentinel {
  return 'acquire' in Object(client);
}
