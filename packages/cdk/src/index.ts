/** `@switchgear/cdk`: a fleet's circuits as parts of an AWS stack. */

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
export {
  type WorkflowDefinitionProps,
  type WorkflowRetry,
  workflowDefinition,
} from './workflow/definition.ts';
export type { WorkflowPolicy } from './workflow/policy.ts';
export { templateFiles } from './workflow/templates.ts';
