/** What the store needs of Redis, whoever's client brings it. */

export interface RedisConnection {
  /** Number of the database that the keys lie in; 0 in a Cluster. */
  readonly database: number;
  /** What the client's owner puts before all keys. The client does not; the store does, before its channel too. */
  readonly keyPrefix?: string;
  /**
   * Sends one command to the node of `key`, at most once but for redirections; commands of one task travel together.
   * Rejects at once where the connection is lost and could not be restored.
   */
  send(key: string, command: readonly string[]): Promise<unknown>;
  /** Opens a connection for one subscription. */
  subscriber(): Promise<Subscriber>;
  /** Closes what `send` opened. */
  close(): Promise<void>;
}

/** A connection that can subscribe, used for one subscription and thrown away. */
export interface Subscriber {
  subscribe(channel: string, onMessage: (message: string) => void): Promise<unknown>;
  /** Resolves once the server has answered. */
  ping(): Promise<unknown>;
  /** Resolves when the connection is over. */
  readonly ended: Promise<void>;
  end(): void;
}
