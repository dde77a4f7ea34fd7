/** A consumer of a Kinesis or DynamoDB stream that stops at the first record that it could not do. */

import { readGuardOptions } from '../guard/guard-options.ts';
import {
  type BatchResponse,
  batchHandler,
  batchResponse,
  type ConsumerOptions,
  type RecordHandler,
} from './batch.ts';

/** What is used of a record. `KinesisStreamRecord` and `DynamoDBRecord` of `@types/aws-lambda` fit. */
export type StreamRecord =
  | { readonly kinesis: { readonly sequenceNumber: string } }
  | { readonly dynamodb?: { readonly SequenceNumber?: string | undefined } | undefined };

/**
 * A handler for the records of a Kinesis or DynamoDB stream, one after the other. At the first that failed, or was not tried
 * because the circuit is open or the invocation's time is over, it stops: the response names that one, and Lambda sends it and
 * everything behind it again. What is before it is done.
 *
 * Needs `ReportBatchItemFailures` in the event source mapping: without it, Lambda takes the whole batch for done. Put
 * `withSwitchgear` around it, or it knows no deadline. Store calls are those of the guard.
 *
 * @throws ConfigurationError (`INVALID_CONFIGURATION`) for options that there are not; the handler itself where a record has no
 * sequence number: then the whole batch comes again.
 * @example
 * export const handler = withSwitchgear(streamConsumer(index, { guard: gear.breaker('search') }), { gear });
 */
export function streamConsumer<Entry extends StreamRecord>(
  handle: RecordHandler<Entry>,
  options: ConsumerOptions<Entry> = {},
): (event: { readonly Records: readonly Entry[] }) => Promise<BatchResponse> {
  const { guard, onFailure, ...rest } = options;
  readGuardOptions('streamConsumer', {}, rest);
  const handleBatch = batchHandler(handle, guard, onFailure);
  return async ({ Records: records }) => {
    const undone = await handleBatch([records], 1);
    const first = records.find((record) => undone.has(record));
    return batchResponse(first ? [sequenceNumberOf(first)] : []);
  };
}

function sequenceNumberOf(record: StreamRecord): string {
  const number = 'kinesis' in record ? record.kinesis.sequenceNumber : record.dynamodb?.SequenceNumber;
  // A response that names nothing would mark everything done.
  if (!number) throw new TypeError('a record of the stream has no sequence number');
  return number;
}
