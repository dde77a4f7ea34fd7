/** Handles `CloudWatch Alarm State Change` events: an alarm opens a circuit, its return to OK lets a probe decide. */

import type { OperatorStore } from 'switchgear';
import { type AlarmRules, overrideFor } from './alarm-event.ts';
import { required, storeFromEnv } from './environment.ts';

export interface AlarmOptions extends AlarmRules {
  readonly store: OperatorStore;
  readonly circuit: string;
}

/**
 * Heeds one event. Rejects where the store fails, so that EventBridge brings the event again.
 * Cost: one consistent read; a change costs what an operator's override does. Of two events at once the newer one holds, or
 * both are heeded in the order in which they came.
 */
export async function heedAlarm(
  event: unknown,
  { store, circuit, ...rules }: AlarmOptions,
): Promise<'changed' | 'nothing'> {
  const [record] = await store.load([circuit], () => ({ bucketMs: 6_000, buckets: 10 }), {
    consistent: true,
  });
  const request = record && overrideFor(event, record, store.now() ?? Date.now(), rules);
  if (!request) return 'nothing';
  const { accepted } = await store.override(circuit, request);
  return accepted ? 'changed' : 'nothing';
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
