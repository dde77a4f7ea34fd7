/** The Lambda function: ships the orders of a queue, and leaves them in the queue while the carrier is away. */

import { type Clock, isSwitchgearError, type Store, Switchgear } from 'switchgear';
import { type SqsRecord, sqsConsumer, withSwitchgear } from 'switchgear/lambda';

export interface Surroundings {
  /** In Lambda: `new DynamoDBStore({ tableName: 'circuits' })`. */
  readonly store: Store;
  readonly carrier: string;
  /** In Lambda: leave it out. */
  readonly clock: Clock;
}

export function shipping({ store, carrier, clock }: Surroundings) {
  const gear = new Switchgear({ store, clock });
  gear.onStateChange(({ from, to, reason }) => console.log(`  circuit: ${from} to ${to} (${reason})`));
  // Never open for longer than a message stays invisible: one that comes again finds the circuit ready for a probe.
  const guard = gear.breaker('carrier', { timeout: '2s', resetTimeout: '30s', maxResetTimeout: '30s' });

  async function ship({ messageId, body }: SqsRecord, { signal }: { signal: AbortSignal }): Promise<void> {
    // A message may come twice, even if all goes well: the carrier knows by the key that it is the same parcel.
    const headers = { 'idempotency-key': messageId };
    const { status } = await fetch(`${carrier}/${body}`, { method: 'POST', headers, signal });
    if (status !== 201) throw Object.assign(new Error(`the carrier answers ${status}`), { status });
    console.log(`  ${body}: shipped`);
  }

  return withSwitchgear(
    sqsConsumer(ship, {
      guard,
      onFailure({ body }, error) {
        const tried = !isSwitchgearError(error, 'CIRCUIT_OPEN');
        console.log(`  ${body}: ${tried ? (error as Error).message : 'not tried, the circuit is open'}`);
      },
    }),
    { gear, clock },
  );
}
