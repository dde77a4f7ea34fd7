/** What is used of Lambda's `context`. `Context` of `@types/aws-lambda` fits. */

export interface LambdaContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

export function isContext(value: unknown): value is LambdaContext {
  return typeof (value as LambdaContext | undefined)?.getRemainingTimeInMillis === 'function';
}
