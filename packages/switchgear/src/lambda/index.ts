/** `switchgear/lambda`: breakers as good citizens of AWS Lambda. docs/lambda.md says how. */

export type { BatchResponse, ConsumerOptions, RecordHandler } from './batch.ts';
export { currentInvocation, type Invocation } from './invocation.ts';
export { invocationDeadline } from './invocation-deadline.ts';
export type { LambdaContext } from './lambda-context.ts';
export type { LifecycleOptions } from './lifecycle.ts';
export { type SqsConsumerOptions, type SqsRecord, sqsConsumer } from './sqs-consumer.ts';
export { type StreamRecord, streamConsumer } from './stream-consumer.ts';
export { type WithSwitchgearOptions, withSwitchgear } from './with-switchgear.ts';
