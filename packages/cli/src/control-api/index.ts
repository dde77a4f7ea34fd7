/** `@switchgear/cli/control-api`: a fleet's circuits over HTTP. */

export type {
  Circuit,
  Circuits,
  Health,
  History,
  HistoryEntry,
  Outage,
  OverrideRequest,
  PolicyRequest,
  Problem,
  Sample,
  SampleCounts,
  Samples,
} from './schemas.ts';
