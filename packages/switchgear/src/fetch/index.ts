/** `switchgear/fetch`: a `fetch` behind a circuit. */

export { FailedAnswer } from '../guard/failed-answer.ts';
export { guardedFetch } from './guarded-fetch.ts';
