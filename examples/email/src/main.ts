/** E-mail over three providers: each behind its own circuit, asked in this order, passed over while its circuit is open. */

import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryStore, Switchgear } from 'switchgear';
import { failover } from 'switchgear/guard';
import { startProvider } from './stand-in.ts';

const providers = [
  await startProvider('ses', 'well'),
  await startProvider('sendgrid', 'well'),
  await startProvider('mailgun', 'well'),
];
const [ses, sendgrid] = providers;

// A fleet would share a store: new DynamoDBStore({ tableName: 'circuits' }).
const gear = new Switchgear({
  store: new MemoryStore(),
  defaults: { failureThreshold: 2, resetTimeout: '500ms', timeout: '1s' },
});

const send = failover(
  providers.map(({ name, url }) => ({
    guard: gear.breaker(name),
    call: async (mail: string, { signal }) => {
      const response = await fetch(url, { method: 'POST', body: mail, signal });
      // What is thrown decides: 5xx and 429 go to the next provider, a 400 goes to the caller.
      if (!response.ok)
        throw Object.assign(new Error(`HTTP ${response.status}`), { status: response.status });
      return name;
    },
  })),
);

let sent = 0;
async function sendSome(mails: number): Promise<void> {
  for (let i = 0; i < mails; i++) {
    const mail = `mail ${++sent}`;
    console.log(`  ${mail} by ${await send(mail)}`);
  }
  console.log(`  (${providers.map(({ name }) => `${name}: ${gear.breaker(name).state.state}`).join(', ')})`);
}

console.log('All are well:');
await sendSome(2);

console.log('ses answers 503, sendgrid breaks connections:');
if (ses) ses.condition = 'overloaded';
if (sendgrid) sendgrid.condition = 'broken';
await sendSome(4);

console.log('ses is back; its circuit finds out with one mail:');
if (ses) ses.condition = 'well';
await sleep(gear.breaker('ses').state.retryAfterMs + 1);
await sendSome(2);

for (const { name, asked, delivered } of providers)
  console.log(`${name} was asked ${asked} times and delivered ${delivered.length}`);
console.log(`${sent} mails sent, ${new Set(providers.flatMap(({ delivered }) => delivered)).size} delivered`);
for (const provider of providers) provider.stop();
