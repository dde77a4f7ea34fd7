/** `switchgear/undici`: an interceptor for `dispatcher.compose`. */

export { guardedDispatch } from './guarded-dispatch.ts';
