/** `switchgear/testing`: hold a store to its contract, move time by hand, make a store fail on command. */

export type { Case, MakeStore, Rig } from './conformance/case.ts';
export { conformance } from './conformance/index.ts';
export { FakeClock } from './fake-clock.ts';
export {
  type Answer,
  type Call,
  type Fault,
  FaultyStore,
  first,
  hangs,
  late,
  losesReply,
  stale,
  throttles,
  throws,
  type Verb,
} from './faulty-store.ts';
