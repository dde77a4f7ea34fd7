/**
 * One process of a fleet under test: calls the dependency again and again, through the built library's breaker. It says
 * over IPC what it saw since it was last asked, and dies with the test.
 *
 *     node caller.mjs <port of Redis> <URL of the dependency> <circuit> [<control API that is told of calls>]
 */

import { Redis } from 'ioredis';
import { CircuitOpenError, Switchgear } from 'switchgear';
import { RedisStore } from 'switchgear/redis';
import { reportTraffic } from 'switchgear/telemetry';

process.on('disconnect', () => process.exit());

const [redisPort, dependency, circuit, controlApi] = process.argv.slice(2);
const CALL_EVERY_MS = 20;

const gear = new Switchgear({
  store: new RedisStore({ client: new Redis(Number(redisPort), '127.0.0.1') }),
  cacheTtl: '1s',
  processId: `caller-${process.pid}`,
});
const breaker = gear.breaker(circuit, {
  failureThreshold: 3,
  failureRatio: 0.05,
  failureWindow: '10s',
  // The server reads once a second: the trip is to be seen before the next change.
  resetTimeout: '1200ms',
  backoff: 1,
  timeout: '1s',
});

if (controlApi) reportTraffic(gear, { to: controlApi, every: '1s' });

let seen = { admitted: 0, rejected: 0 };
async function call() {
  try {
    await breaker.execute(async ({ signal }) => {
      const response = await fetch(dependency, { signal });
      await response.arrayBuffer();
      if (!response.ok) throw Object.assign(new Error('failed'), { status: response.status });
    });
    seen.admitted++;
  } catch (error) {
    if (error instanceof CircuitOpenError) seen.rejected++;
    else seen.admitted++;
  }
}

setInterval(call, CALL_EVERY_MS);
process.on('message', () => {
  process.send(seen);
  seen = { admitted: 0, rejected: 0 };
});
await call();
process.send('ready');
