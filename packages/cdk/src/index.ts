/** `@switchgear/cdk`: a fleet's circuits as parts of an AWS stack. */

export { CircuitDashboard, type CircuitDashboardProps } from './circuit-dashboard.ts';
export { ControlApi, type ControlApiProps } from './control-api/control-api.ts';
export { AlarmTrip, type AlarmTripProps } from './health-check/alarm-trip.ts';
export { HealthCheck, type HealthCheckProps } from './health-check/health-check.ts';
export { BUNDLING } from './library-function.ts';
export { CircuitBreakerLayer } from './library-layer.ts';
export {
  CircuitNotifications,
  type CircuitNotificationsProps,
} from './notifications/circuit-notifications.ts';
export { type ProtectOptions, protect } from './protect.ts';
export {
  CircuitBreakerTable,
  type CircuitBreakerTableProps,
  type GrantOptions,
} from './table/circuit-breaker-table.ts';
export type { CircuitLayout } from './table/layout.ts';
export type { StateMachine as StateMachineDefinition } from './workflow/asl.ts';
export {
  CircuitBreakerWorkflow,
  type CircuitBreakerWorkflowProps,
} from './workflow/circuit-breaker-workflow.ts';
export { type WorkflowDefinitionProps, workflowDefinition } from './workflow/definition.ts';
export type { WorkflowPolicy } from './workflow/policy.ts';
export type { WorkflowRetry } from './workflow/retry.ts';
export { templateFiles } from './workflow/templates.ts';
