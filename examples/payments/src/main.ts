/** Payments: two failures open the circuit for 30 seconds. No retry: a charge may be done once. */

import { isSwitchgearError, MemoryStore, Switchgear, systemClock } from 'switchgear';
import { guardedFetch } from 'switchgear/fetch';
import { startProvider } from './stand-in.ts';

const provider = await startProvider();

// Nobody watches for 90 seconds: the clock of this demo can be set forward.
let aheadMs = 0;
const clock = { ...systemClock, now: () => Date.now() + aheadMs };

// A fleet would share a store: new DynamoDBStore({ tableName: 'circuits' }).
const gear = new Switchgear({ store: new MemoryStore({ clock }), clock });
const breaker = gear.breaker('payments', {
  failureThreshold: 2,
  resetTimeout: '30s',
  timeout: '2s',
  jitter: 0, // so that this demo prints the same every time; leave it out
});
const pay = guardedFetch(breaker);

gear.onStateChange(({ from, to, reason }) => console.log(`  circuit: ${from} to ${to} (${reason})`));

async function charge(card: string): Promise<void> {
  try {
    const { status } = await pay(`${provider.url}/${card}`, { method: 'POST' });
    console.log(`  ${card}: HTTP ${status}`);
  } catch (error) {
    if (!isSwitchgearError(error, 'CIRCUIT_OPEN')) throw error;
    console.log(`  ${card}: not charged, ask again in ${Math.ceil(error.retryAfterMs / 1_000)} s`);
  }
  // What the store has to say of it; a process that goes on need not wait.
  await gear.flush();
}

console.log('A declined card is an answer, not a failure:');
for (const card of ['card-1', 'expired-card', 'expired-card', 'expired-card']) await charge(card);

console.log('Two failures are enough; who comes later is not kept waiting:');
provider.overloaded = true;
for (const card of ['card-2', 'card-3', 'card-4', 'card-5']) await charge(card);

console.log('30 s later one charge probes; the provider is still down, the next wait is twice as long:');
aheadMs += 30_000;
for (const card of ['card-6', 'card-7']) await charge(card);

console.log('Another 60 s later it is back:');
provider.overloaded = false;
aheadMs += 60_000;
for (const card of ['card-8', 'card-9']) await charge(card);

console.log(`the provider was asked ${provider.asked} times and charged ${provider.charged} cards`);
provider.stop();
