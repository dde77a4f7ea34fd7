/** Logs and metrics of invocations that run side by side in one process: each line names its own. */

import { expect, test } from 'vitest';
import { MemoryStore, Switchgear } from '../../src/index.ts';
import { withSwitchgear } from '../../src/lambda/index.ts';
import { emfMetrics, type LogEntry, logTo } from '../../src/telemetry/index.ts';
import { FakeClock } from '../../src/testing/index.ts';

const quiet = () => {};

function rig() {
  const clock = new FakeClock();
  const gear = new Switchgear({ store: new MemoryStore({ clock }), clock, random: () => 0 });
  const entries: LogEntry[] = [];
  const keep = (entry: LogEntry) => void entries.push(entry);
  logTo(gear, { info: keep, warn: keep, error: keep }, { clock });
  const lines: Record<string, unknown>[] = [];
  const metrics = emfMetrics(gear, { clock, interval: false, write: (line) => lines.push(JSON.parse(line)) });
  const payments = gear.breaker('payments', { timeout: '1s', failureThreshold: 2 });
  const context = (awsRequestId: string) => ({ awsRequestId, getRemainingTimeInMillis: () => 30_000 });
  const handler = withSwitchgear(
    async ({ hangs }: { hangs?: boolean; correlationId?: string }) =>
      payments.execute(() => (hangs ? new Promise<string>(quiet) : 'well')),
    { gear, clock, atEnd: metrics.flush },
  );
  return { clock, entries, lines, handler, context };
}

test('lines have the correlation id of the invocation that made them, a timeout’s and a rejection’s too', async () => {
  const { clock, entries, handler, context } = rig();
  const first = handler({ hangs: true }, context('request-1')).catch(quiet);
  await clock.advance(500);
  const second = handler({ hangs: true, correlationId: 'order-7' }, context('request-2')).catch(quiet);
  await clock.advance(1_000);
  await Promise.all([first, second]);
  await handler({}, context('request-3')).catch(quiet);
  expect(entries.map(({ event, correlationId }) => [event, correlationId])).toEqual([
    ['circuit-changed', 'order-7'],
    ['calls-rejected', 'request-3'],
  ]);
});

test('an invocation ends with one line of metrics, in which its own calls are', async () => {
  const { lines, handler, context } = rig();
  await handler({}, context('request-1'));
  await handler({}, context('request-2'));
  expect(lines).toMatchObject([
    { circuit: 'payments', Success: 1, Failure: 0 },
    { circuit: 'payments', Success: 1, Failure: 0 },
  ]);
});
