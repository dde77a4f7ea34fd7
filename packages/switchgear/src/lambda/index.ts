/** `switchgear/lambda`: breakers as good citizens of AWS Lambda. docs/lambda.md says how. */

export { currentInvocation, type Invocation } from './invocation.ts';
