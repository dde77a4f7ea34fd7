/** A queue, a function that ships its orders, and a carrier that is down for a while. */

import { MemoryStore, systemClock } from 'switchgear';
import { shipping } from './function.ts';
import { Queue } from './queue.ts';
import { startCarrier } from './stand-in.ts';

// Nobody watches for minutes: the clock of this demo can be set forward.
let aheadMs = 0;
const clock = { ...systemClock, now: () => Date.now() + aheadMs };

const carrier = await startCarrier();
// A message may come again for as long as the longest outage to be survived: here 5 × 1 minute.
const queue = new Queue(clock, { visibilityTimeoutMs: 60_000, maxReceiveCount: 5 });
const handler = shipping({ store: new MemoryStore({ clock }), carrier: carrier.url, clock });

console.log('All is well:');
for (const order of ['order-1', 'order-2', 'to-the-moon']) queue.send(order);
await queue.deliver(handler);

console.log(
  'The carrier is down. After three failures nothing is tried any more, and everything stays in the queue:',
);
carrier.down = true;
for (let n = 3; n <= 8; n++) queue.send(`order-${n}`);
await queue.deliver(handler);

console.log('A minute later all come again; one of them probes:');
aheadMs += 60_000;
await queue.deliver(handler);

console.log('Another minute later the carrier is back:');
carrier.down = false;
aheadMs += 60_000;
await queue.deliver(handler);

console.log('What the carrier refuses is no outage, and ends among the dead letters:');
while (queue.length > 0) {
  aheadMs += 60_000;
  await queue.deliver(handler);
}

console.log(
  `shipped ${carrier.parcels.size} orders with ${carrier.asked} calls; dead letters: ${queue.deadLetters}`,
);
carrier.stop();
