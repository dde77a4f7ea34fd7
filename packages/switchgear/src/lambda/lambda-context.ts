/** What is used of Lambda's `context`. `Context` of `@types/aws-lambda` fits. */

export interface LambdaContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/** The context among a handler's arguments: the second, or behind the stream of a streaming handler. */
export function contextOf([, second, third]: readonly unknown[]): LambdaContext {
  for (const context of [second, third]) if (isContext(context)) return context;
  throw new TypeError('the handler was called without the context of Lambda');
}

function isContext(value: unknown): value is LambdaContext {
  return typeof (value as LambdaContext | undefined)?.getRemainingTimeInMillis === 'function';
}
