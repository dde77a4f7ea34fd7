/** What stands between payment and the ledger: nothing but a timeout, or a breaker. All of Switchgear in the demo is here. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CircuitOpenError, MemoryStore, type Store, Switchgear } from 'switchgear';
import { DynamoDBStore } from 'switchgear/dynamodb';
import { ownStore } from '../own-store.ts';
import { BREAKER, CACHE_TTL_MS, LOCAL_CREDENTIALS, TIMEOUT_MS } from '../settings.ts';
import { type CircuitPlace, circuitAt } from '../strategy.ts';
import { takeStoreCall } from './child.ts';

export interface Guard {
  call(work: (signal: AbortSignal) => Promise<number>): Promise<number>;
  /** Milliseconds to wait where `error` says that the breaker did not make the call, else `undefined`. */
  retryAfterMs(error: unknown): number | undefined;
  state(): string;
  close(): Promise<void>;
}

export async function guardAt(place: CircuitPlace): Promise<Guard> {
  return place.kind === 'nowhere' ? justATimeout() : breakerAt(place);
}

/** The same timeout as with a breaker, so that the runs differ in the breaker alone. */
function justATimeout(): Guard {
  return {
    call: (work) => work(AbortSignal.timeout(TIMEOUT_MS)),
    retryAfterMs: () => undefined,
    state: () => '–',
    close: async () => {},
  };
}

async function breakerAt(place: Exclude<CircuitPlace, { kind: 'nowhere' }>): Promise<Guard> {
  const gear = new Switchgear({
    store: await storeAt(place),
    cacheTtl: CACHE_TTL_MS,
    processId: `payment-${process.pid}`,
  });
  const ledger = gear.breaker(circuitAt(place), BREAKER);
  return {
    call: (work) => ledger.execute(({ signal }) => work(signal)),
    retryAfterMs: (error) => (error instanceof CircuitOpenError ? error.retryAfterMs : undefined),
    state: () => ledger.state.state,
    close: () => gear.close(),
  };
}

function storeAt(place: Exclude<CircuitPlace, { kind: 'nowhere' }>): Store | Promise<Store> {
  if (place.kind === 'memory') return new MemoryStore();
  if (place.kind === 'own') return ownStore(takeStoreCall);
  const client = new DynamoDBClient({
    endpoint: place.endpoint,
    region: 'local',
    credentials: LOCAL_CREDENTIALS,
  });
  return new DynamoDBStore({ tableName: place.tableName, client });
}
