/** `switchgear/middy`: what `switchgear/lambda` does, as a middleware. docs/lambda.md says how. */

export { type MiddlewareOptions, switchgear } from './switchgear-middleware.ts';
