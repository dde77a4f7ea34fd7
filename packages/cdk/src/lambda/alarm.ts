/** Handles `CloudWatch Alarm State Change` events: an alarm opens a circuit, its return to OK lets a probe decide. */

import type { OperatorStore } from 'switchgear';
import { type AlarmRules, overrideFor } from './alarm-event.ts';
import { required, storeFromEnv } from './environment.ts';

export interface AlarmOptions extends AlarmRules {
  readonly store: OperatorStore;
  readonly circuit: string;
}

/** Others who may act while an event is heeded, before it is given up: EventBridge brings it again. */
const MAX_RACES = 10;

/**
 * Heeds one event. Rejects where the store fails, so that EventBridge brings the event again.
 * Cost: one consistent read; a change costs what an operator's override does. Where an operator or another event comes in
 * between, it is decided anew upon what they did.
 */
export async function heedAlarm(
  event: unknown,
  { store, circuit, ...rules }: AlarmOptions,
): Promise<'changed' | 'nothing'> {
  for (let race = 0; race < MAX_RACES; race++) {
    const [record] = await store.load([circuit], () => ({ bucketMs: 6_000, buckets: 10 }), {
      consistent: true,
    });
    const request = record && overrideFor(event, record, store.now() ?? Date.now(), rules);
    if (!request) return 'nothing';
    if ((await store.override(circuit, request)).accepted) return 'changed';
  }
  throw new Error(`circuit "${circuit}": others acted ${MAX_RACES} times while an alarm was heeded`);
}

let store: Promise<OperatorStore> | undefined;

export async function handler(event: unknown): Promise<'changed' | 'nothing'> {
  store ??= storeFromEnv();
  return heedAlarm(event, {
    store: await store,
    circuit: required('CIRCUIT'),
    maxOpenMs: Number(required('MAX_OPEN_MS')),
    recoverAfterMs: Number(required('RECOVER_AFTER_MS')),
  });
}
