/** `switchgear/axios`: an adapter for `axios.create`. */

export { FailedAnswer } from '../guard/failed-answer.ts';
export { guardedAdapter } from './guarded-adapter.ts';
