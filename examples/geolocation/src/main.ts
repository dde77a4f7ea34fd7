/** Where a visitor comes from: an answer of an hour ago is better than none, and none is better than a page that hangs. */

import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryStore, Switchgear } from 'switchgear';
import { fallback, lastGoodAnswer } from 'switchgear/guard';
import { startService } from './stand-in.ts';

const service = await startService();

// A fleet would share a store: new DynamoDBStore({ tableName: 'circuits' }).
const gear = new Switchgear({ store: new MemoryStore() });
const breaker = gear.breaker('geolocation', {
  timeout: '300ms',
  resetTimeout: '400ms',
  guards: [fallback('somewhere'), lastGoodAnswer({ maxAge: '1h' })],
});

/** The service itself. Rejects where it has no answer. */
async function ask(ip: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(`${service.url}/${ip}`, { signal });
  if (!response.ok) throw Object.assign(new Error(`HTTP ${response.status}`), { status: response.status });
  return ((await response.json()) as { country: string }).country;
}

const countryOf = (ip: string) => breaker.execute(({ signal }) => ask(ip, signal), { key: ip });

async function visit(...ips: string[]): Promise<void> {
  const before = service.asked;
  for (const ip of ips) console.log(`  ${ip} is in ${await countryOf(ip)}`);
  console.log(
    `  (the service was asked ${service.asked - before} times; the circuit is ${breaker.state.state})`,
  );
}

console.log('The service is well:');
await visit('193.136.1.1', '200.144.1.1');

console.log('It hangs. Three visitors wait 300 ms each, then nobody waits:');
service.hangs = true;
await visit('193.136.1.1', '200.144.1.1', '196.3.1.1', '193.136.1.1', '200.144.1.1', '196.3.1.1');

console.log('It is back. The next visitor after the open time is the probe:');
service.hangs = false;
await sleep(breaker.state.retryAfterMs + 1);
await visit('196.3.1.1', '196.3.1.1');

service.stop();
