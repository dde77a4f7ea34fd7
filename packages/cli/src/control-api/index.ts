/** `@switchgear/cli/control-api`: a fleet's circuits over HTTP. */

export { type Authenticate, bearerTokens, type Caller, MIN_TOKEN_LENGTH, type Role } from './access.ts';
export type { Audit, AuditEntry } from './audit.ts';
export { type ControlApi, type ControlApiOptions, createControlApi } from './create-control-api.ts';
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
  TrafficReport,
} from './schemas.ts';
