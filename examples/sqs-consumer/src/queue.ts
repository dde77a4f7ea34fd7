/**
 * As much of SQS and of Lambda's event source mapping as this takes: a message that was received is invisible for a while,
 * is deleted when the function did it, and is put aside when it was received too often.
 */

import type { Clock } from 'switchgear';
import type { BatchResponse, LambdaContext, SqsRecord } from 'switchgear/lambda';

interface Waiting {
  readonly record: SqsRecord;
  visibleAtMs: number;
  receives: number;
}

export interface QueueSettings {
  readonly visibilityTimeoutMs: number;
  readonly maxReceiveCount: number;
}

export class Queue {
  /** What was received `maxReceiveCount` times and not done. */
  readonly deadLetters: string[] = [];
  readonly #clock: Clock;
  readonly #settings: QueueSettings;
  #waiting: Waiting[] = [];
  #sent = 0;

  constructor(clock: Clock, settings: QueueSettings) {
    this.#clock = clock;
    this.#settings = settings;
  }

  get length(): number {
    return this.#waiting.length;
  }

  send(body: string): void {
    const eventSourceARN = 'arn:aws:sqs:eu-central-1:123456789012:orders';
    const record = { messageId: `message-${++this.#sent}`, body, eventSourceARN, attributes: {} };
    this.#waiting.push({ record, visibleAtMs: 0, receives: 0 });
  }

  /** Hands everything that is visible to the function, as one batch; deletes what its response does not name. */
  async deliver(
    handler: (event: { Records: SqsRecord[] }, context: LambdaContext) => Promise<BatchResponse>,
  ): Promise<void> {
    const batch = this.#receive();
    if (batch.length === 0) return;
    const endsAtMs = this.#clock.now() + 30_000;
    const context = {
      awsRequestId: crypto.randomUUID(),
      getRemainingTimeInMillis: () => endsAtMs - this.#clock.now(),
    };
    const { batchItemFailures } = await handler({ Records: batch.map(({ record }) => record) }, context);
    const undone = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const done = new Set(batch.filter(({ record }) => !undone.has(record.messageId)));
    this.#waiting = this.#waiting.filter((message) => !done.has(message));
  }

  #receive(): Waiting[] {
    const nowMs = this.#clock.now();
    const { visibilityTimeoutMs, maxReceiveCount } = this.#settings;
    const visible = this.#waiting.filter(({ visibleAtMs }) => visibleAtMs <= nowMs);
    const worn = new Set(visible.filter(({ receives }) => receives >= maxReceiveCount));
    this.#waiting = this.#waiting.filter((message) => !worn.has(message));
    this.deadLetters.push(...[...worn].map(({ record }) => record.body));
    const batch = visible.filter((message) => !worn.has(message));
    for (const message of batch) {
      message.visibleAtMs = nowMs + visibilityTimeoutMs;
      message.receives++;
    }
    return batch;
  }
}
