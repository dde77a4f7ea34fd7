/** As much of the Amazon States Language (in JSONata) as the workflow speaks. */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Assignments = { readonly [variable: string]: Json };

export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: 'FULL' | 'NONE';
}

export interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly Next: string;
  readonly Assign?: Assignments;
  readonly Output?: Json;
}

interface Common {
  readonly Comment?: string;
  readonly Assign?: Assignments;
  readonly Output?: Json;
}

export interface Task extends Common {
  readonly Type: 'Task';
  readonly Resource: string;
  readonly Arguments: Json;
  readonly TimeoutSeconds?: number | string;
  readonly Retry?: readonly Retrier[];
  readonly Catch: readonly Catcher[];
  readonly Next?: string;
  readonly End?: true;
}

export interface Rule {
  readonly Comment?: string;
  readonly Condition: string;
  readonly Next: string;
  readonly Assign?: Assignments;
}

export interface Choice extends Common {
  readonly Type: 'Choice';
  readonly Choices: readonly Rule[];
  readonly Default: string;
}

export interface Succeed extends Common {
  readonly Type: 'Succeed';
}

export interface Fail {
  readonly Type: 'Fail';
  readonly Comment?: string;
  readonly Error: string;
  readonly Cause: string;
}

export type State = Task | Choice | Succeed | Fail;

export interface StateMachine {
  readonly Comment: string;
  readonly QueryLanguage: 'JSONata';
  readonly StartAt: string;
  readonly TimeoutSeconds: number;
  readonly States: Readonly<Record<string, State>>;
}
