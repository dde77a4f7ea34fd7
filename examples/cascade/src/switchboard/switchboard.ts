/** After the play: the shared fleet goes on under load, the switchboard shows it, and the user has the lever. */

import type { Server } from 'node:http';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createAdaptorServer } from '@hono/node-server';
import { createControlApi } from '@switchgear/cli/control-api';
import { createStore } from 'switchgear/config';
import { DynamoDBOperatorStore } from 'switchgear/dynamodb';
import { Operator, type OperatorStore } from 'switchgear/operate';
import { startEmbeddedStore } from '../embedded-store.ts';
import { now } from '../note.ts';
import type { Options } from '../options.ts';
import { listen, urlOf } from '../services/http.ts';
import { BREAKER, LOCAL_CREDENTIALS } from '../settings.ts';
import { Stage } from '../stage.ts';
import { type CircuitPlace, circuitAt } from '../strategy.ts';
import { withLever } from './lever.ts';
import { trafficOf } from './traffic.ts';

/** As documented; where somebody else has it, any other. */
const PORT = 4280;
/** How much of the past is kept, and how often the rest is forgotten. */
const MEMORY_MS = 60_000;
const FORGET_MS = 5_000;

export interface Switchboard {
  readonly url: string;
  readonly stage: Stage;
  /** Rejects if one of the processes ends before its time. */
  readonly broken: Promise<never>;
}

/** Serves the switchboard on the loopback interface. Everything lives as long as this process. */
export async function openSwitchboard(options: Options): Promise<Switchboard> {
  const embedded = options.store === undefined ? await startEmbeddedStore() : undefined;
  const stage = await Stage.raise('shared', options, embedded);
  const circuit = circuitAt(stage.place);
  const store = await operatorStoreAt(stage.place, options.store);
  // Brings the circuit onto the board before its first failure, with the window that its processes count in.
  const [record] = await store.load([circuit], () => ({ bucketMs: 1_000, buckets: 10 }));
  if (record) await store.report(record, {});
  // What the what-if begins with.
  const { timeout: _, isFailure: __, maxConcurrent: ___, ...policy } = BREAKER;
  await new Operator({ store, by: 'demo' }).setPolicy(circuit, policy, { reason: 'short times, to watch' });

  const traffic = trafficOf(stage.log);
  const api = createControlApi({ store, samples: () => ({ [circuit]: traffic() }), audit: () => {} });
  const server = createAdaptorServer({ fetch: withLever(api, stage) }) as Server;
  await listen(server, PORT).catch(() => listen(server, 0));

  await stage.load();
  await stage.ledger('healthy', 'healthy');
  setInterval(() => {
    stage.forget(now() - MEMORY_MS);
    embedded?.forget(now() - MEMORY_MS);
  }, FORGET_MS);
  return { url: urlOf(server), stage, broken: stage.broken() };
}

function operatorStoreAt(place: CircuitPlace, address = ''): OperatorStore | Promise<OperatorStore> {
  if (place.kind !== 'dynamodb') return createStore(address);
  const client = new DynamoDBClient({
    endpoint: place.endpoint,
    region: 'local',
    credentials: LOCAL_CREDENTIALS,
  });
  return new DynamoDBOperatorStore({ tableName: place.tableName, client });
}
