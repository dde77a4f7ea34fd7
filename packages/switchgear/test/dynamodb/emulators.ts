/** The two DynamoDBs that the tests run on, and stores on tables of their own. */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { inject } from 'vitest';
import {
  createTable,
  DynamoDBOperatorStore,
  type DynamoDBStoreOptions,
} from '../../src/store/dynamodb/index.ts';
import { SdkTransport } from '../../src/store/dynamodb/sdk-transport.ts';
import type { DynamoDBTransport } from '../../src/store/dynamodb/transport.ts';

export interface Emulator {
  readonly endpoint: string;
  stop(): Promise<void>;
}

export const EMULATORS: Readonly<Record<string, () => Promise<Emulator>>> = {
  'DynamoDB Local': async () => ({ endpoint: inject('dynamodbEndpoint'), stop: async () => {} }),
  dynalite: async () => {
    const server = dynalite({ createTableMs: 0 }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      stop: async () => {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      },
    };
  },
};

/** With a sort key and without. */
export const LAYOUTS = {
  'single table': {},
  'no sort key': { partitionKey: 'id', sortKey: null, keyPrefix: 'cb/', ttlAttribute: 'expires-at' },
} as const;

export type Layout = (typeof LAYOUTS)[keyof typeof LAYOUTS];

export function clientOf(endpoint: string): DynamoDBClient {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials });
}

/** A client, a table of `layout`, and stores on it that share a clock which can be moved on. */
export class Bed {
  readonly client: DynamoDBClient;
  readonly options: Layout & { readonly tableName: string };
  /** How far store and processes are ahead of the machine, milliseconds. */
  aheadMs = 0;
  readonly clock = {
    now: () => Date.now() + this.aheadMs,
    setTimer(run: () => void, ms: number) {
      const handle = setTimeout(run, ms);
      return { cancel: () => clearTimeout(handle) };
    },
  };

  private constructor(client: DynamoDBClient, options: Bed['options']) {
    this.client = client;
    this.options = options;
  }

  static async on(endpoint: string, layout: Layout): Promise<Bed> {
    const client = clientOf(endpoint);
    const options = { ...layout, tableName: `circuits-${crypto.randomUUID()}` };
    await createTable(client, options);
    return new Bed(client, options);
  }

  store(more: Partial<DynamoDBStoreOptions> = {}): DynamoDBOperatorStore {
    return new DynamoDBOperatorStore({
      ...this.options,
      transport: this.transport(),
      clock: this.clock,
      ...more,
    });
  }

  /** The SDK, with the service's clock moved on like the processes'. */
  transport(): DynamoDBTransport {
    const sdk = new SdkTransport({ client: this.client });
    return {
      region: () => sdk.region(),
      send: async (operation, input, sending) => {
        const { output, dateMs } = await sdk.send(operation, input, sending);
        return { output, dateMs: dateMs && dateMs + this.aheadMs };
      },
    };
  }

  close(): void {
    this.client.destroy();
  }
}
