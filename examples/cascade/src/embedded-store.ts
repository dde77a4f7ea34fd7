/** The store that the fleet shares: a DynamoDB-compatible server inside this process, on a free loopback port. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { createTable } from 'switchgear/dynamodb';
import { forget, now } from './note.ts';
import { listen, urlOf } from './services/http.ts';
import { LOCAL_CREDENTIALS } from './settings.ts';
import type { CircuitPlace } from './strategy.ts';

/** A request that reached the store, or, on the user's own, a verb that a payment process called. */
export interface StoreCall {
  readonly at: number;
  readonly write: boolean;
}

export interface EmbeddedStore {
  readonly place: CircuitPlace;
  /** Every request that reached the server since the table was there. */
  readonly calls: readonly StoreCall[];
  /** Forgets the requests before `beforeMs`. */
  forget(beforeMs: number): void;
  close(): void;
}

const TABLE = 'circuits';

export async function startEmbeddedStore(): Promise<EmbeddedStore> {
  const server = dynalite({ createTableMs: 0 });
  await listen(server, 0);
  const endpoint = urlOf(server);
  const client = new DynamoDBClient({ endpoint, region: 'local', credentials: LOCAL_CREDENTIALS });
  await createTable(client, { tableName: TABLE });
  client.destroy();

  const calls: StoreCall[] = [];
  server.prependListener('request', (request) => {
    const target = String(request.headers['x-amz-target'] ?? '');
    calls.push({ at: now(), write: target.endsWith('.UpdateItem') });
  });
  return {
    place: { kind: 'dynamodb', endpoint, tableName: TABLE },
    calls,
    forget: (beforeMs) => {
      forget(calls, (call) => call.at < beforeMs);
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
