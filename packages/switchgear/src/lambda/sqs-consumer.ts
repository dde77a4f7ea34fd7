/** A consumer of an SQS queue that leaves in the queue what it could not do. */

import { readGuardOptions } from '../guard/guard-options.ts';
import type { OptionSpec } from '../options.ts';
import {
  type BatchResponse,
  batchHandler,
  batchResponse,
  type ConsumerOptions,
  type RecordHandler,
} from './batch.ts';

/** What is used of a message, and what most handlers need. `SQSRecord` of `@types/aws-lambda` fits. */
export interface SqsRecord {
  readonly messageId: string;
  readonly body: string;
  readonly eventSourceARN: string;
  readonly attributes: { readonly MessageGroupId?: string | undefined };
}

export interface SqsConsumerOptions<Record> extends ConsumerOptions<Record> {
  /** Messages at the same time, 1 to 1000; of a FIFO queue: groups. Default 1. */
  readonly concurrency?: number;
}

const TABLE: Record<'concurrency', OptionSpec> = {
  concurrency: { kind: 'integer', default: 1, min: 1, max: 1_000 },
};

/**
 * A handler for the messages of a queue. A message counts as done when `handle` has returned; one that failed, or was not
 * tried because the circuit is open or the invocation's time is over, is named in the response and comes again. In a FIFO queue
 * everything behind it in its message group comes again too, untried.
 *
 * Needs `ReportBatchItemFailures` in the event source mapping: without it, Lambda takes every message of the batch for done.
 * Put `withSwitchgear` around it, or it knows no deadline. Store calls are those of the guard.
 *
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) for options that are wrong; the handler itself throws only for events that
 * are not of SQS.
 * @example
 * export const handler = withSwitchgear(sqsConsumer(ship, { guard: gear.breaker('carrier') }), { gear });
 */
export function sqsConsumer<Message extends SqsRecord = SqsRecord>(
  handle: RecordHandler<Message>,
  options: SqsConsumerOptions<Message> = {},
): (event: { readonly Records: readonly Message[] }) => Promise<BatchResponse> {
  const { guard, onFailure, ...rest } = options;
  const { concurrency } = readGuardOptions<{ concurrency: number }>('sqsConsumer', TABLE, rest);
  const handleBatch = batchHandler(handle, guard, onFailure);
  return async ({ Records: messages }) => {
    const undone = await handleBatch(lanesOf(messages), concurrency);
    return batchResponse([...undone].map(({ messageId }) => messageId));
  };
}

/** What must keep its order goes one after the other: in a FIFO queue, each message group. */
function lanesOf<Message extends SqsRecord>(messages: readonly Message[]): Message[][] {
  const lanes = new Map<unknown, Message[]>();
  for (const message of messages) {
    // A standard queue may have groups too, for fairness, and no order.
    const fifo = message.eventSourceARN.endsWith('.fifo');
    const key = fifo ? message.attributes.MessageGroupId : message;
    const lane = lanes.get(key);
    if (lane) lane.push(message);
    else lanes.set(key, [message]);
  }
  return [...lanes.values()];
}
