/** Books payments, with the library: the breaker `ledger` is that of the whole fleet. */

import { type Breaker, Switchgear } from 'switchgear';
import { createStore, optionsFromEnv } from 'switchgear/config';
import { withSwitchgear } from 'switchgear/lambda';
import { aws, type Cloud } from './cloud.ts';
import type { Entry } from './ledger.ts';

export function payment(ledger: Breaker, functionName: string, cloud: Cloud) {
  return (entry: Entry): Promise<unknown> => ledger.execute(() => cloud.invoke(functionName, entry));
}

const { options, store = 'memory:' } = optionsFromEnv();
const gear = new Switchgear({ ...options, store: await createStore(store) });

export const handler = withSwitchgear(payment(gear.breaker('ledger'), process.env.LEDGER ?? '', aws), {
  gear,
});
